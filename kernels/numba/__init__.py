"""The compiled backend: Numba kernels on a thread pool."""
