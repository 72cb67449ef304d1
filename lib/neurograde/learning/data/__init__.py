"""Samples of a data set, and the tensors that networks take."""
