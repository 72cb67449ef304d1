"""The start page: from a folder of images to a first result, without a spec written by hand."""
