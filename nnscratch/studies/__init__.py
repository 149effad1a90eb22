"""Studies: one file per failure mode, with variants, measurements and claims."""
