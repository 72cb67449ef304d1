"""Specs of jobs, the catalogue of jobs, and schemas of the records and result files that jobs write; no I/O."""
