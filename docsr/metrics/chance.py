"""Tell how likely a difference between two arms is by chance, for one comparison and for many together.

The test is Fisher's paired randomization test (The Design of Experiments, 1935, section 21; Pitman 1937). It fits the
bootstrap of :mod:`docsr.metrics.bootstrap`: the statistic is the same difference of pooled rates, and pages, each with
both arms, are what is drawn. If two arms read alike, each page's difference may as well have the other sign. The
p-value is the share of all assignments of signs whose total is at least as far from 0 as the measured one. It is exact
for any distribution of errors, and never below 2 / 2^pages: 6 pages cannot give less than 0.031.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from typing import TypeVar

import numpy as np

LEVEL = 0.05
"""A difference is beyond chance if its corrected p-value is below this."""

_MOST_STEPS = 200_000_000
"""Most additions of an exact test, which take about a second; beyond it, totals are taken as normal."""

Key = TypeVar("Key", bound=Hashable)


def randomization_p(differences: Sequence[int]) -> float:
    """Return the two-sided p-value of a total of paired differences, in (0, 1], rounded to six digits.

    All 2^n assignments of signs are counted without listing them, by the shift algorithm of Pagano and Tritchler
    (1983, JASA 78, "On obtaining permutation distributions in polynomial time").

    Args:
        differences: errors of one arm less those of the other, for each page.
    """
    sizes = [abs(difference) for difference in differences if difference]
    total, reach = abs(sum(differences)), sum(sizes)
    if not total:
        return 1.0
    if len(sizes) * reach > _MOST_STEPS:
        return _normal_p(total, sizes)
    shares = np.ones(1)  # of each total of the sizes that have a positive sign
    for size in sizes:
        grown = np.zeros(len(shares) + size)
        grown[: len(shares)] = shares / 2
        grown[size:] += shares / 2
        shares = grown
    far = np.abs(2 * np.arange(reach + 1) - reach) >= total
    return float(f"{shares[far].sum():.6g}")


def _normal_p(total: int, sizes: Sequence[int]) -> float:
    from math import erfc, sqrt

    return float(f"{erfc(total / sqrt(2 * sum(size * size for size in sizes))):.6g}")


def holm(p_values: Sequence[float]) -> list[float]:
    """Return p-values corrected for their number by Holm's step-down procedure, in the order in which they are given.

    Rejecting where the corrected value is below 0.05 calls no true null hypothesis false in 95 of 100 families,
    whatever depends on what (Holm 1979, Scandinavian Journal of Statistics 6, 65-70).
    """
    corrected, least = [1.0] * len(p_values), 0.0
    for rank, place in enumerate(sorted(range(len(p_values)), key=lambda place: p_values[place])):
        least = max(least, min(1.0, (len(p_values) - rank) * p_values[place]))
        corrected[place] = least
    return corrected


def beyond_chance(tests: Mapping[Key, tuple[float, float]]) -> dict[Key, int]:
    """Return the sign of each gain that is beyond chance in its family, else 0.

    Args:
        tests: (gain, its p-value) of all comparisons of the family.
    """
    corrected = holm([p_value for _, p_value in tests.values()])
    return {
        key: ((gain > 0) - (gain < 0)) if p_value < LEVEL else 0
        for (key, (gain, _)), p_value in zip(tests.items(), corrected, strict=True)
    }
