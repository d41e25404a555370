"""Files to files: what to do, the pages of one file, what became of them, and many files in worker processes."""
