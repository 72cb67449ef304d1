"""Pixels: files decoded, damage refused, slides read a region at a time, tissue told from glass, images painted."""
