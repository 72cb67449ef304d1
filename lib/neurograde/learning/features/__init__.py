"""Features: outputs of frozen trunks, computed once for every session of every grid."""
