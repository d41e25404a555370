from __future__ import annotations

from dataclasses import replace
from importlib.metadata import version
from pathlib import Path

import numpy as np
import pytest

from docsr.api import Enhancer
from docsr.bench.arms import plan_arms
from docsr.bench.measure import Condition, Measurement, Measurer, as_measured
from docsr.bench.peers import PEERS, PeerUpscaler
from docsr.bench.suite import load_suite
from docsr.decide import decision
from docsr.errors import CheckpointError, UsageError
from docsr.ocr.base import Engine
from docsr.page import Page, Plane
from docsr.upscale.page import upscale_page
from docsr.upscalers.interpolation import enlarge
from docsr.weights import catalogue
from tests.bench.pages import WidthEngine, folder_suite
from tests.pairs import text_page
from tests.upscalers.onnx_files import conv_network

WITHOUT_WEIGHTS = ["unsharp_x2", "unsharp_x4", "gaussian_x4", "clahe_x2", "clahe_x4"]
FROM_PACKAGES = ["realesrgan_plus_x4", "waifu2x_photo_x2", "waifu2x_cunet_x2", "realcugan_x2"]


def test_bicubic_and_the_ceiling_are_always_there(tmp_path):
    arms, missing = plan_arms([str(conv_network(tmp_path / "mine.onnx", 4))], None)
    assert [arm.label for arm in arms] == ["mine_x4", "bicubic_x1", "bicubic_x2", "bicubic_x4", "hr"]
    assert not missing


def test_by_default_all_interpolation_and_all_shipped_networks():
    labels = [arm.label for arm in plan_arms([], None)[0]]
    assert {"none", "nearest_x2", "nearest_x4", "bicubic_x2", "bicubic_x4", "lanczos_x2", "lanczos_x4"} <= set(labels)
    assert set(catalogue()) <= set(labels)


@pytest.mark.slow_but_one_in(3)
@pytest.mark.parametrize(
    ("em", "engine", "does"),
    [
        (8, "tesseract", "small_text_x4"),
        (8, "rapidocr", "small_text_x2"),
        (15, "tesseract", "compact_x4"),
        (15, "rapidocr", "bicubic_x2"),
        (17, "tesseract", "compact_x2"),
        (20, "tesseract", "bicubic_x2"),
        (45, "tesseract", "none"),
    ],
)
def test_auto_does_what_enhance_does_with_each_page(em, engine, does):
    pixels, _ = text_page(em, 400, 200)
    page = Page(pixels, None)
    arm = plan_arms(["auto"], None)[0][0]
    assert (arm.name, arm.label) == ("auto", "auto")
    assert arm.on(page, engine).label == does
    result = upscale_page(page, arm.on(page, engine).load(None, 1))
    assert np.array_equal(result.pixels, Enhancer(factor=None, engine=engine)(pixels))


def test_auto_does_for_each_engine_what_enhance_does_for_it(monkeypatch, tmp_path):
    card = replace(catalogue()["compact_x4"], x_height_helps={"tesseract": (1.0, 99.0), "rapidocr": None})
    monkeypatch.setattr(decision, "shipped", lambda factor, fax: [card] if factor == 4 else [])
    page = load_suite(folder_suite(tmp_path / "in", pages=1), None, None).pages[0]
    condition, arm = Condition(75, "clean"), plan_arms(["auto"], None)[0][0]
    engines: dict[str, Engine] = {name: WidthEngine() for name in ("tesseract", "rapidocr", "null")}
    measured = Measurer(engines, None)(Measurement(page, condition, arm, tuple(engines)))
    assert {row.engine: row.factor for row, _ in measured.rows} == {"tesseract": 4, "rapidocr": 2, "null": 4}
    lr, read = as_measured(page.load(), page, condition), {row.engine: text for row, text in measured.rows}
    for engine in ("tesseract", "rapidocr"):
        made = Enhancer(factor=None, engine=engine)(lr.pixels)
        assert read[engine] == WidthEngine().read(Page(made))


def test_peers_without_their_weights_are_named_with_the_reason(tmp_path):
    arms, missing = plan_arms([], tmp_path)
    assert {arm.name for arm in arms} | set(missing) >= set(PEERS)
    assert "FSRCNN_x2.pb" in missing["fsrcnn_x2"]
    assert all("\n" not in reason for reason in missing.values())


def test_another_network_has_another_signature(tmp_path):
    one, two = (plan_arms([str(conv_network(tmp_path / f"{seed}.onnx", seed=seed))], None)[0][0] for seed in (1, 2))
    assert one.signature != two.signature


@pytest.mark.parametrize("name", ["hr", "auto", "bicubic", "none"])
def test_a_network_is_not_called_as_an_arm_of_the_benchmark_s_own(tmp_path, name):
    with pytest.raises(UsageError, match="give it another name"):
        plan_arms([str(conv_network(tmp_path / f"{name}.onnx", 4))], None)


def test_two_arms_of_one_name_would_be_mixed_up(tmp_path):
    (tmp_path / "other").mkdir()
    names = [str(conv_network(path / "mine.onnx", 4)) for path in (tmp_path, tmp_path / "other")]
    with pytest.raises(UsageError, match="two arms are called mine_x4"):
        plan_arms(names, None)


def test_what_decides_a_peer_s_result_is_in_its_signature():
    arm = plan_arms(["realcugan_x2"], None)[0][0]
    assert f"ncnn {version('ncnn')}" in arm.signature
    assert len(arm.signature.split()[-1]) == 64, "the digest of its weights"


def test_unknown_names(tmp_path):
    with pytest.raises(UsageError, match="did you mean 'bicubic'"):
        plan_arms(["bicubik"], None)
    with pytest.raises(CheckpointError):
        plan_arms([str(tmp_path / "none.onnx")], None)


@pytest.mark.parametrize("name", [*WITHOUT_WEIGHTS, *FROM_PACKAGES])
def test_peers_enlarge(name):
    upscaler = PeerUpscaler(PEERS[name], None, 1)
    size = 24 if name == "realesrgan_plus_x4" else 61
    pixels = text_page(16, 200, 120)[0][20 : 20 + size, 20 : 20 + size + 8]
    plane: Plane = np.asarray(pixels, dtype=np.float32) / np.float32(255)
    large = upscaler(plane)
    assert large.shape == (plane.shape[0] * upscaler.factor, plane.shape[1] * upscaler.factor)
    assert large.dtype == np.float32
    assert np.abs(large - enlarge(plane, upscaler.factor)).mean() < 0.15


def test_registered_peers_say_their_factor():
    assert all(peer.name == name and name.endswith(f"_x{peer.factor}") for name, peer in PEERS.items())
    assert len({peer.project for peer in PEERS.values()}) >= 5


def test_a_missing_file_is_told(tmp_path):
    with pytest.raises(UsageError, match=r"not in .*"):
        PEERS["openvino_text_x3"].load(Path(tmp_path), 1)
