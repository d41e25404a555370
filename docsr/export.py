"""Write a checkpoint as ONNX, and compare it with torch on a page (``docsr export``)."""

from __future__ import annotations

import copy
import re
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import onnx
import torch
from torch import nn

from docsr import __version__
from docsr.errors import DocsrError, NoInputError, PageError, TrainingError, UsageError
from docsr.io.paths.atomic import staged
from docsr.io.paths.own_files import OwnFile
from docsr.io.raster.read import read_pages
from docsr.models.base import Generator
from docsr.models.checkpoint import Checkpoint, Header, load_checkpoint
from docsr.models.smoothing import Smoothed
from docsr.page import Plane, luminance
from docsr.pairs.dataset import PairDataset
from docsr.pairs.store import PatchStore
from docsr.system.temporary import need_temporary_folder, temporary_folder
from docsr.train_config import DataConfig
from docsr.upscalers.int8 import to_int8
from docsr.upscalers.onnx import OnnxUpscaler

NETWORK = OwnFile("docsr export", re.compile(rb"docsr\.version"), "choose another name")
"""Recognises a file that was exported before by its metadata."""

TOLERANCE = 1 / 255
INT8_TOLERANCE = 3 / 255
EXAMPLES = 64
"""Number of patches on which the ranges of 8 bits are measured."""

OPSET = 18
PROOF_SIDE = 512
PROOF_TILE = 128
"""px: side of the compared plane, and of the tiles in which it is computed. ONNX Runtime handles no signal while it
computes, and a large network takes minutes for the whole plane at once."""


@dataclass(frozen=True)
class Exported:
    """The result of an export.

    Attributes:
        path: the .onnx file.
        parameters: number of weights.
        bytes: size of the file.
        difference: largest difference from torch on the page, images in [0, 1].
        rms: root mean squared difference, images in [0, 1].
    """

    path: Path
    parameters: int
    bytes: int
    difference: float
    rms: float


def export(
    checkpoint: Path,
    out: Path,
    page: Path | None = None,
    *,
    share: float = 1.0,
    smooth: float = 0.0,
    ink: float = 1.0,
    factor: int | None = None,
    int8: Path | None = None,
) -> Exported:
    """Write the checkpoint's network as ONNX with free height and width, after a comparison with torch.

    Args:
        checkpoint: a .safetensors file of ``docsr train``.
        out: the .onnx file, written only if the comparison passes; its stem becomes the network's name.
        page: an image to compare on; None: a page of text drawn for this purpose.
        share: share of the network in the output, the rest being bicubic; 1 is the network as it was trained.
        smooth: standard deviation of a Gaussian over the output, in its pixels; 0: none.
        ink: how many times as dark all but white becomes.
        factor: the factor to export of a network with several; None: the factor of its validation.
        int8: folder made by docsr prepare, to quantise to 8 bits with ranges measured on its degraded patches.

    Raises:
        UsageError: ``out`` is no .onnx file, or exists and was not exported, or the network cannot have this share,
            smoothness, ink or factor.
        NoInputError: ``page`` cannot be read.
        CheckpointError: the checkpoint cannot be used.
        TrainingError: the folder has no patches.
        NoTemporaryFolder: there is no temporary folder, which torch needs.
        DocsrError: ONNX Runtime and torch differ by more than 1/255, or in 8 bits by more than 3/255 (RMS).
    """
    need_temporary_folder()
    _check_out(out)
    loaded = load_checkpoint(checkpoint)
    network, plane = Smoothed(_network(loaded, factor, share), smooth, ink).eval(), _proof_plane(page)
    model = _add_metadata(_to_onnx(network), out.stem, network, loaded.header, share=share, smooth=smooth, ink=ink)
    if int8 is not None:
        model = to_int8(model, _examples(int8, network.factor))
    return _write(model, out, network, plane, in_int8=int8 is not None)


def _check_out(out: Path) -> None:
    if out.suffix != ".onnx":
        raise UsageError(f"--out needs a name that ends in .onnx, not {out.name}")
    refusal = NETWORK.refusal(out)
    if refusal is not None:
        raise UsageError(refusal)


def _network(loaded: Checkpoint, factor: int | None, share: float) -> Generator:
    network = loaded.build_generator()
    if factor is not None:
        network.at(factor)
    if share != 1:
        network.soften(share)
    return network


def _write(model: onnx.ModelProto, out: Path, network: Smoothed, plane: Plane, *, in_int8: bool) -> Exported:
    """Write the file if it agrees with torch on the plane."""
    written = model.SerializeToString()
    with temporary_folder() as folder:
        copy = folder / "network.onnx"
        copy.write_bytes(written)
        difference, rms = _check_difference(network, copy, plane, in_int8=in_int8)
    with staged(out) as output:
        output.file.write(written)
        NETWORK.check(out)
        output.commit()
    return Exported(out, _used_weights(network), out.stat().st_size, difference, rms)


def _check_difference(network: Smoothed, path: Path, plane: Plane, *, in_int8: bool) -> tuple[float, float]:
    """Return the result of :func:`compare`; DocsrError if the difference is too large."""
    difference, rms = compare(network, path, plane)
    apart, bound = (rms, INT8_TOLERANCE) if in_int8 else (difference, TOLERANCE)
    if not apart <= bound:  # written so that NaN fails
        raise DocsrError(f"ONNX Runtime and torch differ by {apart * 255:.2f}/255: nothing was exported")
    return difference, rms


def _examples(patches: Path, factor: int) -> Iterator[Plane]:
    """Yield degraded patches of a store, grey in [0, 1]."""
    config = DataConfig(lr_patch=min(DataConfig().lr_patch, PatchStore(patches, "train").header.size // factor))
    dataset = PairDataset(patches, "train", config, [factor], seed=0)
    if not len(dataset):
        raise TrainingError(f"{patches} holds no patches, on which the ranges of 8 bits are measured")
    yield from (np.asarray(dataset[number][0][0].numpy(), np.float32) for number in range(EXAMPLES))


def _used_weights(network: Smoothed) -> int:
    """Count the weights on which the chosen factor's output depends; the file does not hold the others."""
    network.zero_grad(set_to_none=True)
    network(torch.rand(1, 1, 8, 8)).sum().backward()
    return sum(weight.numel() for weight in network.parameters() if weight.grad is not None)


def compare(network: Smoothed, path: Path, plane: Plane) -> tuple[float, float]:
    """Return the largest and the RMS difference between torch and ONNX Runtime on the tiles of a plane in [0, 1]."""
    upscaler, apart = OnnxUpscaler(path), list[Plane]()
    for tile in _tiles(plane):
        with torch.inference_mode():
            expected = network(torch.from_numpy(tile)[None, None])[0, 0].numpy()
        apart.append((upscaler(tile) - expected).ravel())
    every = np.concatenate(apart)
    return float(np.abs(every).max()), float(np.sqrt(np.mean(every**2)))


def _tiles(plane: Plane) -> Iterator[Plane]:
    for top in range(0, plane.shape[0], PROOF_TILE):
        for left in range(0, plane.shape[1], PROOF_TILE):
            yield np.ascontiguousarray(plane[top : top + PROOF_TILE, left : left + PROOF_TILE])


def _to_onnx(network: Smoothed) -> onnx.ModelProto:
    example = torch.rand(1, 1, 40, 56)
    height, width = torch.export.Dim("height", min=1), torch.export.Dim("width", min=1)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the exporter's own deprecations
        program = torch.onnx.export(
            _with_known_slopes(network),
            (example,),
            dynamo=True,
            opset_version=OPSET,
            input_names=["lr"],
            output_names=["sr"],
            dynamic_shapes={"x": {2: height, 3: width}},
            verbose=False,
        )
    assert program is not None
    model = program.model_proto
    _remove_paths(model)
    return model


def _with_known_slopes(network: nn.Module) -> nn.Module:
    """Copy the network with LeakyReLU for each one-slope PReLU: equal, but ONNX Runtime has it in 8 bits as a table."""
    network = copy.deepcopy(network)
    activations = [(name, module) for name, module in network.named_modules() if isinstance(module, nn.PReLU)]
    for name, activation in activations:
        if activation.num_parameters == 1:
            network.set_submodule(name, nn.LeakyReLU(activation.weight.item()))
    return network


def _add_metadata(
    model: onnx.ModelProto, name: str, network: Smoothed, header: Header, **options: float
) -> onnx.ModelProto:
    """Add metadata to the model: its name, the export's options, and facts of the network and the checkpoint."""
    values = {
        "name": name,  # generator and factor would give every network of the kind the name of the shipped one
        **{key: str(float(value)) for key, value in options.items()},
        "factor": str(network.factor),
        "overlap": str(network.radius),
        "step": str(header.step),
        "version": __version__,
    }
    if header.x_height is not None:
        low, high = (round(size * header.factor / network.factor, 2) for size in header.x_height)
        values |= {"x_height_min": str(low), "x_height_max": str(high)}
    for key, value in values.items():
        model.metadata_props.add(key=f"docsr.{key}", value=value)
    return model


def _remove_paths(model: onnx.ModelProto) -> None:
    """Remove the exporter's notes, which name source files of the machine that it ran on."""
    for node in model.graph.node:
        del node.metadata_props[:]
        node.ClearField("doc_string")
    for value in (*model.graph.value_info, *model.graph.input, *model.graph.output, *model.graph.initializer):
        del value.metadata_props[:]


def _proof_plane(page: Path | None) -> Plane:
    """Return up to 512 x 512 px of the page in [0, 1]."""
    if page is None:
        return _drawn_page()
    try:
        pixels = luminance(next(iter(read_pages(page))).pixels)
    except PageError as error:
        raise NoInputError(f"{error}: give another --page, or none") from error
    return np.ascontiguousarray(pixels[:PROOF_SIDE, :PROOF_SIDE], dtype=np.float32) / np.float32(255)


def _drawn_page() -> Plane:
    """Draw a few lines of text, black on white, 96 x 256 px in [0, 1]."""
    pixels = np.full((96, 256), 255, np.uint8)
    for line, text in enumerate(("The quick brown fox,", "jumps over 0123456789", "lazy dogs: 3.1415926")):
        cv2.putText(pixels, text, (6, 26 + 30 * line), cv2.FONT_HERSHEY_COMPLEX, 0.6, 0, lineType=cv2.LINE_AA)
    return pixels.astype(np.float32) / np.float32(255)
