"""The page on which a reviewer greys cells (§2.2.2, figure 2.2)."""
