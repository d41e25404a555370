"""What options may be: each choice, range and default is stated once, for the command line and for what it calls.

This module imports nothing, so that `docsr --help` is fast.
"""

from __future__ import annotations

from typing import Final

FACTORS: Final = (2, 4, 8)
"""How many times larger a page becomes on each side."""

MEASURED_ENGINES: Final = ("tesseract", "rapidocr")
"""The OCR engines for which it was measured where networks help. The first one is the default."""

FORMATS: Final = ("same", "png", "tiff", "jpg", "webp", "pdf")
"""Formats of the output; ``same`` is that of the input, if it can be written."""

DEVICES: Final = ("auto", "cpu", "cuda", "tensorrt", "openvino")
"""Where networks run. ``auto`` is CUDA if available, else OpenVINO if that is faster, else the CPU.

``auto`` never uses TensorRT, because it compiles again for each size of tile, which takes longer than pages do. On a
CPU, OpenVINO is faster than ONNX Runtime itself for float networks and slower for 8-bit networks.
"""

SANDBOX_MODES: Final = ("auto", "on", "off")
"""Whether the processes that read files are restricted: where the system allows it, always, or never."""

LOWEST_QUALITY, HIGHEST_QUALITY, DEFAULT_QUALITY = 1, 100, 90
"""Of JPEG and WebP."""

LOWEST_DPI, HIGHEST_DPI = 1, 4_800
"""Resolution of an output."""

SMALLEST_TILE, LARGEST_TILE, DEFAULT_TILE = 64, 65_536, 512
"""Sides of a square tile in input px; smaller ones consist mostly of overlap and take many times as long."""

SHORTEST_PAGE, LONGEST_PAGE, DEFAULT_TIME_LIMIT = 0.01, 31_536_000, 600
"""Time limits in seconds: below the first no page finishes; above a year the system's timers overflow."""

MAX_PIXELS, MOST_PIXELS = 1_000_000_000, 1_000_000_000_000
"""Pixels of a page: what is allowed by default, and what may be allowed. As many bytes fill any machine's memory."""

LEAST_MEMORY, MOST_MEMORY = 300_000_000, 1_000_000_000_000
"""Bytes that a process may be limited to: networks and libraries alone take the first."""

MOST_JOBS: Final = 4_096
"""Largest number of processes: more than any machine has cores."""
