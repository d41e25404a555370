"""Peak memory of ``docsr enhance`` in a process of its own. Slow: `make test-slow`."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import tifffile
from PIL import Image

from tests.pairs import text_page
from tests.upscalers.onnx_files import conv_network

MIB = 2**20
RUN = """
import json, resource, sys, threading, time
from pathlib import Path
from docsr.batch.run import EnhanceOptions, enhance_files, plan_files

def resident():
    return int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize()

peaks, peak, done = [], 0, False
def watch():
    global peak
    while not done:
        peak = max(peak, resident())
        time.sleep(0.005)

watcher = threading.Thread(target=watch)
watcher.start()
out = Path(sys.argv[2])
model = sys.argv[3] if len(sys.argv) > 3 else None
options = EnhanceOptions(factor=2, model=model, max_memory=3_000_000_000)
for result in enhance_files(plan_files([Path(sys.argv[1])], out, options), out, options):
    assert result.status == "done", result.error
    peaks.append(peak)
    peak = 0
done = True
watcher.join()
print(json.dumps(peaks))
"""

pytestmark = pytest.mark.slow


def page(width: int, height: int, seed: int) -> Image.Image:
    """A page with a block of text in its middle and blank tiles around it, which cost no time."""
    pixels = np.full((height, width), 255, np.uint8)
    text, _ = text_page(40, 900, 500, first=seed)
    pixels[height // 2 : height // 2 + 500, 400:1300] = text
    return Image.fromarray(pixels)


def peaks(folder: Path, out: Path, *model: str) -> list[int]:
    """Peak resident bytes while each page was made."""
    command = [sys.executable, "-c", RUN, str(folder), str(out), *model]
    ran = subprocess.run(command, capture_output=True, text=True, check=True)
    found: list[int] = json.loads(ran.stdout)
    return found


@pytest.mark.parametrize("colour", [False, True], ids=["grey", "colour"])
def test_a_page_of_15000_by_20000_px_stays_below_two_and_a_half_gigabytes(tmp_path: Path, colour: bool) -> None:
    (tmp_path / "in").mkdir()
    large = page(15_000, 20_000, 0)
    (large.convert("RGB") if colour else large).save(tmp_path / "in" / "0.tif", compression="tiff_lzw")
    del large
    network = conv_network(tmp_path / "small.onnx")
    assert max(peaks(tmp_path / "in", tmp_path / "out", str(network))) < 2.5e9
    with tifffile.TiffFile(tmp_path / "out" / "0.tif") as tiff:
        assert tiff.pages[0].shape == (40_000, 30_000, *([3] if colour else []))


def test_memory_does_not_grow_over_fifty_pages(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    for number in range(50):
        page(2500, 3300, number).save(tmp_path / "in" / f"{number:02d}.png")
    found = peaks(tmp_path / "in", tmp_path / "out")
    assert len(found) == 50
    assert max(found[5:]) <= 1.1 * min(found[5:]), [peak // MIB for peak in found]
