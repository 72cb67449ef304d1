"""Networks: backbones, heads, initial weights, and the cut between frozen and trained layers."""
