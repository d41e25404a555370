"""Fuzz the reading of raster files of every format."""

from benchmarks.torture.fuzz_learning import learn

if __name__ == "__main__":
    learn("image")
