"""Training losses (table 1.3), and the state that some of them need beside the logits."""
