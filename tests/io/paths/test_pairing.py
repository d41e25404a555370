"""Which file belongs to which."""

from __future__ import annotations

from pathlib import Path

import pytest

from docsr.errors import NoInputError
from docsr.io.paths.inputs import InputFile
from docsr.io.paths.pairing import files_of, partners


def folder(name: str, *places: str) -> list[InputFile]:
    return [InputFile(Path(name, place), Path(place)) for place in places]


def paired(before: list[InputFile], after: list[InputFile]) -> dict[str, str]:
    return {str(place): str(path) for place, path in partners(before, after).items()}


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        (["a.png"], ["a.png", "b.png"], {"a.png": "a.png"}),
        (["a.png", "x/a.png"], ["a.tif", "x/a.tif"], {"a.png": "a.tif", "x/a.png": "x/a.tif"}),
        (["a.png", "a.jpg"], ["a.png.png", "a.jpg.png"], {"a.png": "a.png.png", "a.jpg": "a.jpg.png"}),
        (["a.png", "a.jpg"], ["a.png"], {"a.png": "a.png"}),
        (["a.bmp", "a.jpg"], ["a.png"], {}),
        (["a.bmp"], ["a.png", "a.tif"], {}),
        (["a.v1.png"], ["a.v2.png"], {}),
        (["x/a.png"], ["a.png"], {}),
    ],
)
def test_files_are_paired_by_their_place_and_stem(before, after, expected):
    found = paired(folder("in", *before), folder("out", *after))
    assert found == {place: str(Path("out", path)) for place, path in expected.items()}


@pytest.mark.parametrize(
    ("first", "second"), [({"a.tif": "a.png"}, {"a.jpg": "a.jpg.png"}), ({"a.jpg": "a.png"}, {"a.tif": "a.tif.png"})]
)
def test_what_was_made_of_a_file_is_its_partner_whatever_the_names(first, second):
    names = first | second
    before, after = folder("in", *names), folder("out", *names.values())
    made = {str(Path("in", name).absolute()): [place] for name, place in names.items()}
    found = {str(place): str(path) for place, path in partners(before, after, made).items()}
    assert found == {name: str(Path("out", place)) for name, place in names.items()}
    assert paired(before, after) != found, "names alone do not tell"


def test_a_folder_without_files_is_told(tmp_path):
    with pytest.raises(NoInputError, match="no images"):
        files_of(tmp_path)
