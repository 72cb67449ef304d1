"""One kind of figure a file; each function takes plain values and returns a `Figure`."""
