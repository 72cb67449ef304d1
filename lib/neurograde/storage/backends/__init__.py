"""Kinds of stores, one file each: their schemes, how they are opened, their errors, and URLs that hold credentials."""
