"""Enlarge one image in memory: the Python interface."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any, Literal, TypeVar

import numpy as np

from docsr.batch.options import EnhanceOptions, output_format
from docsr.choices import DEFAULT_TILE, FACTORS, MEASURED_ENGINES
from docsr.decide.decision import Plan, check_engine, factor_for_text, measured_x_height, plan_page, scripts_on
from docsr.errors import PageError, UsageError, first_line
from docsr.io.document import read_document, suffix_of, write_document
from docsr.io.limits import allowing, memory_for, most_pixels, size_of
from docsr.io.raster.decode import page_of
from docsr.languages import codes_of
from docsr.page import Page
from docsr.square import pixel_shape, squared
from docsr.system.temporary import temporary_folder
from docsr.upscale.page import upscale_page
from docsr.upscalers.base import Upscaler
from docsr.upscalers.catalog import fixed_factor, resolve
from docsr.weights import current_name

Image = TypeVar("Image")


def _network_of(model: str | None) -> str | None:
    warn = partial(warnings.warn, category=FutureWarning, stacklevel=4)
    return None if model is None else current_name(str(model), warn)


def _checked(factor: int | Literal["auto"] | None) -> int | None:
    factor = None if factor == "auto" else factor
    if factor is not None and factor not in FACTORS:
        raise UsageError(f"the factor is {', '.join(map(str, FACTORS))} or 'auto', not {factor!r}")
    return factor


class Enhancer:
    """Enlarge images with a network that is loaded once. It is thread-safe and can be pickled for workers."""

    def __init__(
        self,
        model: str | None = None,
        factor: int | Literal["auto"] | None = 2,
        *,
        tile: int = DEFAULT_TILE,
        threads: int | None = None,
        device: str = "auto",
        guard: bool = True,
        engine: str = MEASURED_ENGINES[0],
        keep_pixel_shape: bool = False,
        languages: Sequence[str] | str = (),
    ) -> None:
        """Load the named network.

        Args:
            model: ``bicubic``, ``lanczos``, ``nearest``, the name of a shipped network, or an .onnx or .safetensors
                file. None chooses, for the text size of each image, the shipped network or bicubic that reads best.
            factor: 2, 4 or 8. "auto" (or None) chooses by the text size of each image, 1 if the text is large enough.
            tile: side of a square tile in input px, without its overlap. Oblong tiles have no more pixels than it.
            threads: CPU threads for one call, None for all.
            device: ``auto``, ``cpu``, ``cuda``, ``tensorrt`` or ``openvino``.
            guard: whether to replace by bicubic what a network made and the image does not support, and dark areas.
            engine: ``tesseract`` or ``rapidocr``, which will read the image. The choices of model and factor suit it.
            keep_pixel_shape: whether to keep pixels that are not square; otherwise they are made square first.
            languages: Tesseract's codes, ``"deu+fra"`` or a list, which decide whether networks suit the script.

        Raises:
            UsageError: the model, engine or language is unknown, or the model was made for another factor.
            CheckpointError: the network file cannot be used.
        """
        check_engine(engine)
        self._languages = codes_of([languages] if isinstance(languages, str) else languages)
        self._engine, self._keeps_pixel_shape = engine, keep_pixel_shape or model == "none"
        self._model, self._factor = _network_of(model), _checked(factor)
        self._threads, self._device, self._tile, self._guard = threads, device, tile, guard
        self._fixed_factor = fixed_factor(self._model)
        self._loaded: dict[Plan, Upscaler] = {}
        if self._model is not None and (known := self._factor or self._fixed_factor) is not None:
            self._load(Plan(known, self._model))

    def __call__(self, image: Image) -> Image:
        """Enlarge one image.

        Args:
            image: a uint8 array, H x W grey or H x W x 3 RGB; a Pillow image of any mode (alpha is laid on a
                background); the path of an image or PDF file of one page; or the bytes of such an image file.

        Returns:
            The enlarged image, of the same type as the input. For bytes: the bytes of a file of the same format, or
            of a PNG if docsr does not write that format. For a path: a Pillow image; no file is written. The result
            equals that of ``docsr enhance --grey``: grey or RGB, upright, with its colour profile if that still fits,
            and with its dpi multiplied.

        Raises:
            UsageError: the argument is not such an image, or is a file with several pages.
            PageError: the file is missing or damaged, or the network failed.
        """
        result: Image = self._enhanced(image)
        return result

    def _enhanced(self, image: Any) -> Any:
        match image:
            case np.ndarray():
                return self._array(image)
            case bytes():
                return self._encoded(image)
            case str() | Path():
                return _as_pillow(self.upscaled(_only_page(Path(image))))
        return self._pillow(image)

    def _array(self, image: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
        grey_or_rgb = image.ndim == 2 or (image.ndim == 3 and image.shape[2] == 3)
        if image.dtype != np.uint8 or not grey_or_rgb or image.size == 0:
            raise UsageError(f"an image is uint8, H x W or H x W x 3, not {image.dtype} {image.shape}")
        return self.upscaled(Page(image)).pixels

    def _pillow(self, image: Any) -> Any:
        from PIL import Image as pillow

        if not isinstance(image, pillow.Image):
            raise UsageError(f"an image is a numpy array, a Pillow image, a path or bytes, not {type(image).__name__}")
        try:
            page = page_of(image)
        except ValueError as error:
            raise UsageError(f"an image of mode {image.mode} cannot be enlarged: {error}") from error
        except (OSError, SyntaxError) as error:  # Pillow reads a file as late as it can
            raise PageError(f"the image could not be read, it is damaged: {first_line(error)}") from error
        return _as_pillow(self.upscaled(page))

    def _encoded(self, content: bytes) -> bytes:
        with temporary_folder() as folder:  # a file, so that the same code reads all formats
            path = folder / "image"
            path.write_bytes(content)
            suffix = suffix_of(path)
            try:
                page = self.upscaled(_only_page(path))
            except PageError as error:
                raise PageError(str(error).replace(str(path), "the image")) from error
            finished = path.with_suffix(suffix)
            write_document(finished, [page], output_format(finished, "same"), EnhanceOptions().quality)
            return finished.read_bytes()

    def upscaled(self, page: Page) -> Page:
        """Enlarge one page. Its pixels are made square first, unless their shape is to be kept.

        Raises:
            PageError: the result would be too large, or the network failed.
        """
        shape = 1.0 if self._keeps_pixel_shape else pixel_shape(page.density)
        undecided = self._model is None or self._factor is None
        seen = page if self._keeps_pixel_shape or not undecided else squared(page)
        x_height = measured_x_height(seen) if undecided else None
        needed = self._factor or factor_for_text(x_height, self._engine)
        plan = plan_page(
            needed,
            x_height,
            factor=self._factor,
            model=self._model,
            fixed_factor=self._fixed_factor,
            engine=self._engine,
            shape=shape,
            scripts=partial(scripts_on, seen.pixels, x_height, self._languages),
        )
        return upscale_page(page, self._load(plan), raster=plan.raster, tile=self._tile, guard=self._guard)

    def _load(self, plan: Plan) -> Upscaler:
        if plan not in self._loaded:  # if two threads load it at once, one copy is kept
            self._loaded[plan] = resolve(plan.model, plan.factor, self._threads, self._device)
        return self._loaded[plan]


def _only_page(path: Path) -> Page:
    pages = read_document(path)
    with allowing(most_pixels(), memory_for(size_of(path), most_pixels(), 1)):
        page = next(pages)
    if next(pages, None) is not None:
        raise UsageError(f"{path} has several pages: use the docsr enhance command for such files")
    return page


def _as_pillow(page: Page) -> Any:
    from PIL import Image as pillow

    large = pillow.fromarray(page.pixels)
    large.info |= {"dpi": page.dpi} if page.dpi is not None else {}
    large.info |= {"icc_profile": page.icc} if page.icc is not None else {}
    return large


def enhance(
    image: Image,
    factor: int | Literal["auto"] | None = 2,
    model: str | None = None,
    engine: str = MEASURED_ENGINES[0],
    languages: Sequence[str] | str = (),
) -> Image:
    """Enlarge one array, Pillow image, path or file content. See :class:`Enhancer` for arguments, result and errors.

    Each call loads the network again. For many images, keep an :class:`Enhancer`.
    """
    return Enhancer(_network_of(model), factor, engine=engine, languages=languages)(image)
