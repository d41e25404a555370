"""Register the sources of training pages by name. To add one, write a class as in documents.py and add a line here."""

from __future__ import annotations

from docsr.pairs.documents import Images, Pdf, RvlCdip
from docsr.pairs.fonts import Fonts
from docsr.pairs.pictures import CelebA, Div2k, NpyPairs
from docsr.pairs.source import Source
from docsr.registry import Registry

SOURCES: Registry[type[Source]] = Registry(
    "source",
    {
        "rvl-cdip": RvlCdip,
        "pdf": Pdf,
        "images": Images,
        "fonts": Fonts,
        "npy-pairs": NpyPairs,
        "div2k": Div2k,
        "celeba": CelebA,
    },
)
