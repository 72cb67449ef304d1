"""Pages that people look at while something goes on, served on loopback: review, watch."""
