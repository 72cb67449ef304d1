"""The methods that the study measures itself against, one file each, under one contract (`method.py`)."""
