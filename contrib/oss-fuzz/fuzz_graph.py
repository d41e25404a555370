"""Fuzz the reading of network files (ONNX)."""

from benchmarks.torture.fuzz_learning import learn

if __name__ == "__main__":
    learn("graph")
