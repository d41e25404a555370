"""Plan the arms that a benchmark compares. Each enlarges a page in its own way; the same engines read all of them."""

from __future__ import annotations

import warnings
from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from docsr.bench.peers import PEERS, PeerUpscaler
from docsr.choices import MEASURED_ENGINES
from docsr.decide.decision import (
    LARGEST_AUTO_FACTOR,
    Plan,
    Scripts,
    is_fax,
    latin,
    measured_x_height,
    plan_by_default,
    raster_for,
    scripts_on,
)
from docsr.decide.script import NETWORK
from docsr.errors import DocsrError, UsageError
from docsr.io.paths.manifest import sha256_of
from docsr.ocr.engines import name_of
from docsr.page import Page
from docsr.square import FINER, KEPT, Raster, pixel_shape, squared
from docsr.upscalers.base import Upscaler
from docsr.upscalers.catalog import is_file, resolve, shipped_path
from docsr.upscalers.interpolation import CLASSICAL
from docsr.upscalers.trial import tried
from docsr.weights import catalogue, current_name

HR = "hr"
"""The arm that reads the page at its full resolution: the ceiling."""

UNTOUCHED = "none"
"""The arm that reads the page as it is. All other arms get square pixels."""

AUTO = "auto"
"""The arm that does to each page what ``docsr enhance`` does by default for the engine."""

EVERY_PEER = "peers"
"""The label with which a suite leaves out all peers."""

BASELINE = "bicubic"
CLASSICAL_FACTORS = (2, 4)
SQUARED = f"{BASELINE}_x1"
"""The arm that only makes pixels square. Pages with square pixels go without it, since it would change nothing."""

BICUBICS = SQUARED, *(f"{BASELINE}_x{factor}" for factor in CLASSICAL_FACTORS)
"""Labels of the arms of bicubic; all other arms are compared with the best of them."""


@dataclass(frozen=True, slots=True)
class Arm:
    """One way to enlarge.

    Attributes:
        name: ``none``, ``bicubic``, ``compact_x2``, a peer, the stem of a network file, ``auto`` or ``hr``.
        factor: the enlargement; 1 for ``none``, ``hr`` and ``auto``.
        model: name or file as :func:`docsr.upscalers.catalog.resolve` takes it, or the peer's name.
        peer: whether it is a peer.
        signature: determines the result together with the page, for the cache.
    """

    name: str
    factor: int
    model: str
    peer: bool
    signature: str

    @property
    def label(self) -> str:
        """Return the name with its factor, such as ``bicubic_x2``."""
        return label_of(self.name, self.factor)

    def is_among(self, labels: Collection[str]) -> bool:
        """Return whether ``labels`` has the arm, or has all peers and the arm is one."""
        return self.label in labels or (self.peer and EVERY_PEER in labels)

    def is_for(self, shape: float) -> bool:
        """Return whether the arm changes pages whose pixels are ``shape`` times as high as wide."""
        if self.name == SQUARED:
            return shape != 1.0
        card = catalogue().get(self.model)
        return card is None or not card.fax or is_fax(shape)

    def on(self, page: Page, engine: str) -> Arm:
        """Return the arm itself or, for ``auto``, the arm that is chosen for the page's text size and the engine."""
        if self.name != AUTO:
            return self
        square = squared(page)
        x_height = measured_x_height(square)
        plan = taken(x_height, engine, pixel_shape(page.density), partial(scripts_on, square.pixels, x_height))
        name = SQUARED if plan.model == UNTOUCHED and plan.raster != KEPT else plan.model
        return Arm(name, plan.factor, plan.model, False, self.signature)

    def raster_of(self, page: Page) -> Raster:
        """Return the raster in which the arm gets a page; the arm ``none`` gets its pixels in their own shape."""
        if self.name == UNTOUCHED:
            return KEPT
        return FINER if self.peer else raster_for(self.model, pixel_shape(page.density))

    def load(self, peers: Path | None, threads: int) -> Upscaler:
        """Load the upscaler. DocsrError if it cannot be loaded."""
        if self.peer:
            return PeerUpscaler(PEERS.find(self.model), peers, threads)
        return resolve(self.model, self.factor, threads, "cpu")


def taken(x_height: float | None, engine: str, shape: float = 1.0, scripts: Scripts = latin) -> Plan:
    """Return what ``auto`` does to a page with text of ``x_height`` px and pixels ``shape`` times as high as wide.

    ``scripts`` tells the scripts of the page. An engine's options (``rapidocr:max_side_len=8000``) change nothing. For
    an engine without measurements of networks, it is what ``docsr enhance`` does by default.
    """
    reader = name_of(engine)
    reader = reader if reader in MEASURED_ENGINES else MEASURED_ENGINES[0]
    return plan_by_default(x_height, reader, shape, scripts)


def label_of(name: str, factor: int) -> str:
    """Return ``bicubic_x2`` for ``bicubic`` and 2; ``auto`` and names that end with their factor stay the same."""
    suffix = f"_x{factor}"
    return name if factor == 1 or name == AUTO or name.endswith(suffix) else name + suffix


def known_labels() -> set[str]:
    """Return the labels of every arm except the user's own network files."""
    classical = {label_of(name, factor) for name in CLASSICAL for factor in _factors(name)}
    return classical | {SQUARED, AUTO} | set(PEERS) | set(catalogue())


def plan_arms(names: Sequence[str], peers: Path | None) -> tuple[list[Arm], dict[str, str]]:
    """Return the arms to run, and the reason for each peer that cannot run here.

    Args:
        names: upscalers, network files or peers; none: all classical ones, docsr's choice, all its networks and, if
            ``peers`` is given, all peers. Bicubic and (if there is an HR) the ceiling are always included.
        peers: folder of the peers' weights.

    Raises:
        UsageError: a name is unknown, or two arms have one name.
        CheckpointError: a network file cannot be used.
    """
    names = [current_name(name, partial(warnings.warn, category=FutureWarning, stacklevel=3)) for name in names]
    wanted = names or [*CLASSICAL, AUTO, *catalogue(), *(PEERS if peers is not None else [])]
    arms: list[Arm] = []
    missing: dict[str, str] = {}
    for name in dict.fromkeys([*wanted, BASELINE]):
        if name in PEERS:
            try:
                arms.append(_peer_arm(name, peers))
            except DocsrError as error:
                missing[name] = str(error)
        else:
            arms += _own_arms(name)
    arms.append(Arm(HR, 1, "none", False, HR))
    for label, count in Counter(arm.label for arm in arms).items():
        if count > 1:
            raise UsageError(f"two arms are called {label}: give your network's file another name")
    return arms, missing


def _own_arms(name: str) -> list[Arm]:
    if name == AUTO:
        cards = [
            (card.name, sha256_of(card.path), card.dense, card.fax, card.x_height_helps, card.scripts)
            for card in catalogue().values()
        ]
        return [Arm(AUTO, 1, AUTO, False, f"{AUTO} {LARGEST_AUTO_FACTOR} {cards} {sha256_of(NETWORK)}")]
    if name in CLASSICAL:
        square = [Arm(SQUARED, 1, BASELINE, False, SQUARED)] if name == BASELINE else []
        return square + [Arm(name, factor, name, False, f"{name} {factor}") for factor in _factors(name)]
    factor = tried(name, device="cpu")
    path = Path(name) if is_file(name) else shipped_path(name)
    if path.stem in {HR, AUTO, SQUARED, *CLASSICAL}:
        raise UsageError(f"{path} has the name of one of the benchmark's own arms: give it another name")
    return [Arm(path.stem, factor, name, False, str(sha256_of(path)))]


def _factors(name: str) -> tuple[int, ...]:
    return (1,) if name == "none" else CLASSICAL_FACTORS


def _peer_arm(name: str, folder: Path | None) -> Arm:
    peer = PEERS.find(name)
    peer.load(folder, 1)
    parts = [name, *peer.libraries(), *(str(sha256_of(path)) for path in peer.weights(folder))]
    return Arm(name, peer.factor, name, True, " ".join(parts))
