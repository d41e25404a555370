"""What learning fuzzers give bytes to: each takes any bytes, and raises nothing that its promise does not allow.

`make fuzz` and OSS-Fuzz (contrib/oss-fuzz) drive them, and a test gives them every file of tests/corpus.
"""

from __future__ import annotations

import io
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from itertools import islice
from pathlib import Path, PurePosixPath

from benchmarks.torture.damage_manifest import changed_manifest
from benchmarks.torture.damage_pdf import changed_pdf
from benchmarks.torture.damage_tiff import changed_tiff
from benchmarks.torture.sentences import is_unclean
from docsr.errors import DocsrError, UsageError
from docsr.io.decoder_messages import captured_messages
from docsr.io.document import read_leaves, suffix_of
from docsr.io.limits import allowing
from docsr.io.paths.inputs import find_inputs
from docsr.io.paths.manifest import NAME, Manifest
from docsr.io.raster import jp2, jpeg_check, png_check
from docsr.system.names import RefusedName, place_of
from docsr.text import shown
from docsr.text.parsing import read_json, read_yaml
from docsr.upscalers.graph import Graph, GraphError, SizeError, WireError

Target = Callable[[bytes], None]

MOST_PIXELS = 1 << 20
"""Of a page: a fuzzer is to try many files, and not to wait for large ones."""

_PAGES = 3
_LONGEST_SHOWN = 10
"""Letters that a letter becomes at most where it is shown."""


class Broken(Exception):
    """A promise does not hold."""


@contextmanager
def clean() -> Iterator[None]:
    """Let docsr's own errors pass where they are sentences, and look at what is complained of."""
    said = []
    with captured_messages(printed=False) as lines:
        try:
            yield
        except DocsrError as error:
            said.append(str(error))
    for one in (*said, *lines):
        if is_unclean(one, Path(tempfile.gettempdir())):
            raise Broken(f"this is no sentence: {one!r}")


@contextmanager
def written(data: bytes, name: str = "given") -> Iterator[Path]:
    """Have the bytes in a file, alone in a folder."""
    with tempfile.TemporaryDirectory(prefix="fuzz") as folder:
        (path := Path(folder) / name).write_bytes(data)
        yield path


def pdf(data: bytes) -> None:
    """A PDF whose scans are replaced, and then as what one sees of its pages."""
    for form in ("pdf", ""):
        _leaves(b"%PDF-1.7\n" + data if b"%PDF-" not in data[:1024] else data, form)


def image(data: bytes) -> None:
    """A raster file of whatever format."""
    if b"%PDF-" not in data[:1024]:
        _leaves(data, "")


def _leaves(data: bytes, form: str) -> None:
    with written(data) as path, allowing(MOST_PIXELS), clean():
        suffix_of(path)
        for leaf in islice(read_leaves(path, form), _PAGES):
            with suppress(DocsrError) if form else clean():
                if not leaf.reason:
                    leaf.check()
                    leaf.read()


def checks(data: bytes) -> None:
    """What looks at the bytes of PNG, JPEG and JPEG 2000 files itself."""
    png_check.png_fault(io.BytesIO(data))
    png_check.rows_missing(io.BytesIO(data))
    jpeg_check.examined(data)
    jp2.profile_of(io.BytesIO(data))


def manifest(data: bytes) -> None:
    """The manifest of an output folder."""
    with written(data, NAME) as path:
        known = Manifest(path.parent)
        for outputs in islice(known.made().values(), 100):
            for entry in (entry for output in outputs for entry in known.entries(output)):
                with suppress(RefusedName):
                    entry.describes(path.parent / place_of(entry.output))


def names(data: bytes) -> None:
    """A name from outside, for this system and for Windows, and as it is shown."""
    text = data.decode("utf-8", "surrogateescape")
    for windows in (False, True):
        with suppress(RefusedName):
            place = PurePosixPath(place_of(text, windows=windows).as_posix())
            if place.is_absolute() or ".." in place.parts or "\0" in str(place) or not place.parts:
                raise Broken(f"this is no place below a folder: {place!r}")
    seen = shown.visible(text)
    if any(one < " " or one in "\x7f\x85\u202e\u2028\ufeff" for one in seen):
        raise Broken(f"this acts on a terminal: {seen!r}")
    if len(seen) > _LONGEST_SHOWN * len(text):
        raise Broken(f"this is longer than {_LONGEST_SHOWN} times what it shows: {seen!r}")


def lists(data: bytes) -> None:
    """A list of inputs (`@list.txt`)."""
    relative = b"\n".join(line.lstrip(b"/~") for line in data.splitlines() if b"*" not in line and b".." not in line)
    with written(relative) as path, clean():
        find_inputs([Path(f"@{path}")])


def texts(data: bytes) -> None:
    """JSON and YAML from outside."""
    with suppress(ValueError):
        read_json(data)
    with suppress(ValueError, UsageError):
        read_yaml(data.decode("utf-8", "replace"))


def graph(data: bytes) -> None:
    """A network's file."""
    with suppress(WireError, GraphError, SizeError):
        network = Graph(data)
        network.output_shape(64, 48)
        network.output_shape(1, 1)


TARGETS: dict[str, Target] = {
    "pdf": pdf,
    "image": image,
    "checks": checks,
    "manifest": manifest,
    "names": names,
    "lists": lists,
    "texts": texts,
    "graph": graph,
}
"""Name, as of contrib/oss-fuzz/fuzz_NAME.py and tests/corpus/NAME -> what takes the bytes."""

STRUCTURED = {"pdf": changed_pdf, "image": changed_tiff, "manifest": changed_manifest}
"""What changes its bytes by their structure, where that is known."""
