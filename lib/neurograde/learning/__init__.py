"""Torch: from samples to trained sessions and their outputs.

networks/   backbones, heads, initial weights, and where a network is cut into frozen and trained parts
losses/     the training losses, and what some of them need beside the logits
data/       samples and the tensors that networks take
features/   outputs of frozen trunks, computed once and kept in the store
engines/    two trainers of one shard: plain, the readable reference, and stacked, which trains many sessions at once
run/        one shard from claim to manifest: attempts, checkpoints, results
inference/  outputs of trained sessions, grades of new images, Grad-CAM
export/     a chosen session as ONNX and as a state dict
"""

from __future__ import annotations

import os

# Before the first product: without it, on some processors (AMD EPYC) MKL adds up in an order that depends on where in
# memory its operands lie, so that a sample's features would depend on its place in the batch. It costs no speed there.
os.environ.setdefault("MKL_CBWR", "AUTO")
