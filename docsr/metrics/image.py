"""Image scores on grey batches N x 1 x H x W in [0, 1], one value a batch (torchmetrics)."""

from __future__ import annotations

from torch import Tensor
from torchmetrics.functional.image import peak_signal_noise_ratio, structural_similarity_index_measure


def psnr(sr: Tensor, hr: Tensor) -> Tensor:
    """Peak signal-to-noise ratio in dB, peak 1, of the error pooled over the batch."""
    score: Tensor = peak_signal_noise_ratio(sr, hr, data_range=1.0)
    return score


def ssim(sr: Tensor, hr: Tensor) -> Tensor:
    """Structural similarity (Wang et al. 2004), mean over the batch."""
    score = structural_similarity_index_measure(sr, hr, data_range=1.0)
    assert isinstance(score, Tensor)
    return score
