"""Engines that train the sessions of a shard, under one protocol."""
