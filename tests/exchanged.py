"""Scans, an output folder, and how either can be exchanged while docsr works."""

from __future__ import annotations

import io
import os
import shutil
from collections.abc import Callable
from pathlib import Path

from tests.command import picture

ONE, OTHER = "sub/a", "sub/b"
"""Names of the scans below their folder, without suffix."""


def scan_bytes(suffix: str, number: int) -> bytes:
    image, file = picture(60 + number, 40), io.BytesIO()
    if suffix == "pdf":
        image.save(file, "PDF", resolution=300)
    else:
        image.save(file, {"jpg": "JPEG", "tif": "TIFF"}.get(suffix, suffix.upper()), dpi=(300, 300))
    return file.getvalue()


class Scene:
    """Scans, and an output folder behind a link, which is opened as ``out``."""

    def __init__(self, folder: Path, suffix: str) -> None:
        self.scans, self.out, self.real = folder / "scans", folder / "out", folder / "real"
        self.suffix, self.moved = suffix, folder / "moved"
        (self.scans / "sub").mkdir(parents=True)
        for number, name in enumerate((ONE, OTHER)):
            (self.scans / f"{name}.{suffix}").write_bytes(scan_bytes(suffix, number))
        self.real.mkdir()
        self.out.symlink_to("real")
        self.before = self.originals()

    def originals(self) -> dict[str, tuple[int, bytes]]:
        """Which files the scans are, and what they hold."""
        paths = [self.scans / f"{name}.{self.suffix}" for name in (ONE, OTHER)]
        return {path.name: (path.stat().st_ino, path.read_bytes()) for path in paths}

    def outputs(self) -> set[str]:
        """The outputs, without suffix, in the folder that was opened."""
        opened = self.moved if self.moved.exists() else self.real
        return {str(path.relative_to(opened).with_suffix("")) for path in opened.rglob("[!.]*") if path.is_file()}


def root_to_the_inputs(scene: Scene) -> None:
    scene.out.unlink()
    scene.out.symlink_to("scans")


def root_to_another_folder(scene: Scene) -> None:
    scene.out.unlink()
    scene.out.mkdir()


def root_moved(scene: Scene) -> None:
    """The inputs' own folder comes to its path."""
    scene.real.rename(scene.moved)
    scene.scans.rename(scene.real)
    scene.scans.symlink_to("real")


def root_anew(scene: Scene) -> None:
    shutil.rmtree(scene.real)
    scene.real.mkdir()


def folder_to_the_inputs(scene: Scene) -> None:
    shutil.rmtree(scene.real / "sub", ignore_errors=True)
    (scene.real / "sub").symlink_to(scene.scans / "sub")


def folder_to_itself(scene: Scene) -> None:
    shutil.rmtree(scene.real / "sub", ignore_errors=True)
    (scene.real / "sub").symlink_to("sub")


def folder_of_the_inputs(scene: Scene) -> None:
    """The inputs' own folder, in the place of that of the outputs."""
    shutil.rmtree(scene.real / "sub", ignore_errors=True)
    (scene.scans / "sub").rename(scene.real / "sub")
    (scene.scans / "sub").symlink_to(scene.real / "sub")


def folder_anew(scene: Scene) -> None:
    shutil.rmtree(scene.real / "sub", ignore_errors=True)
    (scene.real / "sub").mkdir()


def output_a_link_to(name: str) -> Callable[[Scene], None]:
    def swap(scene: Scene) -> None:
        (scene.real / "sub").mkdir(exist_ok=True)
        (scene.real / f"{ONE}.{scene.suffix}").symlink_to(scene.scans / f"{name}.{scene.suffix}")

    swap.__name__ = f"output_a_link_to_{name}"
    return swap


def output_linked_with(name: str) -> Callable[[Scene], None]:
    def swap(scene: Scene) -> None:
        (scene.real / "sub").mkdir(exist_ok=True)
        os.link(scene.scans / f"{name}.{scene.suffix}", scene.real / f"{ONE}.{scene.suffix}")

    swap.__name__ = f"output_linked_with_{name}"
    return swap


ROOT = [root_to_the_inputs, root_to_another_folder, root_moved]
"""All outputs go into the folder that was opened."""

GONE = [root_anew, folder_to_the_inputs, folder_to_itself, folder_of_the_inputs]
"""There is no place for any output."""

TAKEN = [output_a_link_to(ONE), output_a_link_to(OTHER), output_linked_with(ONE), output_linked_with(OTHER)]
"""One output would take the place of an input."""


def expected(swap: Callable[[Scene], None], late: bool) -> dict[str, str]:
    """The status of each scan."""
    if swap in ROOT or (swap is folder_anew and not late):
        return {"a": "done", "b": "done"}
    return {"a": "failed", "b": "failed" if swap in GONE else "done"}
