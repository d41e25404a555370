"""Fuzz the reading of network files (ONNX)."""

from fuzz_learning import learn

if __name__ == "__main__":
    learn("graph")
