"""Fuzz docsr's own checks of PNG, JPEG and JPEG 2000."""

from benchmarks.torture.fuzz_learning import learn

if __name__ == "__main__":
    learn("checks")
