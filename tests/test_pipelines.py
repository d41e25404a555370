"""The blocks of docs/pipelines.md are run as they stand, on a page of the samples."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image

ROOT = Path(__file__).resolve().parents[1]
BLOCKS = {
    title: code
    for title, code in re.findall(
        r"^## ([^\n]+)\n(?:(?!^## ).)*?^```python\n(.*?)^```",
        (ROOT / "docs" / "pipelines.md").read_text(encoding="utf-8"),
        flags=re.MULTILINE | re.DOTALL,
    )
}
WORDS = {"thank", "letter", "boundary", "surveyor", "measured", "three", "places", "stands", "gate", "wash"}
"""Of the page; they are on it once or more."""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A place with the upper part of a letter: engines take their time."""
    with Image.open(ROOT / "data" / "samples" / "letter.png") as letter:
        letter.crop((0, 0, letter.width, letter.height * 4 // 10)).save(tmp_path / "scan.png", dpi=letter.info["dpi"])
    return tmp_path


def run(title: str, folder: Path, **env: str) -> str:
    """Run a block in a process of its own and return what its variable ``text`` held."""
    code = BLOCKS[title] + "\nprint(globals().get('text', ''))\n"
    paths = {"PYTHONPATH": str(ROOT), "PYTHONWARNINGS": "ignore"}  # those of the engines are not ours
    ran = subprocess.run(
        [sys.executable, "-c", code], cwd=folder, env={**os.environ, **paths, **env}, capture_output=True, text=True
    )
    assert ran.returncode == 0, ran.stderr
    return ran.stdout


def read(text: str) -> set[str]:
    return WORDS & set(re.findall(r"[a-z]+", text.lower()))


def test_no_block_is_left_out() -> None:
    source = Path(__file__).read_text(encoding="utf-8")
    assert [title for title in BLOCKS if f'"{title}"' not in source] == []
    assert len(BLOCKS) == (ROOT / "docs" / "pipelines.md").read_text(encoding="utf-8").count("```python")


@pytest.mark.slow
def test_pytesseract(folder: Path) -> None:
    assert len(read(run("pytesseract", folder))) >= 9


@pytest.mark.pipelines
def test_rapidocr(folder: Path) -> None:
    assert len(read(run("RapidOCR", folder))) >= 7


@pytest.mark.pipelines
def test_easyocr(folder: Path) -> None:
    import easyocr_en_models  # the weights, in a package

    home = folder / "easyocr"
    home.mkdir()
    (home / "model").symlink_to(Path(easyocr_en_models.__file__).parent / "models")
    assert len(read(run("EasyOCR", folder, EASYOCR_MODULE_PATH=str(home)))) >= 7


@pytest.mark.pipelines
def test_doctr_gets_the_page(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    untrained = BLOCKS["docTR"].replace("pretrained=True", "pretrained=False, pretrained_backbone=False")
    assert untrained != BLOCKS["docTR"]
    size = "\nprint(page.mode, page.size, predictor([np.asarray(page)]).pages[0].dimensions)\n"
    monkeypatch.setitem(BLOCKS, "docTR", untrained + size)
    with Image.open(folder / "scan.png") as scan:
        width, height = 2 * scan.width, 2 * scan.height
    assert f"RGB ({width}, {height}) ({height}, {width})" in run("docTR", folder)


@pytest.mark.pipelines
def test_torch(folder: Path) -> None:
    (folder / "benchmarks").symlink_to(ROOT / "benchmarks")
    run("The networks in torch", folder)
    with Image.open(folder / "scan.png") as scan, Image.open(folder / "scan_x2.png") as made:
        assert made.size == (2 * scan.width, 2 * scan.height)
        bicubic = scan.convert("L").resize(made.size, Image.Resampling.BICUBIC)
        assert sum(abs(a - b) for a, b in zip(made.tobytes(), bicubic.tobytes(), strict=True)) < 12 * len(
            made.tobytes()
        )


@pytest.mark.slow
def test_a_network_for_rgb_becomes_one_for_grey(folder: Path) -> None:
    import numpy as np

    from docsr.upscalers.onnx import OnnxUpscaler

    rgb_network(folder / "rgb.onnx")
    run("Other people's networks in docsr", folder)
    upscaler = OnnxUpscaler(folder / "grey.onnx", threads=1)
    plane = np.linspace(0, 1, 15 * 22, dtype=np.float32).reshape(15, 22)
    assert upscaler.factor == 2
    assert np.allclose(upscaler(plane), plane.repeat(2, 0).repeat(2, 1))


def rgb_network(path: Path) -> None:
    """Nearest enlargement of three channels."""
    import numpy as np
    from onnx import helper, numpy_helper

    from tests.upscalers.onnx_files import save

    scales = numpy_helper.from_array(np.array([1, 1, 2, 2], dtype=np.float32), "scales")
    nodes = [helper.make_node("Resize", ["x", "", "scales"], ["y"], mode="nearest")]
    save(path, nodes, [scales], ["n", 3, "h", "w"], {})
