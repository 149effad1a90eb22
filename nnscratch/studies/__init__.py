"""One file per failure mode: variants, measurements, claims."""
