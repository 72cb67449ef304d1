"""Layers of a stack, one file per kind: every parameter with a leading member axis, forward and backward by hand."""
