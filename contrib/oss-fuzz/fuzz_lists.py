"""Fuzz the reading of lists of inputs."""

from fuzz_learning import learn

if __name__ == "__main__":
    learn("lists")
