"""Train docsr/decide/script.onnx, which tells the script of a page, on drawn pages (10 minutes on one core).

    python -m benchmarks.research.train_script ROOT --out docsr/decide/script.onnx

ROOT holds Debian packages, unpacked by `dpkg -x` after `apt-get download`. No page of a suite is used. The packages:

- text: manpages-{cs,de,el,es,fr,hu,ja,pl,ro,ru,sr,uk,vi,zh}, hunspell-{ar,bg,cs,el,he,hi,kk,ko,th,tr,uk,vi}, wpolish,
  wportuguese;
- typefaces: fonts-noto-{core,cjk,extra}, fonts-liberation, fonts-freefont-ttf, fonts-texgyre, fonts-linuxlibertine,
  fonts-crosextra-carlito, fonts-courier-prime, fonts-lmodern, fonts-cmu, fonts-ebgaramond, fonts-gfs-didot,
  fonts-junicode, fonts-open-sans, fonts-roboto-unhinted, fonts-paratype, fonts-arphic-uming, fonts-ipafont-gothic,
  fonts-vlgothic, fonts-nanum, fonts-lohit-deva, fonts-tlwg-norasi-ttf;
- typefaces that only validate (HELD_OUT in script_pages.py): fonts-dejavu-{core,extra}, fonts-ipafont-mincho,
  fonts-wqy-microhei, fonts-unfonts-core, fonts-gargi, fonts-tlwg-{garuda,waree}-ttf, fonts-bpg-georgian,
  fonts-hosny-amiri, fonts-sil-gentium.
"""

from __future__ import annotations

import argparse
import io
import json
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import torch
from onnx import numpy_helper
from torch import nn

from benchmarks.research.script_pages import Pages
from docsr.decide.script import SCRIPTS, SIDE

PARTS, PAGES, VALIDATION_PAGES = 2, 400, 240
"""Pages are drawn in parts of PAGES, with the seeds 1 to PARTS."""

PATCH, STRIDE, FILTERS, PATCHES = 12, 3, 320, 60_000
"""Side of a filter in px, step between its places, number of filters, and patches from which they are found."""

THRESHOLD, WHITENING, ROUNDS = 0.7, 0.08, 12
"""What a filter's answer loses, what is added to the variances of whitening, and rounds of k-means."""

HIDDEN, EPOCHS, BATCH, RATE, DECAY = 96, 60, 128, 2e-3, 0.05
VARIANTS = 3
"""How often each square is looked at, each time with other changes."""

CROP = 84
"""Side of the part of a square that is looked at, in px; where it lies is drawn."""

TURNED, BLANK = 0.12, 0.3
"""Shares of squares that are turned, and of which a part is blank."""

PAPER = 200
"""The level of paper in squares that are kept as whole numbers."""


class Teller(nn.Module):
    """Squares, N x 1 x SIDE x SIDE, to logarithms of probabilities, N x SCRIPTS.

    The filters are centres of patches of ink, found without labels (Coates, Ng, Lee 2011: An Analysis of Single-Layer
    Networks in Unsupervised Feature Learning). Only what follows their mean answers over a square is trained.
    """

    def __init__(self) -> None:
        super().__init__()
        self.filters = nn.Conv2d(1, FILTERS, PATCH, STRIDE)
        self.norm = nn.BatchNorm1d(FILTERS)
        self.hidden = nn.Linear(FILTERS, HIDDEN)
        self.head = nn.Linear(HIDDEN, len(SCRIPTS))

    def features(self, squares: torch.Tensor) -> torch.Tensor:
        """Return N x FILTERS."""
        features: torch.Tensor = (self.filters(squares).relu().mean((2, 3)) + 1e-5).sqrt()
        return features

    def scores(self, features: torch.Tensor) -> torch.Tensor:
        """Return N x SCRIPTS."""
        scores: torch.Tensor = self.head(self.hidden(self.norm(features)).relu()).log_softmax(1)
        return scores

    def forward(self, squares: torch.Tensor) -> torch.Tensor:
        """Return N x SCRIPTS."""
        return self.scores(self.features(squares))


def drawn(root: Path, count: int, seed: int, *, held_out: bool) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return squares, their scripts' numbers in SCRIPTS, and their pages' numbers."""
    squares, scripts, numbers = [], [], []
    for number, (script, _, found) in enumerate(Pages(root, held_out=held_out).squares(count, seed)):
        squares.append((found * PAPER).round().astype(np.uint8))
        scripts += [SCRIPTS.index(script)] * len(found)
        numbers += [number] * len(found)
    return np.concatenate(squares), np.array(scripts), np.array(numbers)


def part(root: Path, seed: int, kept: Path | None = None) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return a part of the squares as :func:`drawn` does, from a file if it is kept; seed 0 is that which validates."""
    if kept is not None and kept.exists():
        file = np.load(kept)
        return file["squares"], file["scripts"], file["pages"]
    squares, scripts, pages = drawn(root, PAGES if seed else VALIDATION_PAGES, seed, held_out=not seed)
    if kept is not None:
        np.savez(kept, squares=squares, scripts=scripts, pages=pages)
    return squares, scripts, pages


def find_filters(model: Teller, squares: np.ndarray, random: np.random.Generator) -> None:
    """Set the filters to the centres of whitened patches that hold ink."""
    patches = np.empty((PATCHES, PATCH * PATCH), np.float32)
    found = 0
    while found < PATCHES:
        square = squares[int(random.integers(len(squares)))].astype(np.float32) / PAPER
        for y, x in random.integers(0, SIDE - PATCH + 1, (40, 2)):
            patch = square[y : y + PATCH, x : x + PATCH]
            if found < PATCHES and patch.std() > 0.08:
                patches[found] = patch.ravel()
                found += 1
    mean = patches.mean(0)
    values, vectors = np.linalg.eigh(np.cov(patches.T))
    whiten = (vectors / np.sqrt(values + WHITENING)) @ vectors.T
    data = torch.from_numpy(((patches - mean) @ whiten).astype(np.float32))
    data /= data.norm(dim=1, keepdim=True)
    centres = data[torch.from_numpy(random.permutation(PATCHES)[:FILTERS])]
    for _ in range(ROUNDS):  # spherical k-means
        nearest = (data @ centres.T).argmax(1)
        sums = torch.zeros_like(centres).index_add_(0, nearest, data)
        empty = sums.norm(dim=1) == 0
        sums[empty] = data[torch.from_numpy(random.integers(0, PATCHES, int(empty.sum())))]
        centres = sums / sums.norm(dim=1, keepdim=True)
    weights = centres @ torch.from_numpy(whiten.astype(np.float32))
    weights -= weights.mean(1, keepdim=True)  # plain paper, of whatever level, gives nothing
    with torch.no_grad():
        model.filters.weight.copy_(weights.reshape(FILTERS, 1, PATCH, PATCH))
        model.filters.bias.fill_(-THRESHOLD)  # type: ignore[union-attr]


def trained(squares: np.ndarray, scripts: np.ndarray, seed: int = 0) -> Teller:
    """Train on squares (uint8, their paper PAPER)."""
    torch.manual_seed(seed)
    random, model = np.random.default_rng(seed), Teller()
    find_filters(model, squares, random)
    told("filters found")
    features = []
    with torch.no_grad():
        for start in range(0, VARIANTS * len(squares), 256):
            some = [squares[one % len(squares)] for one in range(start, min(start + 256, VARIANTS * len(squares)))]
            batch = np.stack([_varied(square, random) for square in some])
            features.append(model.features(torch.from_numpy(batch)[:, None]))
    every, labels = torch.cat(features), torch.from_numpy(np.tile(scripts, VARIANTS))
    told("features found")
    learned = [*model.norm.parameters(), *model.hidden.parameters(), *model.head.parameters()]
    steps = EPOCHS * (len(every) // BATCH)
    optimiser = torch.optim.AdamW(learned, lr=RATE, weight_decay=DECAY)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, RATE, total_steps=steps, pct_start=0.15)
    loss_of = nn.NLLLoss()
    for step in range(steps):
        chosen = torch.from_numpy(random.integers(len(every), size=BATCH))
        loss = loss_of(model.scores(every[chosen]), labels[chosen])
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        schedule.step()
        if step % 500 == 0:
            told(f"step {step} of {steps}: loss {float(loss):.3f}")
    return model.eval()


def _varied(square: np.ndarray, random: np.random.Generator) -> np.ndarray:
    """Return a part of a square in floats, some turned, some partly blank, all with other contrast and noise."""
    top, left = (int(start) for start in random.integers(0, SIDE - CROP + 1, 2))
    square = square[top : top + CROP, left : left + CROP]
    if random.random() < TURNED:
        square = np.rot90(square, int(random.integers(1, 4)))
    if random.random() < BLANK:  # less text in the square: blank from one side
        share = int(CROP * random.uniform(0.2, 0.65))
        square = square.copy()
        (square[:share] if random.random() < 0.5 else square[-share:])[:] = PAPER
    image = square.astype(np.float32) / PAPER
    image = image ** np.float32(np.exp(random.normal(0, 0.2)))
    return np.ascontiguousarray(image + random.normal(0, random.uniform(0, 0.03), image.shape).astype(np.float32))


def exported(model: Teller) -> bytes:
    """Return the network as ONNX, its weights in 16 bits."""
    file: Any = io.BytesIO()  # the annotation of torch.onnx.export lacks files
    torch.onnx.export(
        model, (torch.ones(1, 1, SIDE, SIDE),), file, input_names=["squares"], output_names=["scores"],
        dynamic_axes={"squares": {0: "n"}, "scores": {0: "n"}}, dynamo=False, opset_version=17,
    )  # fmt: skip
    graph = onnx.load_from_string(file.getvalue())
    for weights in list(graph.graph.initializer):
        array = numpy_helper.to_array(weights)
        if array.dtype == np.float32 and array.size > 64:
            half = numpy_helper.from_array(array.astype(np.float16), f"{weights.name}_half")
            graph.graph.initializer.remove(weights)
            graph.graph.initializer.append(half)
            cast = onnx.helper.make_node("Cast", [half.name], [weights.name], to=onnx.TensorProto.FLOAT)
            graph.graph.node.insert(0, cast)
    onnx.checker.check_model(graph)
    return bytes(graph.SerializeToString())


def accuracy(model: Teller, squares: np.ndarray, scripts: np.ndarray, pages: np.ndarray) -> dict[str, Any]:
    """Return shares of right answers: of squares, of pages, of Latin or not of pages, and of each script's pages."""
    parts = np.array_split(squares, max(1, len(squares) // 256))
    with torch.no_grad():
        scores = np.concatenate([model(torch.from_numpy(part.astype(np.float32) / PAPER)[:, None]) for part in parts])
    numbers = np.unique(pages)
    answers = np.array([scores[pages == page].mean(0).argmax() for page in numbers])
    truths = np.array([scripts[pages == page][0] for page in numbers])
    right = answers == truths
    return {
        "squares": round(float((scores.argmax(1) == scripts).mean()), 4),
        "pages": round(float(right.mean()), 4),
        "Latin or not": round(float(((answers == 0) == (truths == 0)).mean()), 4),
        "by script": {SCRIPTS[one]: round(float(right[truths == one].mean()), 3) for one in np.unique(truths)},
    }


def told(line: str) -> None:
    """Write a line to standard error."""
    sys.stderr.write(line + "\n")


def main() -> None:
    """Draw, train, validate and write the network."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("root", type=Path)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--kept", type=Path, help="keep the squares in this folder, and use them again")
    given = parser.parse_args()
    torch.set_num_threads(1)
    start = time.monotonic()
    parts = []
    for seed in range(PARTS + 1):
        kept = None if given.kept is None else given.kept / f"{seed}.npz"
        parts.append(part(given.root, seed, kept))
        told(f"part {seed}: {len(parts[-1][0])} squares, {time.monotonic() - start:.0f} s")
    squares, scripts, _ = (np.concatenate(some) for some in zip(*parts[1:], strict=True))
    model = trained(squares, scripts)
    given.out.write_bytes(exported(model))
    told(f"{json.dumps(accuracy(model, *parts[0]))}, {time.monotonic() - start:.0f} s")


if __name__ == "__main__":
    main()
