"""What runs on a machine cost there: `python -m benchmarks NAME`, a module or package for each."""
