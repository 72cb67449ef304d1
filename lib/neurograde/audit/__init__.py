"""Splits that others made: their lists and folders read as items in subsets, and audited; no torch.

roles     names of subsets and columns: `val` is valid, `case_id` a patient
tables    CSV, TSV and text into rows
lists     tables, JSON and NPZ into folds of items
folders   folders train, valid and test of images into a fold
sources   any of these, by what it is
audit     a fold's items into what the page shows
"""
