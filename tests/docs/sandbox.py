"""A folder in which the commands of one document are run: the repository, and the files that they speak of."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

from PIL import Image

from tests.docs import ROOT
from tests.losses.weights_files import recogniser_state, vgg_state, write
from tests.pairs import PROSE, save, text_page, write_pdf

SAMPLES, TRAINING = ROOT / "data" / "samples", ROOT / "data" / "training"


def copy_of_repository(folder: Path) -> None:
    """What git knows, and what it does not ignore."""
    names = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    listing = subprocess.run(names, cwd=ROOT, capture_output=True, check=True, text=True).stdout
    for name in filter(None, listing.split("\0")):
        if (ROOT / name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(ROOT / name, folder / name)


def add_pages(folder: Path) -> None:
    """Scans as files, folders, lists and a pipe, and pages with their text."""
    for place, source, names in (
        ("scans", SAMPLES, ("letter.png", "columns.tif")),
        ("in/deep", SAMPLES, ("columns.tif", "fax.tif")),
        ("originals", TRAINING, ("garden.png", "clock.png")),
        ("own", TRAINING, ("garden.png",)),
    ):
        (folder / place).mkdir(parents=True)
        for name in names:
            shutil.copyfile(source / name, folder / place / name)
            shutil.copyfile((source / name).with_suffix(".txt"), (folder / place / name).with_suffix(".txt"))
    (folder / "more.txt").write_text("scans/letter.png\npage.jpg\n", encoding="utf-8")
    shutil.copyfile(SAMPLES / "letter.png", folder / "scan.png")
    shutil.copyfile(SAMPLES / "invoice.jpg", folder / "page.jpg")
    for name in ("scan.pdf", "archive.pdf"):
        with Image.open(SAMPLES / "letter.png") as page:
            page.convert("L").save(folder / name, resolution=100)
    lines = [PROSE[at : at + 80].replace("(", "").replace(")", "") for at in range(0, 2000, 80)]
    for number in range(4):
        write_pdf(folder / "own" / f"{number}.pdf", lines, pages=2)


def add_training(folder: Path) -> None:
    """RVL-CDIP's layout, random weights by the names of the real ones, and a suite of one page."""
    for number in range(3):
        save(folder / "rvl-cdip" / "images" / f"{number}.png", text_page(24, 600, 500, first=20 * number)[0])
    labels = folder / "rvl-cdip" / "labels"
    labels.mkdir()
    (labels / "train.txt").write_text("0.png 0\n1.png 1\n", encoding="utf-8")
    (labels / "val.txt").write_text("2.png 2\n", encoding="utf-8")
    write(folder / "vgg19.safetensors", vgg_state(36))
    write(folder / "vgg16.npz", vgg_state(16, network="vgg16"))
    write(folder / "english_g2.pth", recogniser_state())
    source = "{set: one, images: garden.png, lower: [{dpi: [75], degradation: [scan]}]}"
    (folder / "short.yaml").write_text(f"name: short\nsources: [{source}]\n", encoding="utf-8")


def add_environment(folder: Path) -> None:
    """What `make demo` would make: an environment with a docsr, newer than the sources."""
    programs = folder / ".venv-demo" / "bin"
    programs.mkdir(parents=True)
    (programs / "docsr").symlink_to(Path(sys.executable).parent / "docsr")
    (programs.parent / ".installed").touch()


def environment() -> dict[str, str]:
    """Variables under which commands run: the programs of this environment first."""
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    return {**os.environ, "PATH": path, "PYTHON": sys.executable, "TERM": "dumb"}


def make(folder: Path) -> Path:
    """All of it."""
    copy_of_repository(folder)
    add_pages(folder)
    add_training(folder)
    add_environment(folder)
    return folder
