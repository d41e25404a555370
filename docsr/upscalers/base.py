"""What an upscaler is: one grey plane in, one larger grey plane out."""

from __future__ import annotations

from typing import Protocol

from docsr.page import Plane


class Upscaler(Protocol):
    """Enlarges one grey plane by a fixed integer factor.

    Attributes:
        name: what reports call it, such as ``bicubic`` or ``compact_x2``.
        factor: output pixels per input pixel on each axis; 1 leaves a page as it is.
        overlap: input pixels of real context around a tile that make tiled output equal untiled output.
        keeps_white: True when pure white gives pure white, so that blank tiles need no work.
        guarded: True when what it makes is to be compared with the page, as that of a network may have to be
            (docsr.upscale.guard).

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
            (H * factor) x (W * factor) float32; values may pass [0, 1] a little, the caller clips them.
        """
        ...
