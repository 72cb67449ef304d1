"""Kubernetes objects as plain data, rendered from the specs."""
