"""Define the interface of upscalers: one grey plane in, one larger grey plane out."""

from __future__ import annotations

from typing import Protocol

from docsr.page import Plane


class Upscaler(Protocol):
    """Enlarge one grey plane by a fixed integer factor.

    Attributes:
        name: its name in reports, such as ``bicubic`` or ``compact_x2``.
        factor: output pixels per input pixel on each axis; 1 leaves a page unchanged.
        overlap: pixels of real context around a tile that it needs for tiled output to equal untiled output.
        keeps_white: whether pure white stays pure white, so that blank tiles need no run.
        guarded: whether its output must be checked against the page (docsr.upscale.guard), as that of networks.

    An upscaler is safe to call from several threads and can be pickled for worker processes.
    """

    @property
    def name(self) -> str: ...  # noqa: D102 - described above

    @property
    def factor(self) -> int: ...  # noqa: D102

    @property
    def overlap(self) -> int: ...  # noqa: D102

    @property
    def keeps_white(self) -> bool: ...  # noqa: D102

    @property
    def guarded(self) -> bool: ...  # noqa: D102

    def __call__(self, plane: Plane) -> Plane:
        """Enlarge ``plane``.

        Args:
            plane: H x W float32 in [0, 1], 0 black.

        Returns:
            (H * factor) x (W * factor) float32. Values may exceed [0, 1] a little; the caller clips them.
        """
        ...
