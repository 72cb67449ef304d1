"""The page and the terminal view of a grid that is being trained."""
