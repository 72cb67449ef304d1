"""The stacked engine: the heads of many sessions trained at once, on features that are computed once."""
