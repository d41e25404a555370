"""Whatever the lines of a list say, the others are done, and every output lies below its folder."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from unittest.mock import patch

from hypothesis import example, given, settings
from hypothesis import strategies as st
from PIL import Image

from docsr.batch.run import EnhanceOptions, plan_files
from docsr.io.paths import inputs

PIECES = [b"/", b"..", b".", b"\0", b"\xff", b"\x1b", b"*", b"?", b"[", b"!", b"]", b"**", b"~", b"@", b" ", b"\r"]
PIECES += [b"a", b"b.png", b".docsr-", b"x" * 300, b"\xe2\x80\xa8", b"-"]
LINES = st.lists(st.one_of(st.lists(st.sampled_from(PIECES), max_size=8).map(b"".join), st.binary()), max_size=5)
OPTIONS = EnhanceOptions(factor=2, model="bicubic")


def only_here(lists: Callable[..., list[Any]]) -> Callable[..., list[Any]]:
    """What lists the content of folders, but not of those outside: the whole disk would be listed."""

    def within(path: Path, **how: Any) -> list[Any]:
        return [] if path.is_absolute() or ".." in path.parts else lists(path, **how)

    return within


@settings(deadline=None, max_examples=150)
@given(LINES)
@example([b"../../../etc/a.png", b"/etc/a.png", b"a\0/../a.png"])
@example([b"a.png/..", b"..", b"/", b"a.png/../a.png"])
def test_every_list_is_planned(lines: list[bytes]):
    before = os.getcwd()
    with TemporaryDirectory() as folder:
        os.chdir(folder)
        try:
            Image.new("L", (9, 9)).save("good.png")
            Path("list.txt").write_bytes(b"\n".join([b"good.png", *lines]))
            with (
                patch.object(inputs, "_walk", only_here(inputs._walk)),
                patch.object(inputs, "_matches", only_here(inputs._matches)),
            ):
                tasks = plan_files([Path("@list.txt")], Path("out"), OPTIONS)
        finally:
            os.chdir(before)
        sound = [task for task in tasks if not task.refused]
        assert Path("good.png") in {task.source for task in sound}
        for task in sound:
            assert os.path.normpath(task.output).startswith(f"out{os.sep}")
            assert ".." not in task.output.parts
        assert len({task.output for task in sound}) == len(sound)
