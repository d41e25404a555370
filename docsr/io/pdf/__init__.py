"""Handle PDF files: read and replace scans, and read pages as they are seen."""
