"""The self-ensemble of a network: the mean of what it makes of a page and of the page moved by some pixels."""

from __future__ import annotations

import numpy as np

from docsr.page import Plane
from docsr.upscalers.base import Upscaler

SHIFTS = ((0, 0), (0, 1), (1, 0), (1, 1))
"""By how many px down and right: each cuts the page into other squares of 2 x 2 px, which the networks see as one."""


class ShiftEnsemble:
    """Runs a network once for each of SHIFTS and takes the mean, in as many times its time.

    As the ``+`` of EDSR (Lim et al. 2017, section 3.4), whose flips and turns would make no letters of letters.

    Attributes:
        name: the network's with ``+``.
        factor, overlap, keeps_white, guarded: the network's; it is moved as a whole, so it sees no farther.
    """

    def __init__(self, network: Upscaler) -> None:
        """Keep the network that is run."""
        self._network, self.name = network, ensemble_of(network.name)
        self.factor, self.overlap = network.factor, network.overlap
        self.keeps_white, self.guarded = network.keeps_white, network.guarded

    def __call__(self, plane: Plane) -> Plane:
        """Enlarge H x W in [0, 1] to fH x fW.

        Raises:
            PageError: the network failed.
        """
        mean = np.zeros((plane.shape[0] * self.factor, plane.shape[1] * self.factor), np.float32)
        for down, right in SHIFTS:
            mean += self._moved(plane, down, right)
        mean /= len(SHIFTS)
        return mean

    def _moved(self, plane: Plane, down: int, right: int) -> Plane:
        """What the network makes of the plane when it stands lower and farther right, moved back."""
        large = self._network(np.pad(plane, ((down, 0), (right, 0)), mode="edge"))
        return large[down * self.factor :, right * self.factor :]


def ensemble_of(name: str) -> str:
    """The name of a network's ensemble."""
    return f"{name}+"
