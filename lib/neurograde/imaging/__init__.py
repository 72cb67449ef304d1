"""Images cut into patches, accounted for and graded; their pixels are in `pixels/`."""
