"""Networks built as those that others publish, exported by torch, run."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from docsr.upscalers.graph import Graph
from docsr.upscalers.onnx import OnnxUpscaler


class Network(nn.Module):
    """Enlarges N x 1 x H x W by its factor."""

    factor: int

    def forward(self, x: Tensor) -> Tensor:
        enlarged: Tensor = self.enlarge(x)
        return enlarged

    def enlarge(self, x: Tensor) -> Any:
        raise NotImplementedError


class RealEsrganCompact(Network):
    """A plain trunk with PReLU, PixelShuffle, and the nearest enlargement added (SRVGGNetCompact)."""

    factor = 4

    def __init__(self) -> None:
        super().__init__()
        self.body = nn.Sequential(nn.Conv2d(1, 8, 3, 1, 1), nn.PReLU(8), nn.Conv2d(8, 16, 3, 1, 1), nn.PixelShuffle(4))

    def enlarge(self, x: Tensor) -> Any:
        return self.body(x) + F.interpolate(x, scale_factor=4, mode="nearest")


class Esrgan(Network):
    """Dense blocks, and doublings by nearest enlargement with a convolution after each."""

    factor = 4

    def __init__(self) -> None:
        super().__init__()
        self.head, self.grow, self.merge = (nn.Conv2d(*ends, 3, 1, 1) for ends in ((1, 8), (8, 4), (12, 8)))
        self.first, self.second, self.tail = (nn.Conv2d(*ends, 3, 1, 1) for ends in ((8, 8), (8, 8), (8, 1)))

    def enlarge(self, x: Tensor) -> Any:
        seen = self.head(x)
        seen = seen + 0.2 * self.merge(torch.cat([seen, F.leaky_relu(self.grow(seen), 0.2)], 1))
        for conv in (self.first, self.second):
            seen = F.leaky_relu(conv(F.interpolate(seen, scale_factor=2, mode="nearest")), 0.2)
        return self.tail(seen).clamp(0, 1)


class Waifu2x(Network):
    """Padding by mirroring, convolutions without, a transposed one at the end, and squeeze and excitation."""

    factor = 2

    def __init__(self) -> None:
        super().__init__()
        self.body = nn.Sequential(nn.Conv2d(1, 8, 3), nn.LeakyReLU(0.1), nn.Conv2d(8, 8, 3))
        self.squeeze, self.up = nn.Conv2d(8, 8, 1), nn.ConvTranspose2d(8, 1, 4, 2, 3)

    def enlarge(self, x: Tensor) -> Any:
        seen = self.body(F.pad(x, (3, 3, 3, 3), mode="reflect"))
        seen = seen * torch.sigmoid(self.squeeze(seen.mean((2, 3), keepdim=True)))
        return self.up(seen)


class Swin(Network):
    """Attention in windows of 8 x 8 px: padded to whole windows, taken apart, put together, cropped."""

    factor = 2

    def __init__(self) -> None:
        super().__init__()
        self.head, self.tail = nn.Conv2d(1, 8, 3, 1, 1), nn.Conv2d(8, 4, 3, 1, 1)
        self.norm, self.keys = nn.LayerNorm(8), nn.Linear(8, 24)

    def enlarge(self, x: Tensor) -> Any:
        height, width = x.shape[2:]
        seen = self.head(F.pad(x, (0, -width % 8, 0, -height % 8), mode="replicate"))
        batch, channels, rows, columns = seen.shape
        windows = seen.reshape(batch, channels, rows // 8, 8, columns // 8, 8).permute(0, 2, 4, 3, 5, 1)
        windows = windows.reshape(-1, 64, channels)
        query, key, value = self.keys(self.norm(windows)).split(channels, dim=-1)
        windows = windows + torch.softmax(query @ key.transpose(1, 2) * 0.3, dim=-1) @ F.gelu(value)
        seen = windows.reshape(batch, rows // 8, columns // 8, 8, 8, channels).permute(0, 5, 1, 3, 2, 4)
        seen = seen.reshape(batch, channels, rows, columns)
        return F.pixel_shuffle(self.tail(seen), 2)[:, :, : 2 * height, : 2 * width]


class Normalised(Network):
    """Instance and group normalisation, pooling, and an enlargement to a size that is computed."""

    factor = 2

    def __init__(self) -> None:
        super().__init__()
        self.head, self.tail = nn.Conv2d(1, 8, 3, 1, 1), nn.Conv2d(8, 1, 3, 1, 1)
        self.norms = nn.Sequential(nn.InstanceNorm2d(8, affine=True), nn.ReLU(), nn.GroupNorm(2, 8), nn.Hardswish())

    def enlarge(self, x: Tensor) -> Any:
        seen = self.norms(self.head(x))
        small = F.max_pool2d(seen, 2, ceil_mode=True)
        seen = seen + F.interpolate(small, size=seen.shape[2:], mode="bilinear", align_corners=False)
        size = 2 * x.shape[2], 2 * x.shape[3]
        return F.interpolate(self.tail(seen), size=size, mode="bicubic", align_corners=False)


NETWORKS = [RealEsrganCompact, Esrgan, Waifu2x, Swin, Normalised]


def exported(network: nn.Module, path: Path, *, dynamo: bool) -> Path:
    example, free = torch.rand(1, 1, 40, 56), {2: "h", 3: "w"}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the exporters' own deprecations, and what tracing sees of sizes
        if dynamo:
            sizes = {2: torch.export.Dim("h", min=8), 3: torch.export.Dim("w", min=8)}
            torch.onnx.export(
                network, (example,), path, dynamo=True, dynamic_shapes=(sizes,), verbose=False, external_data=False
            )
        else:
            names: dict[str, Any] = {
                "input_names": ["x"],
                "output_names": ["y"],
                "dynamic_axes": {"x": free, "y": free},
            }
            torch.onnx.export(network, (example,), str(path), dynamo=False, opset_version=17, **names)
    return path


@pytest.mark.slow_except("RealEsrganCompact-False", "Esrgan-False", "Waifu2x-False", "Swin-False", "Normalised-False")
@pytest.mark.parametrize(
    ("kind", "dynamo"),
    [*((kind, False) for kind in NETWORKS), (Swin, True)],
    ids=lambda one: getattr(one, "__name__", one),
)
def test_networks_of_others_run(kind: type[Network], dynamo: bool, tmp_path: Path) -> None:
    torch.manual_seed(0)
    network = kind().eval()
    path = exported(network, tmp_path / "a.onnx", dynamo=dynamo)
    upscaler, graph = OnnxUpscaler(path, threads=1), Graph(path.read_bytes())
    plane = np.random.default_rng(0).random((29, 43), np.float32)
    with torch.inference_mode():
        expected = network(torch.from_numpy(plane)[None, None])
    assert upscaler.factor == kind.factor
    assert graph.output_shape(29, 43) == tuple(expected.shape)
    np.testing.assert_allclose(upscaler(plane), expected[0, 0].numpy(), atol=1e-4)
    assert graph.output_shape(606, 606) == (1, 1, 606 * upscaler.factor, 606 * upscaler.factor)
