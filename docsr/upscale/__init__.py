"""The one way a page goes through an upscaler: tile by tile, in bands, compared with the page it came from."""
