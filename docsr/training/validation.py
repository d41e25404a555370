"""Validation while training: PSNR and SSIM on patches, CER on whole pages, and a picture to look at."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import torch
from torch import Tensor, nn

from docsr.config import TrainConfig
from docsr.io.images import read_pages, write_pages
from docsr.metrics.image import psnr, ssim
from docsr.metrics.text import edits
from docsr.ocr.tesseract import Tesseract
from docsr.page import Page, Pixels
from docsr.pairs.dataset import PairDataset
from docsr.pairs.degrade import Degrade

STRIP_ROWS = 4


@dataclass(frozen=True)
class ValidationPage:
    """A degraded page, its reference text, and bicubic's CER on it (edits, characters)."""

    lr: Pixels
    text: str
    bicubic: tuple[int, int]


class Validation:
    """Holds the fixed validation pairs and pages of a run.

    Args:
        config: the run's configuration.
        folder: the patch store.
    """

    def __init__(self, config: TrainConfig, folder: Path) -> None:
        self.factor = config.factor
        dataset = PairDataset(folder, "val", config.data, config.factor, config.seed + 1)
        self.pairs = [dataset[n] for n in range(config.output.validation_patches if len(dataset) else 0)]
        self.pages: list[ValidationPage] = []
        if config.output.validation_pages and Tesseract.available():
            degrade = Degrade(config.data.degrade, config.factor)
            scale = float(np.sqrt(dataset.scale[0] * dataset.scale[1]))
            paths = sorted((folder / "pages").glob("*.png"))[: config.output.validation_pages]
            self.pages = [self._page(path, degrade, scale, n) for n, path in enumerate(paths)]

    def run(self, network: nn.Module, device: torch.device) -> dict[str, float]:
        """Scores by name: psnr, ssim (with bicubic's beside them) and, where there are pages, cer in percent."""
        network.eval()
        scores: dict[str, float] = {}
        if self.pairs:
            lr, hr = (torch.stack(side) for side in zip(*self.pairs, strict=True))
            with torch.no_grad():
                sr = network(lr.to(device)).float().cpu().clamp(0, 1)
            bicubic = enlarge(lr, self.factor)
            for name, score in (("psnr", psnr), ("ssim", ssim)):
                scores[name] = float(score(sr, hr))
                scores[f"{name}_bicubic"] = float(score(bicubic, hr))
        if self.pages:
            found = [edits(page.text, _read(self._enlarge_page(network, page.lr, device))) for page in self.pages]
            scores["cer"] = _percent(found)
            scores["cer_bicubic"] = _percent([page.bicubic for page in self.pages])
        return scores

    def strip(self, network: nn.Module, device: torch.device, path: Path) -> Pixels | None:
        """Write and return the picture LR | bicubic | SR | HR of the first pairs; None when there is no pair."""
        if not self.pairs:
            return None
        network.eval()
        rows = []
        for lr, hr in self.pairs[:STRIP_ROWS]:
            with torch.no_grad():
                sr = network(lr.unsqueeze(0).to(device)).float().cpu()
            near = lr.repeat_interleave(self.factor, 1).repeat_interleave(self.factor, 2)
            cells = [near, enlarge(lr.unsqueeze(0), self.factor)[0], sr[0], hr]
            rows.append(torch.cat([cell.clamp(0, 1) for cell in cells], dim=2))
        picture = (torch.cat(rows, dim=1)[0].numpy() * 255).round().astype(np.uint8)
        path.parent.mkdir(parents=True, exist_ok=True)
        write_pages(path, [Page(picture)], "png")
        return picture

    def _page(self, path: Path, degrade: Degrade, scale: float, number: int) -> ValidationPage:
        page = next(iter(read_pages(path)))
        shape = [round(length * scale) // self.factor * self.factor for length in page.pixels.shape]
        hr = cv2.resize(page.pixels, (shape[1], shape[0]), interpolation=cv2.INTER_AREA)
        _, lr = degrade(np.asarray(hr, np.uint8), np.random.default_rng([number, 1]))
        text = path.with_suffix(".txt").read_text(encoding="utf-8")
        large = cv2.resize(lr, None, fx=self.factor, fy=self.factor, interpolation=cv2.INTER_CUBIC)
        return ValidationPage(lr, text, edits(text, _read(np.asarray(large, np.uint8))))

    def _enlarge_page(self, network: nn.Module, lr: Pixels, device: torch.device) -> Pixels:
        with torch.no_grad():
            batch = torch.from_numpy(lr.astype(np.float32) / 255)[None, None].to(device)
            sr = network(batch).float().cpu().clamp(0, 1)
        return np.asarray((sr[0, 0].numpy() * 255).round(), np.uint8)


def enlarge(lr: Tensor, factor: int) -> Tensor:
    """Bicubic enlargement of N x 1 x H x W, clipped to [0, 1]."""
    large: Tensor = nn.functional.interpolate(lr, scale_factor=factor, mode="bicubic", align_corners=False)
    return large.clamp(0, 1)


def _read(pixels: Pixels) -> str:
    return Tesseract().read(Page(pixels))


def _percent(found: list[tuple[int, int]]) -> float:
    return 100 * sum(edit for edit, _ in found) / max(1, sum(characters for _, characters in found))
