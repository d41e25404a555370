"""Fuzz the reading of names from outside."""

from benchmarks.torture.fuzz_learning import learn

if __name__ == "__main__":
    learn("names")
