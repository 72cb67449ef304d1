"""The engine of frozen trunks: the heads of many sessions trained at once, on features that were computed once."""
