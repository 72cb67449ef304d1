"""One shard on one machine, from claim to manifest."""
