"""Fuzz the reading of PDF files."""

from benchmarks.torture.fuzz_learning import learn

if __name__ == "__main__":
    learn("pdf")
