"""Reading loss: what a text recogniser makes of a line of the patch, SR against HR.

The recogniser loss looks at strokes and letters as they stand. This one cuts a line of text out of the patch, brings it
to the height that the recogniser reads, and goes on to where the recogniser knows what the letters are: a letter that
is a little another one costs more than one that is only blurred. Not its letters but the features before them are
compared: the gradient of a KL divergence of letters is for single lines many times its median, that of the features is
not.
"""

from __future__ import annotations

from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from docsr.losses.crnn import LINE_HEIGHT, Crnn, relative_l1

INK_SHARE = 0.3
"""Ink is what is darker than the paper by this share of the darkest."""
INK_DEPTH = 0.2
"""Of [0, 1]: a patch where nothing is darker than the paper by this has no text."""
ROW_SHARE = 0.02
"""A row of pixels belongs to a line where more than this share of it is ink."""
SHORTEST = 10
"""Px: nothing lower is a line of text."""
MARGIN = 0.1
"""Of the line's height, above and below."""


class ReadingLoss(nn.Module):
    """Mean over the lines of the mean relative L1 distance of two features: of the columns, and after the LSTMs.

    Args:
        weights: EasyOCR recogniser file (``english_g2.pth``).
        patches: of only so many patches of a batch a line is read, to bound the time.
    """

    def __init__(self, weights: Path, patches: int) -> None:
        super().__init__()
        self.patches = patches
        self.crnn = Crnn(weights, whole=True)

    def forward(self, sr: Tensor, hr: Tensor) -> Tensor:
        """Scalar loss of N x C x H x W images in [0, 1], of their grey; 0 where there is no whole line."""
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
        """Features of the columns and of the sequence, 1 x T x 256, of these rows of a 1 x H x W image in [0, 1]."""
        line = image[None, :, rows]
        width = round(line.shape[-1] * LINE_HEIGHT / line.shape[-2])
        line = F.interpolate(line, (LINE_HEIGHT, width), mode="bilinear", antialias=True, align_corners=False)
        columns = self.crnn.columns(line * 2 - 1)
        with torch.autocast(columns.device.type, enabled=False):  # the LSTMs are too small to gain by bf16
            columns = columns.float()
            return columns, self.crnn.sequence(columns)


def find_line(image: Tensor) -> slice | None:
    """Rows of the line of text with the most ink that lies wholly in an H x W image in [0, 1], with a margin.

    Lines are runs of rows with ink on them, and at most half as high as the image. None where there is none.
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
