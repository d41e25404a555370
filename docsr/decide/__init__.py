"""Measure the size of a page's text, and choose a factor and an upscaler from it."""
