"""What outputs are called."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from docsr.io.paths.inputs import InputFile
from docsr.io.paths.output_names import output_paths


def outputs(sources: Sequence[InputFile], made: Mapping[str, Sequence[str]] | None = None) -> list[str]:
    before = {Path("in", source): names for source, names in (made or {}).items()}
    found = output_paths(sources, Path("out"), lambda source: ".png", before)
    return [found[source.path].as_posix() for source in sources]


def from_in(*names: str) -> list[InputFile]:
    return [InputFile(Path("in", name), Path(name)) for name in names]


def test_the_tree_is_mirrored():
    assert outputs(from_in("a.jpg", "b/c.d.tif")) == ["out/a.png", "out/b/c.d.png"]


def test_names_that_meet_keep_their_whole_name():
    assert outputs(from_in("a.png", "a.jpg", "b.jpg")) == ["out/a.png.png", "out/a.jpg.png", "out/b.png"]
    assert outputs(from_in("A.png", "a.jpg")) == ["out/A.png.png", "out/a.jpg.png"]


def test_names_that_meet_the_longer_ones_move_on_too():
    assert outputs(from_in("a.png", "a.jpg", "a.jpg.tif")) == ["out/a.png.png", "out/a.jpg.png", "out/a.jpg.tif.png"]


def test_two_folders_with_the_same_names_are_numbered():
    sources = [InputFile(Path(folder, "a.png"), Path("a.png")) for folder in ("x", "y", "z")]
    assert outputs(sources) == ["out/a.png.png", "out/a.png.2.png", "out/a.png.3.png"]
    assert outputs(sources[::-1]) == ["out/a.png.3.png", "out/a.png.2.png", "out/a.png.png"]


def test_an_output_does_not_take_the_name_of_a_folder():
    assert outputs(from_in("a.jpg", "a.png/b.jpg")) == ["out/a.jpg.png", "out/a.png/b.png"]


@given(st.lists(st.sampled_from(["a", "A", "a.png", "a.jpg", "a.png.png", "a.png.2.png", "b/a.tif", "a.png/x.png"])
                .flatmap(lambda name: st.sampled_from("xyz").map(lambda root: (root, name))), unique=True))  # fmt: skip
def test_outputs_never_meet_and_do_not_depend_on_the_order(given: list[tuple[str, str]]):
    sources = [InputFile(Path(root, name), Path(name)) for root, name in given]
    found = output_paths(sources, Path("out"), lambda source: ".png", {})
    folded = [str(path).casefold() for path in found.values()]
    assert len(set(folded)) == len(sources)
    assert not {str(parent).casefold() for path in found.values() for parent in path.parents} & set(folded)
    assert found == output_paths(sources[::-1], Path("out"), lambda source: ".png", {})


def test_what_was_made_keeps_its_name_when_others_come_and_go():
    assert outputs(from_in("a.png", "a.jpg"), {"a.png": ["a.png"]}) == ["out/a.png", "out/a.jpg.png"]
    assert outputs(from_in("a.jpg"), {"a.jpg": ["a.jpg.png"]}) == ["out/a.jpg.png"]
    assert outputs(from_in("b.png", "b.jpg"), {"b.jpg": ["b.jpg.3.png"]}) == ["out/b.png", "out/b.jpg.3.png"]


@pytest.mark.parametrize("other", ["b/a.png", "a.tif", "c.png", "a.jpg.x.png", "a.jpg.2.3.png"])
def test_what_was_made_under_another_name_or_elsewhere_is_no_name_for_it(other: str):
    assert outputs(from_in("a.jpg"), {"a.jpg": [other]}) == ["out/a.png"]


def test_a_name_that_is_a_folder_s_now_is_not_kept():
    assert outputs(from_in("a.jpg", "a.png/b.jpg"), {"a.jpg": ["a.png"]}) == ["out/a.jpg.png", "out/a.png/b.png"]


@given(st.lists(st.sampled_from(["a.png", "A.png", "a.jpg", "a.png.png", "a.png.2.png", "b/a.tif", "b/a.jpg"])
                .flatmap(lambda name: st.sampled_from("xy").map(lambda root: (root, name))), unique=True))  # fmt: skip
def test_in_a_folder_that_grows_nothing_is_called_otherwise(given: list[tuple[str, str]]):
    made: dict[Path, list[str]] = {}
    for number in range(1, len(given) + 1):
        sources = [InputFile(Path(root, name), Path(name)) for root, name in given[:number]]
        found = output_paths(sources, Path("out"), lambda source: ".png", made)
        assert len({str(path).casefold() for path in found.values()}) == number
        places = {path: [str(output.relative_to("out"))] for path, output in found.items()}
        assert made.items() <= places.items()
        made = places
