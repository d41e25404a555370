"""Compute the reading loss: the difference between a recogniser's features of a text line in SR and in HR.

The recogniser loss compares strokes and letters as they stand. This loss cuts a line of text out of the patch, scales
it to the height that the recogniser reads, and uses layers in which the recogniser knows the letters. A letter that
resembles another one therefore costs more than a letter that is only blurred. It compares the features
before the layer of letters. For single lines, the gradient of a KL divergence of letters is many times its median, but
that of the features is not.
"""

from __future__ import annotations

from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from docsr.losses.crnn import LINE_HEIGHT, Crnn, relative_l1

INK_SHARE = 0.3
"""A pixel is ink if it is darker than the paper by this share of the darkest pixel's difference."""
INK_DEPTH = 0.2
"""A patch has no text if nothing in it, in [0, 1], is darker than the paper by this."""
ROW_SHARE = 0.02
"""A row of pixels belongs to a line if more than this share of it is ink."""
SHORTEST = 10
"""Smallest height of a line of text in px."""
MARGIN = 0.1
"""Margin above and below a line, as a share of its height."""


class ReadingLoss(nn.Module):
    """Average over the lines the relative L1 distances of two features: of the columns, and after the LSTMs.

    Args:
        weights: EasyOCR recogniser file (``english_g2.pth``).
        patches: number of patches of a batch in which a line is read, to bound the time.
    """

    def __init__(self, weights: Path, patches: int) -> None:
        super().__init__()
        self.patches = patches
        self.crnn = Crnn(weights, whole=True)

    def forward(self, sr: Tensor, hr: Tensor) -> Tensor:
        """Return the scalar loss of the grey of N x C x H x W images in [0, 1]; 0 if there is no whole line."""
        sr, hr = (side[: self.patches].mean(dim=1, keepdim=True) for side in (sr, hr))
        losses = []
        for image, target in zip(sr, hr, strict=True):
            rows = find_line(target[0])
            if rows is None:
                continue
            with torch.no_grad():
                wanted = self.read(target, rows)
            losses += [relative_l1(*sides) for sides in zip(self.read(image, rows), wanted, strict=True)]
        return torch.stack(losses).mean() if losses else sr.sum() * 0

    def read(self, image: Tensor, rows: slice) -> tuple[Tensor, Tensor]:
        """Return features, 1 x T x 256, of the columns and of the sequence of these rows of 1 x H x W in [0, 1]."""
        line = image[None, :, rows]
        width = round(line.shape[-1] * LINE_HEIGHT / line.shape[-2])
        line = F.interpolate(line, (LINE_HEIGHT, width), mode="bilinear", antialias=True, align_corners=False)
        columns = self.crnn.columns(line * 2 - 1)
        with torch.autocast(columns.device.type, enabled=False):  # the LSTMs are too small to gain from bf16
            columns = columns.float()
            return columns, self.crnn.sequence(columns)


def find_line(image: Tensor) -> slice | None:
    """Return the rows of the inkiest text line that lies wholly in an H x W image in [0, 1], with a margin, or None.

    A line is a run of rows with ink, at most half as high as the image.
    """
    depth = image.median() - image
    if depth.max() < INK_DEPTH:
        return None
    ink = (depth > INK_SHARE * depth.max()).float().mean(dim=1).tolist()
    height, best, most, top = len(ink), None, 0.0, None
    for row, share in enumerate([*ink, 0.0]):
        if share > ROW_SHARE:
            top = row if top is None else top
        elif top is not None:
            amount = sum(ink[top:row])
            if top > 0 and row < height and SHORTEST <= row - top <= height // 2 and amount > most:
                margin = max(2, round(MARGIN * (row - top)))
                best, most = slice(max(0, top - margin), min(height, row + margin)), amount
            top = None
    return best
