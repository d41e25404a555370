"""Read and write files: find inputs, read pages, and write outputs that are either complete or absent."""
