"""torch: backbones, heads, samples, engines, and the driver that takes a shard from claim to manifest."""
