"""One chapter of the page a file: chains in, a `Section` of blocks out."""
