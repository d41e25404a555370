"""Fuzz the reading of JSON and YAML from outside."""

from benchmarks.torture.fuzz_learning import learn

if __name__ == "__main__":
    learn("texts")
