"""docsr: super-resolution of document images before OCR.

``docsr.enhance(image, factor=2)`` enlarges an array or a Pillow image; ``docsr.Enhancer`` loads a network
once. Both are loaded on first use, so that ``import docsr`` stays light.
"""

from __future__ import annotations

import os
from importlib import import_module
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from docsr.enhance import Enhancer as Enhancer
    from docsr.enhance import enhance as enhance

# ONNX Runtime would report runs to its makers and keep an identifier in the home folder; it looks when it is loaded.
os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")

__version__ = version("docsr")

__all__ = ["Enhancer", "__version__", "enhance"]


def __getattr__(name: str) -> Any:
    module = import_module("docsr.enhance") if name in {"Enhancer", "enhance"} else None
    if module is None:
        raise AttributeError(f"module 'docsr' has no attribute '{name}'")
    return module if name == "enhance" else getattr(module, name)
