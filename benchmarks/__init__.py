"""What runs on a machine cost there: run each as `python -m benchmarks.<name>`."""
