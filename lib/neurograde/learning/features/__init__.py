"""What the frozen part of a network makes of samples: computed once, for every session of every grid."""
