"""Fuzz what reads network files (ONNX)."""

from fuzz_learning import learn

if __name__ == "__main__":
    learn("graph")
