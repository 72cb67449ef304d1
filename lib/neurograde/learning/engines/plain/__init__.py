"""The plain engine: one session after the other; the reference that the stacked engine must equal."""
