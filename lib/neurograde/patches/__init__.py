"""Patches in the store: their pixels as PNG, packed arrays and samples, and look-alikes among them."""
