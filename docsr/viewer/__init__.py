"""Show pages before and after in one HTML file."""
