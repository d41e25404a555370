"""PDF files: scans taken out and replaced, and pages as one sees them."""
