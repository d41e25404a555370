"""Upscalers: interpolation and networks behind one call."""
