"""What is foretold of the memory that decoding takes, against what it takes, for every kind of image file."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tifffile
from PIL import Image, features

from docsr.batch.options import EnhanceOptions
from docsr.choices import MAX_PIXELS
from docsr.errors import PageError
from docsr.io.limits import MAX_MEMORY, MEMORY_PER_BYTE, TORCH_MEMORY, allowing, check_held, machine_memory, memory_for
from docsr.io.raster.read import read_pages
from docsr.page import Bands

SIDE = 2000
PIXELS = SIDE * SIDE
NOISE_BYTES = 14_000_000
"""Of measuring: buffers that do not grow with the page, the file's own bytes, rounding."""

MEASURED = """
import json, sys
from pathlib import Path
from typing import Any
from unittest.mock import patch
from docsr.io.raster import decode_memory, tiff
from docsr.io.raster.read import read_pages

def kib(name):
    return next(int(line.split()[1]) for line in open("/proc/self/status") if line.startswith(name))

told = []
for module in (decode_memory, tiff):
    patch.object(module, "check_memory", lambda count: told.append(count)).start()
for path in json.load(sys.stdin) * 2:  # the first time, libraries are loaded
    told.clear()
    before = kib("VmRSS")
    Path("/proc/self/clear_refs").write_text("5")
    for page in read_pages(Path(path)):
        del page
    print(json.dumps([path, max(told), 1024 * (kib("VmHWM") - before)]))
"""


def noise() -> np.ndarray:
    return np.clip(np.random.default_rng(0).normal(200, 20, (SIDE, SIDE, 4)), 0, 255).astype(np.uint8)


def written(folder: Path) -> list[Path]:
    """Images of every kind, as noise."""
    values = noise()
    images = {
        "L": Image.fromarray(values[..., 0]),
        "RGB": Image.fromarray(values[..., :3]),
        "RGBA": Image.fromarray(values),
        "CMYK": Image.fromarray(values, "CMYK"),
        "1": Image.fromarray(values[..., 0] > 200),
        "I;16": Image.fromarray(values[..., 0].astype(np.uint16) * 257),
        "P": Image.fromarray(values[..., 0]).convert("P"),
    }
    plain: dict[str, tuple[str, dict[str, Any]]] = {
        "png": ("L RGB RGBA 1 I;16 P", {"compress_level": 1}),
        "jpg": ("L RGB CMYK", {}),
        "progressive.jpg": ("L RGB CMYK", {"progressive": True, "subsampling": 0}),
        "tif": ("L RGB RGBA CMYK 1 I;16 P", {}),
        "one-strip.tif": ("L RGB P", {"compression": "tiff_lzw", "tiffinfo": {278: SIDE}}),
        "jp2": ("L RGB RGBA", {"quality_mode": "rates", "quality_layers": [20]}),
        "gif": ("L P", {}),
        "bmp": ("L RGB 1", {}),
        "ppm": ("L RGB I;16", {}),
        "webp": ("RGB RGBA", {"method": 0}),
        **({"avif": ("L RGB", {"speed": 10})} if features.check("avif") else {}),
    }
    made = []
    for suffix, (modes, options) in plain.items():
        for mode in modes.split():
            made.append(folder / f"{mode.replace(';', '')}.{suffix}")
            images[mode].save(made[-1], **options)
    for kind in ("float32", "float64", "uint16"):
        made.append(folder / f"{kind}.tif")
        scaled = values[..., :3].astype(kind) * 257 if kind == "uint16" else values[..., :3].astype(kind) / 255
        tifffile.imwrite(made[-1], scaled, photometric="rgb", planarconfig="contig", compression="zlib")
    return made


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="memory is measured by /proc")
def test_what_is_foretold_is_enough_for_every_kind_and_not_many_times_too_much(tmp_path):
    paths = [str(path) for path in written(tmp_path)]
    ran = subprocess.run([sys.executable, "-c", MEASURED], input=json.dumps(paths), capture_output=True, text=True)
    assert ran.returncode == 0, ran.stderr
    rows = [json.loads(line) for line in ran.stdout.splitlines()][len(paths) :]
    too_little = {Path(path).name: (told, took) for path, told, took in rows if took > told + NOISE_BYTES}
    too_much = {Path(path).name: (told, took) for path, told, took in rows if told > 3 * (took + NOISE_BYTES)}
    assert (len(rows), too_little, too_much) == (len(paths), {}, {})


def test_a_page_that_needs_more_than_is_allowed_is_refused_with_how_much(tmp_path):
    path = tmp_path / "a.png"
    Image.new("RGB", (4000, 10_000)).save(path)
    with allowing(MAX_PIXELS, 300_000_000), pytest.raises(PageError) as caught:
        next(read_pages(path))
    needs = "it needs 0.4 GB of memory, and 0.3 GB are allowed (docsr enhance --max-memory)"
    assert str(caught.value) == f"{path} could not be read: {needs}"


def test_a_page_that_would_be_held_whole_and_is_too_large_says_what_to_do():
    page = Bands(30_000, 20_000, False, ())
    with allowing(MAX_PIXELS, 1_000_000_000), pytest.raises(PageError) as caught:
        check_held(page)
    assert str(caught.value).startswith("the image: it would become 30000 x 20000 px: it needs")
    assert "1.0 GB are allowed (docsr enhance --max-memory); use a smaller --factor, or --format" in str(caught.value)


@pytest.mark.parametrize(("size", "jobs"), [(0, 1), (70, 8), (10**6, 2), (10**8, 1), (10**12, 4)])
def test_a_small_file_may_take_little_and_a_large_one_no_more_than_its_share(size, jobs):
    most = memory_for(size, MAX_PIXELS, jobs)
    assert MAX_MEMORY <= most <= MAX_MEMORY + MEMORY_PER_BYTE * size
    assert most <= max(MAX_MEMORY, 0.8 * machine_memory() / jobs + 1)


def test_torch_has_more_unless_the_user_says_how_much():
    options, source = EnhanceOptions(model="mine.safetensors"), Path("a.png")
    assert options.memory(source, 1) == max(MAX_MEMORY, min(TORCH_MEMORY, round(0.8 * machine_memory())))
    assert options.memory(source, 10**6) == EnhanceOptions(model="compact_x2").memory(source, 1) == MAX_MEMORY
    assert replace(options, max_memory=400_000_000).memory(source, 1) == 400_000_000


def test_who_allows_larger_pages_allows_the_memory_for_them():
    assert memory_for(100, 4 * MAX_PIXELS, 1) == max(
        MAX_MEMORY, min(150_000_000 + 32 * MAX_PIXELS, round(0.8 * machine_memory()))
    )
