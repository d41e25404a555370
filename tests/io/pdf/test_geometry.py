"""Which paths are known to be one rectangle: of any other it is not known what it leaves of an image."""

from __future__ import annotations

from typing import Any

import pytest
from pikepdf import Matrix

from docsr.io.pdf.geometry import Box, Outline, overlap
from docsr.io.read_errors import Unreadable

Step = tuple[str, list[Any]]

RE: Step = ("re", [10, 20, 30, 40])
CLOSE: Step = ("h", [])
IDENTITY = Matrix()
TURNED = Matrix(0, 2, -2, 0, 5, 7)
ASKEW = Matrix(1, 0.1, -0.1, 1, 0, 0)


def line(*points: tuple[float, float]) -> list[Step]:
    return [("m" if index == 0 else "l", [x, y]) for index, (x, y) in enumerate(points)]


CORNERS = [(10, 20), (40, 20), (40, 60), (10, 60)]


def outlined(steps: list[Step], matrix: Matrix = IDENTITY) -> Box | None:
    outline = Outline()
    for name, operands in steps:
        outline.add(name, operands, matrix)
    return outline.rectangle()


@pytest.mark.parametrize(
    ("steps", "matrix", "box"),
    [
        ([RE], IDENTITY, (10, 20, 40, 60)),
        ([("re", [40, 60, -30, -40])], IDENTITY, (10, 20, 40, 60)),
        ([RE], TURNED, (-115, 27, -35, 87)),
        (line(*CORNERS), IDENTITY, (10, 20, 40, 60)),
        ([*line(*CORNERS), CLOSE], IDENTITY, (10, 20, 40, 60)),
        ([*line(*CORNERS, CORNERS[0]), CLOSE], IDENTITY, (10, 20, 40, 60)),
        (line(*CORNERS[::-1]), IDENTITY, (10, 20, 40, 60)),
        ([RE], ASKEW, None),
        ([], IDENTITY, None),
        ([RE, RE], IDENTITY, None),
        ([RE, ("m", [0, 0])], IDENTITY, None),
        ([*line((0, 0), (9, 9)), RE], IDENTITY, None),
        (line(*CORNERS[:3]), IDENTITY, None),
        ([*line(*CORNERS[:3]), CLOSE, ("l", [10, 60])], IDENTITY, None),
        ([*line(*CORNERS[:2]), *line(*CORNERS[2:])], IDENTITY, None),
        ([*line(*CORNERS[:3]), ("c", [1, 1, 2, 2, 10, 60])], IDENTITY, None),
        (line((10, 20), (40, 20), (40, 60), (40, 20)), IDENTITY, None),
        (line((10, 20), (40, 60), (40, 20), (10, 60)), IDENTITY, None),
        (line(*CORNERS, (5, 5)), IDENTITY, None),
        (line(*CORNERS, CORNERS[0], (5, 5)), IDENTITY, None),
        ([("re", [10, 20, 0, 40])], IDENTITY, None),
    ],
)
def test_a_path_is_a_rectangle_only_where_that_is_sure(steps: list[Step], matrix: Matrix, box: Box | None):
    assert outlined(steps, matrix) == (None if box is None else pytest.approx(box))


@pytest.mark.parametrize("step", [("re", [1, 2, 3]), ("m", [1]), ("l", ["a", 2])])
def test_damaged_paths_are_said_to_be(step: Step):
    with pytest.raises(Unreadable):
        outlined([step] if step[0] != "l" else [("m", [0, 0]), step])


def test_boxes_overlap():
    assert overlap((0, 0, 5, 5), (3, 2, 9, 4)) == (3, 2, 5, 4)
    assert overlap((0, 0, 5, 5), None) is overlap(None, (0, 0, 5, 5)) is None
