"""The viewer: grades of new images, and the mistakes of an evaluation, over the tissue at full resolution."""
