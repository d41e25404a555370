"""Describe the machine that measures: its processor, cores, system and the versions of libraries."""

from __future__ import annotations

import os
import platform
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

VECTORS = ("amx_int8", "avx512_vnni", "avx_vnni", "avx512f", "avx2", "avx", "asimddp")
"""Vector instructions as Linux names them, the best first; those with VNNI, AMX and the dot products of Arm (asimddp)
are made for 8 bits."""

LIBRARIES = ("numpy", "opencv-python-headless", "onnxruntime", "openvino", "ncnn", "rapidocr", "rapidfuzz")


def machine() -> dict[str, Any]:
    """Return what runs here: ``processor``, ``cores``, ``system``, ``python`` and ``libraries`` (name -> version)."""
    return {
        "processor": processor(),
        "cores": len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count(),
        "system": f"{platform.system()} {platform.machine()}",
        "python": platform.python_version(),
        "libraries": {name: installed for name in LIBRARIES if (installed := _version(name)) is not None},
    }


def _version(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None


def processor(info: Path = Path("/proc/cpuinfo")) -> str:
    """Return the processor's name and its best of VECTORS, which affects the time that a network takes.

    Args:
        info: Linux's description; if there is no such file, Python's platform module gives the name.
    """
    if not os.path.isfile(info):
        return platform.processor() or platform.machine()
    lines = (line.partition(":") for line in info.read_text(encoding="utf-8", errors="replace").splitlines())
    fields = {name.strip(): value.strip() for name, _, value in lines}
    flags = fields.get("flags", fields.get("Features", "")).split()
    best = next((f" ({name})" for name in VECTORS if name in flags), "")
    return fields.get("model name", platform.machine()) + best
