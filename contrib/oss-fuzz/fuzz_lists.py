"""Fuzz the reading of lists of inputs."""

from benchmarks.torture.fuzz_learning import learn

if __name__ == "__main__":
    learn("lists")
