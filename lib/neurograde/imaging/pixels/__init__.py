"""Pixels: files opened and decoded, damage refused, slides read a region at a time, tissue told from glass."""
