"""Pixels: reading images, cutting them on a grid, telling tissue from glass, and synthesising stand-ins."""
