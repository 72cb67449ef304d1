"""Objects in and out of a store: fsspec, and nothing that knows what the objects mean but the manifest."""
