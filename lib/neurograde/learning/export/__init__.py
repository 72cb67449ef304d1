"""A chosen session taken out of the store: one graph from pixels to probabilities, and proof that it is the same."""
