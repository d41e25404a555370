"""8 bits: nearly the same output, smaller, exact over tiles, and refused where it is not nearly the same."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import onnx
import pytest

from docsr import export as exporting
from docsr.errors import DocsrError, TrainingError
from docsr.export import Exported, export
from docsr.page import Page
from docsr.pairs.store import StoreHeader
from docsr.pairs.store_writer import StoreWriter
from docsr.upscale.page import upscale_page
from docsr.upscalers.onnx import OnnxUpscaler
from tests.pairs import make_store, text_page
from tests.test_export import checkpoint

CHECKPOINT = Path(__file__).resolve().parents[1] / "benchmarks" / "checkpoints" / "compact_x2.safetensors"


@pytest.fixture(scope="module", autouse=True)
def few_examples() -> Iterator[None]:
    """Ranges are measured on fewer patches than a user's: it is a matter of seconds."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(exporting, "EXAMPLES", 16)
        yield


@pytest.fixture(scope="module")
def patches(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_store(tmp_path_factory.mktemp("patches") / "store", size=128)


@pytest.fixture(scope="module")
def exported(patches: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Exported, Exported]:
    """The network that ships, in floating point and in 8 bits."""
    folder = tmp_path_factory.mktemp("networks")
    return (
        export(CHECKPOINT, folder / "float.onnx", smooth=1),
        export(CHECKPOINT, folder / "small.onnx", smooth=1, int8=patches),
    )


def test_a_small_network_too(patches: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Random weights are farther off in 8 bits than learned ones."""
    monkeypatch.setattr(exporting, "INT8_TOLERANCE", 1.0)
    monkeypatch.setattr(exporting, "EXAMPLES", 2)
    made = export(checkpoint(tmp_path / "c.safetensors", "compact", 2), tmp_path / "small.onnx", int8=patches)
    assert 0 < made.rms < 0.1
    assert "DequantizeLinear" in {node.op_type for node in onnx.load(made.path).graph.node}
    page, upscaler = Page(text_page(16, 90, 60)[0], None), OnnxUpscaler(made.path, threads=1)
    whole, tiled = (upscale_page(page, upscaler, tile=tile).pixels.astype(int) for tile in (512, 64))
    assert whole.shape == (120, 180)
    assert np.abs(whole - tiled).max() <= 1


@pytest.mark.slow
def test_it_is_nearly_the_same_and_a_third_of_the_size(exported: tuple[Exported, Exported]) -> None:
    plain, small = exported
    assert 0 < small.rms < exporting.INT8_TOLERANCE
    assert small.bytes < plain.bytes / 2.5
    assert small.parameters == plain.parameters
    page = Page(text_page(16, 300, 200)[0], None)
    pictures = [
        upscale_page(page, OnnxUpscaler(one.path, threads=1)).pixels.astype(np.float32) for one in (plain, small)
    ]
    assert np.sqrt(np.mean((pictures[0] - pictures[1]) ** 2)) < 3


@pytest.mark.slow
def test_it_says_what_the_plain_one_says_but_its_name(exported: tuple[Exported, Exported]) -> None:
    said = [
        {entry.key: entry.value for entry in onnx.load(one.path).metadata_props if entry.key != "docsr.name"}
        for one in exported
    ]
    assert said[0] == said[1]
    assert OnnxUpscaler(exported[1].path).name == "small"


@pytest.mark.slow
def test_all_convolutions_but_those_that_are_not_learned_are_in_8_bits(exported: tuple[Exported, Exported]) -> None:
    graph = onnx.load(exported[1].path).graph
    makers = {name: node.op_type for node in graph.node for name in node.output}
    convolutions = [node for node in graph.node if node.op_type == "Conv"]
    plain = [node for node in convolutions if makers.get(node.input[1]) != "DequantizeLinear"]
    assert len(convolutions) > 10
    assert [makers[node.input[0]] for node in plain] == ["Pad", "Pad"], "bicubic and the Gaussian"


@pytest.mark.slow
def test_what_bends_is_between_8_bits_too(exported: tuple[Exported, Exported]) -> None:
    graph = onnx.load(exported[1].path).graph
    makers = {name: node.op_type for node in graph.node for name in node.output}
    takers = {name: node.op_type for node in graph.node for name in node.input}
    bends = [node for node in graph.node if node.op_type == "LeakyRelu"]
    assert len(bends) == 11  # after the head, and one in each of ten blocks
    assert {makers[node.input[0]] for node in bends} == {"DequantizeLinear"}
    assert {takers[node.output[0]] for node in bends} == {"QuantizeLinear"}
    assert "PRelu" not in {node.op_type for node in graph.node}


@pytest.mark.slow
def test_tiles_make_no_difference(exported: tuple[Exported, Exported]) -> None:
    upscaler = OnnxUpscaler(exported[1].path, threads=1)
    page = Page(text_page(16, 300, 200)[0], None)
    whole, tiled = (upscale_page(page, upscaler, tile=tile).pixels.astype(int) for tile in (512, 100))
    assert np.abs(whole - tiled).max() <= 1


@pytest.mark.slow
def test_what_is_not_nearly_the_same_is_not_written(
    patches: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(exporting, "INT8_TOLERANCE", 1e-6)
    with pytest.raises(DocsrError, match="nothing was exported"):
        export(CHECKPOINT, tmp_path / "a.onnx", int8=patches)
    assert not list(tmp_path.iterdir())


@pytest.mark.slow
def test_a_folder_without_patches(tmp_path: Path) -> None:
    writer = StoreWriter(tmp_path / "store", 64)
    writer.close(StoreHeader("images", 64, None, train=0, val=0))
    with pytest.raises(TrainingError):
        export(CHECKPOINT, tmp_path / "a.onnx", int8=tmp_path / "store")
    assert not (tmp_path / "a.onnx").exists()
