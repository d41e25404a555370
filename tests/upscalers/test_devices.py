"""Execution providers: which is taken, and that what is there computes the same (`make test-openvino` has another)."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnxruntime
import pytest

from docsr.choices import DEVICES
from docsr.cli.enhance import enhance
from docsr.errors import UsageError
from docsr.page import Page
from docsr.upscale.page import upscale_page
from docsr.upscalers.devices import providers
from docsr.upscalers.onnx import OnnxUpscaler
from docsr.weights import catalogue
from tests.pairs import text_page
from tests.upscalers.onnx_files import conv_network

CPU, CUDA, TENSORRT, OPENVINO = (f"{name}ExecutionProvider" for name in ("CPU", "CUDA", "Tensorrt", "OpenVINO"))
NAMES = {"cpu": CPU, "cuda": CUDA, "tensorrt": TENSORRT, "openvino": OPENVINO}
THERE = [name for name, provider in NAMES.items() if provider in onnxruntime.get_available_providers()]
OTHERS = [name for name in THERE if name != "cpu"] or ["auto"]


@pytest.mark.slow_but_one_in(3)
@pytest.mark.parametrize("device", OTHERS)
@pytest.mark.parametrize("name", sorted(catalogue()))
def test_every_device_that_is_there_computes_the_same(name: str, device: str) -> None:
    page = Page(text_page(12, 300, 200)[0])
    results = [
        upscale_page(page, OnnxUpscaler(catalogue()[name].path, 1, where)).pixels.astype(int)
        for where in ("cpu", device, "auto")
    ]
    assert max(np.abs(result - results[0]).max() for result in results[1:]) <= 1


def test_the_command_knows_them_all() -> None:
    (option,) = (one for one in enhance.params if one.name == "device")
    assert tuple(option.type.choices) == DEVICES == ("auto", *NAMES)  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("there", "content", "expected"),
    [
        ([CPU], b"", CPU),
        ([CUDA, TENSORRT, OPENVINO, CPU], b"", CUDA),
        ([TENSORRT, CPU], b"", CPU),
        ([OPENVINO, CPU], b"", OPENVINO),
        ([OPENVINO, CPU], b".. QuantizeLinear ..", CPU),
    ],
)
def test_auto_takes_what_is_quickest(
    monkeypatch: pytest.MonkeyPatch, there: list[str], content: bytes, expected: str
) -> None:
    monkeypatch.setattr(onnxruntime, "get_available_providers", lambda: there)
    first = providers("auto", content, 1)[0]
    assert (first if isinstance(first, str) else first[0]) == expected


@pytest.mark.parametrize(("device", "package"), [("cuda", "gpu"), ("tensorrt", "gpu"), ("openvino", "openvino")])
def test_a_device_that_is_not_installed_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, device: str, package: str
) -> None:
    monkeypatch.setattr(onnxruntime, "get_available_providers", lambda: [CPU])
    with pytest.raises(UsageError, match=f"no {device}: install onnxruntime-{package} instead"):
        OnnxUpscaler(conv_network(tmp_path / "a.onnx"), threads=1, device=device)


def test_cuda_that_is_installed_but_finds_no_device_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path, session = conv_network(tmp_path / "a.onnx"), onnxruntime.InferenceSession
    monkeypatch.setattr(onnxruntime, "get_available_providers", lambda: ["CUDAExecutionProvider"])

    def falling_back(content: bytes, options: object, providers: list[str]) -> object:
        assert providers[0] == "CUDAExecutionProvider"
        return session(content, options, providers=["CPUExecutionProvider"])

    monkeypatch.setattr(onnxruntime, "InferenceSession", falling_back)
    with pytest.raises(UsageError, match="finds no CUDA device"):
        OnnxUpscaler(path, threads=1, device="cuda")
    assert OnnxUpscaler(path, threads=1, device="auto").factor == 2
