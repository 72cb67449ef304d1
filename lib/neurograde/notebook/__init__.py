"""A store in a notebook: its tables as pandas DataFrames, its manifests and its figures; nothing is written."""
