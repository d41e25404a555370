"""Files that are whole and whose numbers, operators and links are others: what is foretold is what comes to be."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnxruntime
import pytest
import torch

from docsr.pool import run_in_processes
from docsr.upscalers.graph import Graph, GraphError, SizeError, WireError
from tests.upscalers.graph.files import restructured
from tests.upscalers.graph.test_graph import skeleton
from tests.upscalers.graph.test_others import NETWORKS, exported

SIZES = [(47, 37), (64, 64)]
OTHERS = 60
FEW = 12
"""Of each network by default."""

REFUSED, FAILED, AGREE, DISAGREE, ENDED = "refused", "failed", "agree", "disagree", "ended its process"


def judged(path: Path) -> str:
    """What becomes of a file, in a process of its own: ONNX Runtime may do anything."""
    try:
        graph = Graph(path.read_bytes())
        foretold = [graph.output_shape(*size) for size in SIZES]
    except (GraphError, SizeError, WireError):
        return REFUSED
    options = onnxruntime.SessionOptions()
    options.log_severity_level, options.intra_op_num_threads = 4, 1
    try:
        session = onnxruntime.InferenceSession(path.read_bytes(), options, providers=["CPUExecutionProvider"])
        name = session.get_inputs()[0].name
        made = [session.run(None, {name: np.ones((1, 1, *size), np.float32)})[0].shape for size in SIZES]
    except Exception:  # ONNX Runtime raises classes of its own that share no public base
        return FAILED
    return AGREE if made == foretold else DISAGREE


def ended(_path: Path) -> str:
    return ENDED


@pytest.mark.parametrize(
    ("seed", "others"), [(0, FEW), *(pytest.param(seed, OTHERS, marks=pytest.mark.slow) for seed in range(2))]
)
def test_what_is_foretold_comes_to_be(tmp_path: Path, seed: int, others: int) -> None:
    torch.manual_seed(0)
    contents = [skeleton(), *(exported(kind().eval(), tmp_path / "a", dynamo=False).read_bytes() for kind in NETWORKS)]
    paths = []
    for number, content in enumerate(contents):
        for place, other in enumerate(restructured(content, others, seed)):
            paths.append(tmp_path / f"{number}-{place}.onnx")
            paths[-1].write_bytes(other)
    found = dict(run_in_processes(judged, paths, jobs=1, on_crash=ended, limit=60))
    assert {one for one in found.values() if one not in {REFUSED, FAILED, AGREE}} == set()
    assert min(list(found.values()).count(one) for one in (REFUSED, AGREE)) > len(paths) / 5
