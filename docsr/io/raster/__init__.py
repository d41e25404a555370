"""Read and write pages in raster files."""
