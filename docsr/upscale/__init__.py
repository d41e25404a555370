"""Enlarge a page with an upscaler: tile by tile, in bands, checked against the page it came from."""
