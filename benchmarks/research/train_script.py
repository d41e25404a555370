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

PARTS, PAGES, VALIDATION_PAGES = (1, 2, 3, 5), 400, 240
"""Pages are drawn in parts of PAGES, one for each of these seeds."""

EPOCHS, BATCH, RATE, DECAY, DROPPED = 22, 64, 4e-3, 0.02, 0.3

CROP = 80
"""Side of the part of a square that is looked at in training, in px; where it lies is drawn."""

TURNED, BLANK = 0.12, 0.3
"""Shares of batches that are turned, and of which a part is blank."""

PAPER = 200
"""The level of paper in squares that are kept as whole numbers."""


def layer(inputs: int, outputs: int, side: int = 3, stride: int = 1) -> nn.Sequential:
    """Return a convolution with normalisation and ReLU."""
    convolution = nn.Conv2d(inputs, outputs, side, stride, side // 2, bias=False)
    return nn.Sequential(convolution, nn.BatchNorm2d(outputs), nn.ReLU())


class Teller(nn.Module):
    """Squares, N x 1 x SIDE x SIDE, to logarithms of probabilities, N x SCRIPTS.

    The last features see 39 px, which are about four letters. Their means and maxima over the square decide.
    """

    def __init__(self) -> None:
        super().__init__()
        self.letters = nn.Sequential(
            *(layer(1, 16, 5, 2), layer(16, 32), nn.MaxPool2d(2)),
            *(layer(32, 64), nn.MaxPool2d(2), layer(64, 80)),
        )
        self.dropped = nn.Dropout(DROPPED)
        self.head = nn.Linear(160, len(SCRIPTS))

    def forward(self, squares: torch.Tensor) -> torch.Tensor:
        """Return N x SCRIPTS."""
        letters = self.letters(squares)
        pooled = torch.cat([letters.mean((2, 3)), letters.amax((2, 3))], 1)
        scores: torch.Tensor = self.head(self.dropped(pooled)).log_softmax(1)
        return scores


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


def trained(squares: np.ndarray, scripts: np.ndarray, seed: int = 0) -> Teller:
    """Train on squares (uint8, their paper PAPER). Half of each batch is Latin; rare scripts are drawn more often."""
    torch.manual_seed(seed)
    random, model = np.random.default_rng(seed), Teller().to(memory_format=torch.channels_last)
    images, labels = torch.from_numpy(squares), torch.from_numpy(scripts).long()
    often = torch.from_numpy(np.bincount(scripts, minlength=len(SCRIPTS)) ** -0.5)[labels]
    often[labels == 0] = often[labels != 0].sum() / (labels == 0).sum()
    steps = EPOCHS * (len(images) // BATCH)
    optimiser = torch.optim.AdamW(model.parameters(), lr=RATE, weight_decay=DECAY)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, RATE, total_steps=steps, pct_start=0.15)
    for step in range(steps):
        chosen = torch.multinomial(often, BATCH, replacement=True)
        batch = _varied(images[chosen], random)[:, None].contiguous(memory_format=torch.channels_last)
        with torch.autocast("cpu", torch.bfloat16):
            scores = model(batch)
        loss = nn.functional.nll_loss(scores.float(), labels[chosen])
        optimiser.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        optimiser.step()
        schedule.step()
        if step % 500 == 0:
            told(f"step {step} of {steps}: loss {loss.item():.3f}")
    return model.eval()


def _varied(squares: torch.Tensor, random: np.random.Generator) -> torch.Tensor:
    """Return a part of squares in floats with other contrast and noise, at times turned or partly blank."""
    top, left = (int(start) for start in random.integers(0, SIDE - CROP + 1, 2))
    images = squares[:, top : top + CROP, left : left + CROP].float() / PAPER
    if random.random() < TURNED:
        images = torch.rot90(images, int(random.integers(1, 4)), (1, 2))
    images = images ** torch.exp(0.2 * torch.randn(len(images), 1, 1))
    if random.random() < BLANK:  # less text in the square: blank from one side
        share = int(CROP * random.uniform(0.2, 0.65))
        images = images.clone()
        (images[:, :share] if random.random() < 0.5 else images[:, -share:])[:] = 1.0
    return images + 0.04 * torch.rand(len(images), 1, 1) * torch.randn_like(images)


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
        if array.dtype == np.float32 and array.size > 1000:
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

    def kept(seed: int) -> Path | None:
        return None if given.kept is None else given.kept / f"{seed}.npz"

    squares, scripts, _ = (
        np.concatenate(some) for some in zip(*(part(given.root, seed, kept(seed)) for seed in PARTS), strict=True)
    )
    told(f"{len(squares)} squares, {time.monotonic() - start:.0f} s")
    model = trained(squares, scripts)
    given.out.write_bytes(exported(model))
    told(f"trained, {time.monotonic() - start:.0f} s")
    told(json.dumps(accuracy(model, *part(given.root, 0, kept(0)))))


if __name__ == "__main__":
    main()
