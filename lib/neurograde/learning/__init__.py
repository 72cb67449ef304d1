"""torch: backbones, heads, samples, engines, and the driver that takes a shard from claim to manifest."""

from __future__ import annotations

import os

# Before the first product: without it, on some processors (AMD EPYC) MKL adds up in an order that depends on where in
# memory its operands lie, so that a sample's features would depend on its place in the batch. It costs no speed there.
os.environ.setdefault("MKL_CBWR", "AUTO")
