"""docsr: super-resolution of document images before OCR.

``docsr.enhance(image, factor=2)`` enlarges an array or a Pillow image; ``docsr.Enhancer`` loads a network once.
All errors derive from ``docsr.DocsrError``. These names are loaded on first use, so that ``import docsr`` stays light.
"""

from __future__ import annotations

import os
from importlib import import_module
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from docsr.api import Enhancer as Enhancer
    from docsr.api import enhance as enhance
    from docsr.errors import DocsrError as DocsrError

# By default ONNX Runtime reports runs to its makers and keeps an identifier in the home folder. It reads this variable
# when it is loaded.
os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")

__version__ = version("docsr")

__all__ = ["DocsrError", "Enhancer", "__version__", "enhance"]

_LAZY = {"DocsrError": "docsr.errors", "Enhancer": "docsr.api", "enhance": "docsr.api"}


def __getattr__(name: str) -> Any:
    if name not in _LAZY:
        raise AttributeError(f"module 'docsr' has no attribute '{name}'")
    return getattr(import_module(_LAZY[name]), name)
