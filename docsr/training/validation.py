"""Validate a network during training: PSNR and SSIM on patches, CER on whole pages, and a picture to look at."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import cv2
import numpy as np
import torch
from torch import Tensor

from docsr.errors import DocsrError
from docsr.io.raster.read import read_pages
from docsr.io.raster.write import write_pages
from docsr.metrics.image import psnr_of, ssim
from docsr.metrics.text import edits
from docsr.models.base import Generator
from docsr.ocr.tesseract import Tesseract
from docsr.page import Page, Pixels, Plane, luminance
from docsr.pairs.dataset import PairDataset
from docsr.pairs.degrade import Degrade
from docsr.pairs.store import PAGES, read_header, store_folders
from docsr.train_config import TrainConfig
from docsr.upscale.page import upscale_page
from docsr.upscalers.base import Upscaler
from docsr.upscalers.interpolation import Interpolation, enlarge

STRIP_ROWS = 4
OCR_ERRORS = (DocsrError, OSError, ValueError)
"""Errors of reading and scoring a page: a missing package, program or language, a damaged page, an odd answer."""


@dataclass(frozen=True)
class ValidationPage:
    """A degraded page, its reference text, and the CER of bicubic on it as (edits, characters)."""

    lr: Page
    text: str
    bicubic: tuple[int, int]


class InTraining:
    """The current network as an upscaler, made for one validation."""

    name, keeps_white, guarded = "in training", False, False

    def __init__(self, network: Generator, device: torch.device) -> None:
        self.network, self.device = network, device
        self.factor, self.overlap = network.factor, network.radius

    def __call__(self, plane: Plane) -> Plane:
        """Enlarge H x W in [0, 1] to fH x fW."""
        with torch.inference_mode():
            grey = torch.from_numpy(plane)[None, None].to(self.device)
            large: Plane = self.network.on_grey(grey)[0, 0].float().cpu().numpy()
        return large


class Validation:
    """Score a network on the fixed validation pairs and pages of a run.

    Args:
        config: the run's configuration.
        folder: the patch store.
        warn: called with a sentence if CER is left out, since a failure of OCR does not end a training.
    """

    def __init__(self, config: TrainConfig, folder: Path, warn: Callable[[str], None]) -> None:
        self.factor, self.warn = config.factor, warn
        dataset = PairDataset(folder, "val", config.data, [config.factor], config.seed + 1, colours=config.colours)
        self.pairs = dataset.validation(config.output.validation_patches)
        degrade = Degrade(config.data.degrade, config.factor)
        scales = {
            x_height: float(np.sqrt(np.prod(scale)))
            for (factor, x_height), scale in dataset.scales.items()
            if factor == config.factor
        }
        pages = (
            (path, scales[read_header(store).x_height])
            for store in store_folders(folder)
            for path in sorted((store / PAGES).glob("*.png"))
        )
        self.pages: list[ValidationPage] = []
        try:
            for number, (path, scale) in enumerate(islice(pages, config.output.validation_pages)):
                self.pages.append(self._page(path, degrade, scale, number))
        except OCR_ERRORS as error:
            warn(f"validation has no CER: {_line(error)}")

    def run(
        self,
        network: Generator,
        device: torch.device,
        progress: Callable[[int, int], None] = lambda done, total: None,
    ) -> dict[str, float]:
        """Return scores by name: mse, psnr, ssim (each with bicubic's too) and, if there are pages, cer in percent.

        ``progress`` is called with the number of patches and pages that are done, and the number of all.
        """
        network.at(self.factor).eval()
        scores, total = dict[str, float](), len(self.pairs) + len(self.pages)
        progress(0, total)
        if self.pairs:
            enlarged = []
            for number, (lr, hr) in enumerate(self.pairs, 1):
                enlarged.append((self._enlarged(network, lr, device), hr))
                progress(number, total)
            scores |= _image_scores(enlarged, "")
            scores |= _image_scores([(self._bicubic(lr), hr) for lr, hr in self.pairs], "_bicubic")
        if self.pages:
            upscaler = InTraining(network, device)
            try:
                counts = []
                for number, page in enumerate(self.pages, len(self.pairs) + 1):
                    counts.append(_score(page.lr, page.text, upscaler))
                    progress(number, total)
                scores["cer"] = _percent(counts)
                scores["cer_bicubic"] = _percent([page.bicubic for page in self.pages])
            except OCR_ERRORS as error:
                self.warn(f"this validation has no CER: {_line(error)}")
        return scores

    def strip(self, network: Generator, device: torch.device, path: Path) -> Pixels | None:
        """Write and return the picture LR | bicubic | SR | HR of the first pairs; None if there are no pairs."""
        if not self.pairs:
            return None
        network.at(self.factor).eval()
        rows = []
        for lr, hr in self.pairs[:STRIP_ROWS]:
            near = lr.repeat_interleave(self.factor, 1).repeat_interleave(self.factor, 2)
            rows.append(torch.cat([near, self._bicubic(lr), self._enlarged(network, lr, device), hr], dim=2))
        picture = _pixels(torch.cat(rows, dim=1))
        path.parent.mkdir(parents=True, exist_ok=True)
        write_pages(path, [Page(picture)], "png")
        return picture

    def _page(self, path: Path, degrade: Degrade, scale: float, number: int) -> ValidationPage:
        page = next(iter(read_pages(path)))
        shape = [round(length * scale) // self.factor * self.factor for length in page.pixels.shape]
        hr = cv2.resize(page.pixels, (shape[1], shape[0]), interpolation=cv2.INTER_AREA)
        _, pixels = degrade(np.asarray(hr, np.uint8), np.random.default_rng([number, 1]))
        text = path.with_suffix(".txt").read_text(encoding="utf-8")
        lr = Page(pixels, source=path)
        return ValidationPage(lr, text, _score(lr, text, Interpolation("bicubic", self.factor)))

    def _enlarged(self, network: Generator, lr: Tensor, device: torch.device) -> Tensor:
        """Return the network's SR of C x H x W, clipped to [0, 1]; one image at a time bounds the memory."""
        with torch.no_grad():
            sr: Tensor = network(lr.unsqueeze(0).to(device))[0].float().cpu().clamp(0, 1)
        return sr

    def _bicubic(self, lr: Tensor) -> Tensor:
        """Enlarge C x H x W by bicubic interpolation, clipped to [0, 1]."""
        planes = [torch.from_numpy(enlarge(plane.numpy(), self.factor)) for plane in lr]
        return torch.stack(planes).clamp(0, 1)


def _score(lr: Page, text: str, upscaler: Upscaler) -> tuple[int, int]:
    """Return (edits, reference characters) of what Tesseract reads on the enlarged page."""
    return edits(text, Tesseract().read(upscale_page(lr, upscaler)))


def _line(error: Exception) -> str:
    return " ".join(str(error).split())  # Tesseract's messages have several lines


def _percent(counts: list[tuple[int, int]]) -> float:
    return 100 * sum(edit for edit, _ in counts) / max(1, sum(characters for _, characters in counts))


def _image_scores(pairs: Sequence[tuple[Tensor, Tensor]], suffix: str) -> dict[str, float]:
    """Return means over the images, SR and HR of C x H x W in [0, 1]: MSE, PSNR in dB, and SSIM of their grey.

    The PSNR of an image is 20 log10(MAX) - 10 log10(MSE), with MAX = 1. Images for which a score is undefined (the PSNR
    of equal images, the SSIM of small ones) are left out.
    """
    errors = [float((sr - hr).square().mean()) for sr, hr in pairs]
    scores: dict[str, Sequence[float | None]] = {"mse": errors}
    scores["psnr"] = [psnr_of(error, peak=1) for error in errors]
    scores["ssim"] = [ssim(luminance(_pixels(sr)), luminance(_pixels(hr))) for sr, hr in pairs]
    defined = {name: [value for value in values if value is not None] for name, values in scores.items()}
    return {f"{name}{suffix}": float(np.mean(values)) for name, values in defined.items() if values}


def _pixels(image: Tensor) -> Pixels:
    """Convert C x H x W in [0, 1] to H x W or H x W x 3 of uint8."""
    pixels: Pixels = (image.numpy() * 255).round().clip(0, 255).astype(np.uint8)
    return pixels[0] if len(pixels) == 1 else np.ascontiguousarray(np.moveaxis(pixels, 0, -1))
