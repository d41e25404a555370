"""Enhance files: options, the plan of each page, one file's worker, its results, and many files in processes."""
