"""Raster files: pages out of them and into them."""
