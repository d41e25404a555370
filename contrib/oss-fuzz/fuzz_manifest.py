"""Fuzz the reading of manifests of output folders."""

from benchmarks.torture.fuzz_learning import learn

if __name__ == "__main__":
    learn("manifest")
