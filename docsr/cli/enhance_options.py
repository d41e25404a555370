"""The options of ``docsr enhance`` that become an :class:`docsr.batch.options.EnhanceOptions`."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

import click

from docsr.choices import (
    DEFAULT_QUALITY,
    DEFAULT_TILE,
    DEVICES,
    FACTORS,
    FORMATS,
    HIGHEST_DPI,
    HIGHEST_QUALITY,
    LARGEST_TILE,
    LEAST_MEMORY,
    LOWEST_DPI,
    LOWEST_QUALITY,
    MAX_PIXELS,
    MEASURED_ENGINES,
    MOST_MEMORY,
    MOST_PIXELS,
    SANDBOX_MODES,
    SMALLEST_TILE,
)
from docsr.cli.model_name import ModelName
from docsr.cli.numbers import Real, Whole

MB = 10**6

_OPTIONS = (
    click.Option(
        ["--factor"],
        type=click.Choice(["auto", *map(str, FACTORS)]),
        default="auto",
        callback=lambda _context, _option, value: None if value == "auto" else int(value),
        show_default=True,
        help="Enlargement; auto brings the measured x-height towards 20-30 px and leaves large text as it is.",
    ),
    click.Option(
        ["--dpi"], type=Real(LOWEST_DPI, HIGHEST_DPI), help="Exact resolution of the output, in place of --factor."
    ),
    click.Option(
        ["--model"], type=ModelName(), metavar="NAME|FILE", help="See `docsr models`; or a .onnx or .safetensors file."
    ),
    click.Option(
        ["--format"],
        type=click.Choice(FORMATS),
        default="same",
        show_default=True,
        help="Format of the output.",
    ),
    click.Option(
        ["--quality"],
        type=Whole(LOWEST_QUALITY, HIGHEST_QUALITY),
        default=DEFAULT_QUALITY,
        show_default=True,
        help="Quality of WebP and JPEG, also in PDF.",
    ),
    click.Option(
        ["--tile"],
        type=Whole(SMALLEST_TILE, LARGEST_TILE),
        default=DEFAULT_TILE,
        show_default=True,
        help="Side of a square tile in input px; a tile may be longer than that if it is narrower.",
    ),
    click.Option(
        ["--binarize/--grey"],
        default=None,
        help="Write 1-bit pages with one bit per pixel (TIFF, PDF: Group 4), or in grey.  [default: one bit in TIFF "
        "and PDF if text is at least 8 px high and pixels were square, since Tesseract reads these equally well; else "
        "grey]",
    ),
    click.Option(
        ["--keep-pixel-shape"],
        is_flag=True,
        help="Leave pixels that are not square (faxes of 204 x 98 dpi) as they are instead of making them square "
        "first.",
    ),
    click.Option(
        ["--guard/--no-guard"],
        default=True,
        show_default=True,
        help="Put areas back to bicubic if the page does not bear out what a network made, or if they are dark.",
    ),
    click.Option(
        ["--engine"],
        type=click.Choice(MEASURED_ENGINES),
        default=MEASURED_ENGINES[0],
        show_default=True,
        help="OCR engine that will read the pages: it decides where networks are used and how far auto enlarges.",
    ),
    click.Option(
        ["--language", "languages"],
        multiple=True,
        metavar="CODE",
        help="Tesseract's code of a language on the pages (eng, chi_sim, deu+fra, script/Cyrillic); may be given more "
        "than once. Networks are used only on scripts for which they were measured to help: Latin.  [default: docsr "
        "looks at the page]",
    ),
    click.Option(
        ["--device"],
        type=click.Choice(DEVICES),
        default="auto",
        show_default=True,
        help="Where networks run; auto takes CUDA or OpenVINO if this ONNX Runtime has it.",
    ),
    click.Option(
        ["--max-pixels"],
        type=Whole(1, MOST_PIXELS),
        default=MAX_PIXELS,
        show_default=True,
        help="Refuse pages with more pixels: a file of a few bytes can claim a page that fills the memory.",
    ),
    click.Option(
        ["--sandbox"],
        type=click.Choice(SANDBOX_MODES),
        default="auto",
        show_default=True,
        envvar="DOCSR_SANDBOX",
        show_envvar=True,
        help="Restrict the processes that read files to what they need (Linux 6.2 or later); auto: where the system "
        "allows it; on: refuse to run where it does not.",
    ),
    click.Option(
        ["--max-memory"],
        type=Whole(LEAST_MEMORY // MB, MOST_MEMORY // MB),
        metavar="MB",
        callback=lambda _context, _option, value: None if value is None else value * MB,
        help="Memory limit of the process that works on a file (Linux); a page that needs more is given up.  [default: "
        "1000, or 3000 where torch runs the network, plus 128 MB for each MB of the file, up to its share of the "
        "machine; more for a larger --max-pixels]",
    ),
)


def enhance_options(command: Callable[..., int]) -> Callable[..., int]:
    """Give a command these options, which it gets as one argument, ``options``."""

    @wraps(command)
    def called(**given: Any) -> int:
        from docsr.batch.options import EnhanceOptions

        own = {str(option.name): given.pop(str(option.name)) for option in _OPTIONS}
        return command(options=EnhanceOptions(**own), **given)

    params: list[click.Parameter] = [*getattr(command, "__click_params__", []), *reversed(_OPTIONS)]
    called.__click_params__ = params  # type: ignore[attr-defined]
    return called
