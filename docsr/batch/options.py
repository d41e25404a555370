"""Check the options of ``docsr enhance``, and derive the output format of each file from them."""

from __future__ import annotations

import os
import warnings
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from docsr import __version__
from docsr.choices import (
    DEFAULT_TILE,
    DEVICES,
    FACTORS,
    HIGHEST_DPI,
    LEAST_MEMORY,
    LONGEST_PAGE,
    LOWEST_DPI,
    MAX_PIXELS,
    MEASURED_ENGINES,
    SANDBOX_MODES,
    SHORTEST_PAGE,
    SMALLEST_TILE,
)
from docsr.decide.decision import LARGEST_AUTO_FACTOR, check_engine
from docsr.decide.script import NETWORK
from docsr.errors import UsageError
from docsr.io.document import PDF, is_pdf
from docsr.io.limits import MAX_MEMORY, TORCH_MEMORY, memory_for, size_of
from docsr.io.paths.manifest import sha256_of, sha256_of_text
from docsr.languages import codes_of
from docsr.upscalers.catalog import is_file, runs_in_torch
from docsr.upscalers.devices import AUTO, CPU
from docsr.upscalers.interpolation import CLASSICAL
from docsr.upscalers.sandbox import sandbox_for
from docsr.upscalers.trial import tried
from docsr.weights import catalogue, current_name

SUFFIXES = {"png": ".png", "tiff": ".tif", "jpg": ".jpg", "webp": ".webp", "pdf": ".pdf"}
"""Output format that ``--format`` takes -> suffix of the output."""


_SAME = {
    ".png": "png",
    ".tif": "tiff",
    ".tiff": "tiff",
    ".jpg": "jpg",
    ".jpeg": "jpg",
    ".jpe": "jpg",
    ".jfif": "jpg",
    ".mpo": "jpg",
    ".webp": "webp",
    ".bmp": "bmp",
    ".dib": "bmp",
    ".pdf": "pdf",
}
"""Suffix of an input -> format that ``same`` stands for. Inputs with any other suffix become PNG."""


@dataclass(frozen=True, slots=True)
class EnhanceOptions:
    """The options of the user.

    Attributes:
        factor: 2, 4, 8, or None to choose by the measured x-height (or by ``dpi``).
        dpi: exact resolution of the output, 1 to 4800, or None; excludes ``factor``.
        model: a model as in :func:`docsr.upscalers.catalog.resolve`, or None for the one that reads best.
        engine: the OCR engine that will read the pages. It decides where networks are used, and how large pages become
            if neither factor nor dpi is given.
        languages: Tesseract's codes of the languages on the pages, as in :func:`docsr.languages.scripts_of`. Networks
            are used only on scripts for which they were measured to help. Without languages each page tells its script.
        format: ``same``, ``png``, ``tiff``, ``jpg``, ``webp`` or ``pdf``.
        quality: of JPEG (also within PDF) and WebP, 1 to 100.
        tile: side of a square tile in input px, without its overlap, at least 64. Oblong tiles have no more pixels.
        device: ``auto``, ``cpu``, ``cuda``, ``tensorrt`` or ``openvino``.
        max_pixels: the most pixels, at least 1, of a page that is decoded or held whole. TIFF outputs may have more.
        max_memory: bytes that a process may hold while it works on a file; None for docsr.io.limits.memory_for.
        guard: whether to replace by bicubic what a network made and the page does not support, and dark areas.
        binarize: whether pages that came with one bit per pixel are written with one bit (PNG, BMP, TIFF, PDF). None
            does so in TIFF and PDF if the text is so large that Tesseract reads it as well (docsr.batch.one_bit).
        keep_pixel_shape: whether a page keeps an x and y dpi that differ; otherwise its pixels are made square.
        sandbox: ``auto``, ``on`` or ``off``: whether worker processes are restricted to what they need (Linux).
    """

    factor: int | None = None
    dpi: float | None = None
    model: str | None = None
    engine: str = MEASURED_ENGINES[0]
    languages: tuple[str, ...] = ()
    format: str = "same"
    quality: int = 90
    tile: int = DEFAULT_TILE
    device: str = "auto"
    max_pixels: int = MAX_PIXELS
    max_memory: int | None = None
    guard: bool = True
    binarize: bool | None = None
    keep_pixel_shape: bool = False
    sandbox: str = "off"

    def __post_init__(self) -> None:
        """Replace an old name of a network, with a FutureWarning."""
        if self.model is not None:
            warn = partial(warnings.warn, category=FutureWarning, stacklevel=4)
            object.__setattr__(self, "model", current_name(str(self.model), warn))

    def check(self) -> None:
        """Raise a UsageError or CheckpointError if the options are invalid or cannot be combined."""
        if self.factor is not None and self.factor not in FACTORS:
            raise UsageError(f"the factor is one of {FACTORS}, not {self.factor}")
        check_engine(self.engine)
        codes_of(self.languages)
        if self.format not in {"same", *SUFFIXES}:
            raise UsageError(f"the format {self.format} cannot be written: use same, {', '.join(SUFFIXES)}")
        if not 1 <= self.quality <= 100:
            raise UsageError(f"the quality is a number from 1 to 100, not {self.quality}")
        if self.device not in DEVICES:
            raise UsageError(f"the device is one of {', '.join(DEVICES)}, not {self.device}")
        if self.tile < SMALLEST_TILE:
            raise UsageError(f"a tile of {self.tile} px is too small: use --tile {SMALLEST_TILE} or more")
        if self.binarize and self.format in {"jpg", "webp"}:
            raise UsageError(f"{self.format} cannot hold one-bit pages: use --binarize with png, tiff or pdf")
        if self.max_pixels < 1:
            raise UsageError(f"a page has at least one pixel: --max-pixels {self.max_pixels} would refuse all")
        if self.max_memory is not None and self.max_memory < LEAST_MEMORY:
            least = LEAST_MEMORY // 10**6
            raise UsageError(f"--max-memory {self.max_memory // 10**6} is too little: give {least} MB or more")
        if self.dpi is not None and not LOWEST_DPI <= self.dpi <= HIGHEST_DPI:
            raise UsageError(f"--dpi is a number from {LOWEST_DPI:g} to {HIGHEST_DPI:g}, not {self.dpi:g}")
        if self.factor is not None and self.dpi is not None:
            raise UsageError("--factor and --dpi both decide the size of the output: give only one of them")
        if self.factor is not None and self.model == "none":
            raise UsageError("--model none leaves pages as they are: do not combine it with --factor")
        if self.sandbox not in SANDBOX_MODES:
            raise UsageError(f"the sandbox is one of {', '.join(SANDBOX_MODES)}, not {self.sandbox}")
        sandbox_for(self.sandbox, self.model, self.device)
        self._check_model()

    def _check_model(self) -> None:
        """Load the network once, so that a bad one is reported before the first page."""
        if self.model is not None and not is_file(self.model) and self.model not in {*CLASSICAL, *catalogue()}:
            given = Path(self.model)
            if given.suffix or os.path.exists(given) or given.name != self.model:
                raise UsageError(f"{self.model!r} is not a network: give a .onnx or .safetensors file, or a name")
        if self.model is not None:
            tried(self.model, self.factor, self.device, self.sandbox)
        elif self.device not in {AUTO, CPU}:
            # No network is named. Loading any shipped one shows whether the device works.
            for name in list(catalogue())[:1]:
                tried(name, device=self.device)

    def memory(self, source: Path, jobs: int) -> int:
        """Return how many bytes a process may hold while it works on a file, one of ``jobs`` such processes."""
        least = TORCH_MEMORY if runs_in_torch(self.model) else MAX_MEMORY
        return memory_for(size_of(source), self.max_pixels, jobs, least) if self.max_memory is None else self.max_memory

    def signature(self) -> str:
        """Return a hash of everything that decides an output: these options, the networks and the version."""
        if self.model is not None and is_file(self.model):
            networks = {"file": sha256_of(Path(self.model))}
        else:
            networks = {card.name: sha256_of(card.path) for card in catalogue().values()}
        asked: dict[str, Any] = {"factor": self.factor, "dpi": self.dpi, "format": self.format, "quality": self.quality}
        asked |= {"guard": self.guard, "binarize": self.binarize, "keep_pixel_shape": self.keep_pixel_shape}
        if self.factor is None:
            asked |= {"largest": LARGEST_AUTO_FACTOR[self.engine]}
        if self.model is None:
            cards = catalogue().values()
            asked |= {
                card.name: (card.dense, card.fax, card.x_height_helps.get(self.engine), card.scripts.get(self.engine))
                for card in cards
            }
            asked |= {"languages": codes_of(self.languages)} if self.languages else {"script": sha256_of(NETWORK)}
        model = None if self.model is not None and is_file(self.model) else self.model
        return sha256_of_text(repr((__version__, asked, model, sorted(networks.items()))))


def check_time_limit(seconds: float | None) -> None:
    """Raise a UsageError for a time limit per page that no timer can keep. None means no limit."""
    if seconds is not None and not SHORTEST_PAGE <= seconds <= LONGEST_PAGE:
        raise UsageError(
            f"a time limit is a number of seconds from {SHORTEST_PAGE:g} to {LONGEST_PAGE:,.0f}, not {seconds:g}: "
            "give --time-limit 0 for none"
        )


def output_format(source: Path, wanted: str) -> str:
    """Return the format to write. ``same`` becomes PNG if docsr does not write the input's format."""
    return _SAME.get(source.suffix.lower(), "png") if wanted == "same" else wanted


def keeps_pdf(source: Path, wanted: str) -> bool:
    """Return whether a file is a PDF and stays one, so that only its scans are replaced."""
    return output_format(source, wanted) == PDF and is_pdf(source)


def output_suffix(source: Path, wanted: str) -> str:
    """Return the suffix of the output, with its dot. An input's suffix for that format keeps its spelling."""
    form = output_format(source, wanted)
    return source.suffix if _SAME.get(source.suffix.lower()) == form else SUFFIXES[form]
