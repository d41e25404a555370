"""One image in memory through an upscaler: the Python interface."""

from __future__ import annotations

from typing import Any, TypeVar

import numpy as np

from docsr.errors import PageError, UsageError, first_line
from docsr.io.decode import page_of
from docsr.page import Page
from docsr.upscalers.catalog import resolve
from docsr.upscalers.page import DEFAULT_TILE, upscale_page

Image = TypeVar("Image")


class Enhancer:
    """Enlarges images; loads its network once, is safe in threads, and can be pickled for workers."""

    def __init__(
        self,
        model: str | None = None,
        factor: int = 2,
        *,
        tile: int = DEFAULT_TILE,
        threads: int | None = None,
        device: str = "auto",
    ) -> None:
        """Load the network.

        Args:
            model: ``bicubic``, ``lanczos``, ``nearest``, a shipped network, an .onnx or .safetensors file, or None for
                the shipped network of ``factor``.
            factor: 2, 4 or 8.
            tile: largest side of a tile in input px.
            threads: CPU threads of one call, None for all.
            device: ``auto``, ``cpu`` or ``cuda``.

        Raises:
            UsageError: an unknown model, or one made for another factor.
            CheckpointError: a network file that cannot be used.
        """
        self._upscaler = resolve(str(model) if model is not None else None, factor, threads, device)
        self._tile = tile

    def __call__(self, image: Image) -> Image:
        """Enlarge one image.

        Args:
            image: a uint8 array, H x W grey or H x W x 3 RGB, or a Pillow image of any mode (alpha is put on white).

        Returns:
            The same kind, ``factor`` times as large. A Pillow image becomes what ``docsr enhance`` makes of its file:
            grey or RGB, upright, with its profile if that still fits, and its dpi multiplied.

        Raises:
            UsageError: something else than such an image.
            PageError: the file behind a Pillow image is damaged, or the network failed.
        """
        result: Any = self._array(image) if isinstance(image, np.ndarray) else self._pillow(image)
        return result  # type: ignore[no-any-return]

    def _array(self, image: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
        grey_or_rgb = image.ndim == 2 or (image.ndim == 3 and image.shape[2] == 3)
        if image.dtype != np.uint8 or not grey_or_rgb or image.size == 0:
            raise UsageError(f"an image is uint8, H x W or H x W x 3, not {image.dtype} {image.shape}")
        return upscale_page(Page(image), self._upscaler, tile=self._tile).pixels

    def _pillow(self, image: Any) -> Any:
        from PIL import Image as pillow

        if not isinstance(image, pillow.Image):
            raise UsageError(f"an image is a numpy array or a Pillow image, not {type(image).__name__}")
        try:
            page = page_of(image)
        except ValueError as error:
            raise UsageError(f"an image of mode {image.mode} cannot be enlarged: {error}") from error
        except (OSError, SyntaxError) as error:  # Pillow reads a file as late as it can
            raise PageError(f"the image could not be read, it is damaged: {first_line(error)}") from error
        result = upscale_page(page, self._upscaler, tile=self._tile)
        large = pillow.fromarray(result.pixels)
        large.info |= {"dpi": result.dpi} if result.dpi is not None else {}
        large.info |= {"icc_profile": result.icc} if result.icc is not None else {}
        return large


def enhance(image: Image, factor: int = 2, model: str | None = None) -> Image:
    """Enlarge one array or Pillow image; arguments, result and errors as in :class:`Enhancer`.

    Each call loads the network again: for many images keep an :class:`Enhancer`.
    """
    return Enhancer(model, factor)(image)
