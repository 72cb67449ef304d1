"""Numbers in, numbers out: NumPy and the standard library, SciPy where it solves."""
