"""Optimisers (table 1.4), one file each: torch's class for the plain engine and the same step on stacked parameters."""
