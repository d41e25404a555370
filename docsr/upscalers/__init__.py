"""Upscalers: interpolation and networks behind one call, and the one way a page goes through them."""
