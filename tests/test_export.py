"""Export: the ONNX file does what torch does, says what it is, and is written only when that is proved."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import onnx
import pytest
import torch
from torch import nn

from docsr import __version__
from docsr import export as exporting
from docsr.errors import CheckpointError, DocsrError, NoInputError, UsageError
from docsr.export import TOLERANCE, Exported, export
from docsr.models import GENERATORS, build_generator
from docsr.models.checkpoint import Header, load_checkpoint, save_checkpoint
from docsr.page import Page, Plane
from docsr.upscale.page import upscale_page
from docsr.upscalers.onnx import OnnxUpscaler

ARGS = {"channels": 8, "blocks": 1}


def checkpoint(
    path: Path, name: str, factor: int, x_height: tuple[float, float] | None = (7.0, 28.0), **args: object
) -> Path:
    """A tiny network whose weights all do something."""
    torch.manual_seed(0)
    arguments = {**ARGS, **args}
    network = build_generator(name, factor, arguments)
    for weight in network.parameters():
        if weight.ndim > 1:
            nn.init.normal_(weight, std=0.05)
    with torch.no_grad():  # batch norm that is not the identity
        network.train()(torch.rand(4, network.colours, 16, 16))
    save_checkpoint(path, Header(name, factor, arguments, x_height, 7), network.state_dict())
    return path


def drawn_page() -> Plane:
    pixels = np.full((60, 150), 255, dtype=np.uint8)
    cv2.putText(pixels, "Page 17", (8, 40), cv2.FONT_HERSHEY_SIMPLEX, 1, 0, 2, cv2.LINE_AA)
    return pixels.astype(np.float32) / np.float32(255)


Made = tuple[Path, Exported]


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str, int], Made]:
    """Checkpoint and export of a tiny network, each made once: the exporter is slow."""
    folder, done = tmp_path_factory.mktemp("export"), dict[tuple[str, int], Made]()

    def make(name: str, factor: int) -> Made:
        if (name, factor) not in done:
            source = checkpoint(folder / f"{name}{factor}.safetensors", name, factor)
            done[name, factor] = source, export(source, folder / f"{name}{factor}.onnx")
        return done[name, factor]

    return make


BY_DEFAULT = ("compact", 2)
each = pytest.mark.parametrize(
    ("name", "factor"),
    [
        pytest.param(name, factor, marks=() if (name, factor) == BY_DEFAULT else pytest.mark.slow)
        for name in GENERATORS
        for factor in (2, 4)
    ],
)


@each
def test_the_file_does_what_torch_does(made: Callable[[str, int], Made], name: str, factor: int) -> None:
    source, exported = made(name, factor)
    network, upscaler = load_checkpoint(source).build_generator(), OnnxUpscaler(exported.path, threads=1)
    page = drawn_page()
    for plane in (page, page[:48, :33], page.T[:5, :], page[:1, :1]):  # any size, not the one it was traced with
        with torch.inference_mode():
            expected = network(torch.from_numpy(np.ascontiguousarray(plane))[None, None])[0, 0].numpy()
        found = upscaler(plane)
        assert found.shape == (plane.shape[0] * factor, plane.shape[1] * factor)
        assert np.abs(found - expected).max() <= TOLERANCE
    assert 0 <= exported.difference <= TOLERANCE


@pytest.mark.slow
@pytest.mark.parametrize("more", [{}, {"dense": True, "mixing": 1}], ids=str)
def test_tiles_of_a_network_that_works_on_squares_are_exact(tmp_path: Path, more: dict[str, Any]) -> None:
    source = checkpoint(tmp_path / "c.safetensors", "compact", 2, shrink=4, bias=False, **more)
    exported = export(source, tmp_path / "squares.onnx")
    upscaler = OnnxUpscaler(exported.path, threads=1)
    assert upscaler.keeps_white
    page = Page(np.random.default_rng(0).integers(0, 256, (131, 97), dtype=np.uint8))
    whole = upscale_page(page, upscaler, tile=1000).pixels.astype(int)
    assert np.abs(upscale_page(page, upscaler, tile=43).pixels - whole).max() <= 1
    network = load_checkpoint(source).build_generator()
    for plane in (drawn_page()[:7, :9], drawn_page()[:1, :1]):
        with torch.inference_mode():
            expected = network(torch.from_numpy(np.ascontiguousarray(plane))[None, None])[0, 0].numpy()
        assert np.abs(upscaler(plane) - expected).max() <= TOLERANCE


def test_only_a_slope_that_all_channels_share_becomes_that_of_leaky_relu(tmp_path: Path) -> None:
    network = load_checkpoint(checkpoint(tmp_path / "c.safetensors", "compact", 2)).build_generator()
    network.set_submodule("trunk.0.body.1", nn.PReLU(8))
    bends = [module for module in exporting._with_known_slopes(network).modules() if "ReLU" in type(module).__name__]
    assert [type(bend) for bend in bends] == [nn.LeakyReLU, nn.PReLU]
    assert [type(module) for module in network.modules() if "ReLU" in type(module).__name__] == [nn.PReLU, nn.PReLU]


@each
def test_the_file_says_what_it_is(made: Callable[[str, int], Made], name: str, factor: int) -> None:
    source, exported = made(name, factor)
    network = load_checkpoint(source).build_generator()
    upscaler = OnnxUpscaler(exported.path, threads=1)
    assert (upscaler.name, upscaler.factor, upscaler.overlap) == (f"{name}{factor}", factor, network.radius)
    assert (upscaler.x_height, upscaler.version) == ((7.0, 28.0), __version__)
    model = onnx.load(exported.path)
    assert {prop.key: prop.value for prop in model.metadata_props}["docsr.step"] == "7"
    assert exported.bytes == exported.path.stat().st_size
    if len(network.factors) == 1:
        assert exported.parameters == sum(weight.numel() for weight in network.parameters())
    else:
        assert exported.parameters < sum(weight.numel() for weight in network.parameters())


@each
def test_the_file_names_no_path_of_the_machine(made: Callable[[str, int], Made], name: str, factor: int) -> None:
    _, exported = made(name, factor)
    content = exported.path.read_bytes()
    here = Path(__file__).parents[1]
    for path in (here, Path.home(), exported.path.parent, Path(torch.__file__).parent):
        if path != Path(path.anchor):
            assert str(path).encode() not in content
    assert b".py" not in content
    onnx.checker.check_model(onnx.load(exported.path))
    assert sorted(file.suffix for file in exported.path.parent.glob(f"{name}{factor}.*")) == [".onnx", ".safetensors"]


@pytest.mark.slow
def test_a_given_page_is_the_proof_and_the_folder_is_made(tmp_path: Path) -> None:
    image = tmp_path / "page.png"
    assert cv2.imwrite(str(image), np.dstack([(drawn_page() * 255).astype(np.uint8)] * 3))
    source = checkpoint(tmp_path / "a.safetensors", "compact", 2, x_height=None)
    exported = export(source, tmp_path / "new" / "a.onnx", image)
    assert exported.path == tmp_path / "new" / "a.onnx"
    assert exported.difference <= TOLERANCE
    assert OnnxUpscaler(exported.path, threads=1).x_height is None


def test_the_page_is_seen_in_its_luminance(tmp_path: Path) -> None:
    pure = np.zeros((20, 30, 3), np.uint8)
    pure[..., 1] = 255  # green in RGB, the middle channel of BGR as well
    assert cv2.imwrite(str(tmp_path / "page.png"), pure)
    assert exporting._proof_plane(tmp_path / "page.png") == pytest.approx(0.587, abs=0.01)


@pytest.mark.parametrize("content", [None, b"these are notes, not a picture"])
def test_a_page_that_cannot_be_read_is_no_input(tmp_path: Path, content: bytes | None) -> None:
    source, page = checkpoint(tmp_path / "a.safetensors", "compact", 2), tmp_path / "notes.txt"
    if content is not None:
        page.write_bytes(content)
    with pytest.raises(NoInputError, match=r"notes\.txt .*: give another --page, or none"):
        export(source, tmp_path / "a.onnx", page)
    assert not (tmp_path / "a.onnx").exists()


@pytest.mark.parametrize("name", ["a", "a.onx", "a.safetensors"])
def test_the_name_ends_in_onnx(tmp_path: Path, name: str) -> None:
    with pytest.raises(UsageError, match=rf"ends in \.onnx, not {name}"):
        export(tmp_path / "absent.safetensors", tmp_path / name)


def test_a_missing_checkpoint_is_named(tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match="does not exist"):
        export(tmp_path / "absent.safetensors", tmp_path / "a.onnx")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("difference", [1.01 * TOLERANCE, float("nan")])
def test_a_difference_writes_nothing(
    made: Callable[[str, int], Made], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, difference: float
) -> None:
    source, exported = made("compact", 2)
    model = onnx.load(exported.path)
    monkeypatch.setattr(exporting, "_to_onnx", lambda network: model)
    monkeypatch.setattr(exporting, "compare", lambda network, path, plane: (difference, difference))
    out = tmp_path / "a.onnx"
    out.write_bytes(b"docsr.version of what was there")
    with pytest.raises(DocsrError, match="nothing was exported"):
        export(source, out)
    assert out.read_bytes() == b"docsr.version of what was there"
    assert [file.name for file in tmp_path.iterdir()] == ["a.onnx"]


@pytest.mark.slow
def test_a_share_lies_between_bicubic_and_the_network(tmp_path: Path) -> None:
    source = checkpoint(tmp_path / "a.safetensors", "compact", 2)
    plane = drawn_page()
    outputs = {}
    for share in (0.0, 0.25, 1.0):
        exported = export(source, tmp_path / f"{share:g}.onnx", share=share)
        assert exported.difference <= TOLERANCE
        outputs[share] = OnnxUpscaler(exported.path, threads=1)(plane)
    whole = outputs[1.0] - outputs[0.0]
    assert np.abs(whole).max() > 0.01
    np.testing.assert_allclose(outputs[0.25], outputs[0.0] + 0.25 * whole, atol=1e-5)


@pytest.mark.slow
def test_the_output_can_be_smoothed(tmp_path: Path) -> None:
    source = checkpoint(tmp_path / "a.safetensors", "compact", 4, bias=False)
    sharp, smooth = (
        OnnxUpscaler(export(source, tmp_path / f"s{sigma:g}.onnx", smooth=sigma, ink=ink).path, threads=1)
        for sigma, ink in ((0, 1), (1, 1.25))
    )
    for plane in (drawn_page(), drawn_page()[:1, :1]):
        squares = np.pad(
            sharp(plane).reshape(plane.shape[0], 4, plane.shape[1], 4), ((1, 1), (0, 0), (1, 1), (0, 0)), "edge"
        )
        rows, columns = (length + 2 for length in plane.shape)
        blurred = cv2.GaussianBlur(squares.reshape(4 * rows, 4 * columns), (7, 7), 1)[4:-4, 4:-4]
        np.testing.assert_allclose(smooth(plane), 1 - 1.25 * (1 - blurred), atol=1e-5)
    assert np.abs(sharp(drawn_page()) - smooth(drawn_page())).max() > 0.05
    assert sharp.keeps_white
    assert smooth.keeps_white
    told = {prop.key: prop.value for prop in onnx.load(smooth.path).metadata_props}
    assert (told["docsr.smooth"], told["docsr.ink"], told["docsr.overlap"]) == (
        "1.0",
        "1.25",
        str(smooth.overlap),
    )


@pytest.mark.slow
@pytest.mark.parametrize("factor", [2, 4])
def test_what_is_smoothed_fits_together_from_tiles(tmp_path: Path, factor: int) -> None:
    source = checkpoint(tmp_path / "a.safetensors", "compact", factor)
    upscaler = OnnxUpscaler(export(source, tmp_path / "a.onnx", smooth=1.5).path, threads=1)
    page = Page((drawn_page() * 255).astype(np.uint8))
    whole = upscale_page(page, upscaler, guard=False).pixels.astype(int)
    assert np.abs(upscale_page(page, upscaler, tile=24, guard=False).pixels - whole).max() <= 1


@pytest.mark.parametrize(("smooth", "ink"), [(-1, 1), (float("nan"), 1), (1, 0), (1, float("inf"))])
def test_a_gaussian_or_ink_that_cannot_be_is_refused(tmp_path: Path, smooth: float, ink: float) -> None:
    source = checkpoint(tmp_path / "a.safetensors", "compact", 2)
    with pytest.raises(UsageError, match="sigma must be 0 or more and ink above 0"):
        export(source, tmp_path / "none.onnx", smooth=smooth, ink=ink)


def test_only_what_adds_to_bicubic_can_be_softened(tmp_path: Path) -> None:
    source = checkpoint(tmp_path / "a.safetensors", "srgan", 2)
    with pytest.raises(UsageError, match="cannot be softened"):
        export(source, tmp_path / "a.onnx", share=0.5)
    assert not (tmp_path / "a.onnx").exists()


@pytest.mark.slow
def test_each_factor_of_a_network_that_has_several(tmp_path: Path) -> None:
    source = checkpoint(tmp_path / "several.safetensors", "mdsr", 2, factors=[2, 4])
    for factor in (None, 4):
        out = tmp_path / f"several_{factor}.onnx"
        assert export(source, out, factor=factor).difference <= TOLERANCE
        assert OnnxUpscaler(out).factor == (factor or 2)
    with pytest.raises(UsageError, match="enlarges 2, 4 times here, not 8"):
        export(source, tmp_path / "none.onnx", factor=8)


@pytest.mark.slow
def test_an_rgb_network_is_exported_for_grey_pages(tmp_path: Path) -> None:
    source = checkpoint(tmp_path / "colour.safetensors", "srgan", 2, colours=3)
    assert export(source, tmp_path / "colour.onnx").difference <= TOLERANCE
    assert OnnxUpscaler(tmp_path / "colour.onnx")(np.ones((9, 12), np.float32)).shape == (18, 24)
