"""Cut crops of a page to look at: bicubic, SR and HR of the same place, where SR changed most."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from docsr.bench.arms import Arm
from docsr.bench.measure import Condition, as_measured
from docsr.bench.suite import SuitePage
from docsr.metrics.image import same_size
from docsr.page import Pixels, luminance
from docsr.upscale.page import upscale_page
from docsr.upscalers.interpolation import CLASSICAL
from docsr.viewer.embed import embedded
from docsr.viewer.sheet import busiest

CROP = (300, 720)
"""Height and width of a crop in px of the enlarged page."""

QUALITY = 72
LARGEST_FACTOR = 4


@dataclass(frozen=True, slots=True)
class Crops:
    """Data URLs of one place, all of one size; ``hr`` is None for a page that is measured as it is."""

    bicubic: str
    sr: str
    hr: str | None
    width: int


def crops(page: SuitePage, condition: Condition, arm: Arm, engine: str, peers: Path | None) -> Crops:
    """Enlarge the page by the arm (as for the engine) and by bicubic, and cut the place where they differ most."""
    hr = page.load()
    lr = as_measured(hr, page, condition)
    upscaler = arm.on(lr, engine).load(peers, 1)
    sr = upscale_page(lr, upscaler)
    factor = min(max(upscaler.factor, 2), LARGEST_FACTOR)
    bicubic = luminance(upscale_page(lr, CLASSICAL["bicubic"](factor)).pixels)
    sr_grey = same_size(luminance(sr.pixels), bicubic)
    where = busiest(np.asarray(cv2.absdiff(bicubic, sr_grey)), CROP)
    truth = None if condition.lr_dpi is None else _data_url(same_size(luminance(hr.pixels), bicubic)[where])
    return Crops(_data_url(bicubic[where]), _data_url(sr_grey[where]), truth, bicubic[where].shape[1])


def _data_url(pixels: Pixels) -> str:
    return embedded(pixels, QUALITY).url
