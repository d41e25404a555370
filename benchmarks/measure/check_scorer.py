"""Hold the scores of a benchmark against jiwer, an independent implementation, on what the engines really read.

    python -m benchmarks.measure.check_scorer SUITE.yaml --root DIR --results DIR --out benchmarks/results/scorer.json

``--results`` is the folder of a `docsr benchmark` of that suite: its rows.jsonl holds the texts. They are folded by
docsr and counted by jiwer, and the CER and WER of every row compared with docsr's. Exit code 1 where the rates which
follow from counts differ by more than 1e-9, or the rates in the row, which are rounded to 1e-6, by more than that.
"""

from __future__ import annotations

import argparse
import json
import shlex
import sys
from collections.abc import Iterator
from contextlib import suppress
from importlib.metadata import version
from pathlib import Path
from typing import Any

import jiwer

from docsr.bench.suite import load_suite
from docsr.benchmark import ROWS
from docsr.machine import machine
from docsr.metrics.text import fold

COUNTS, RATES = 1e-9, 1e-6


def row_key(row: dict[str, Any]) -> tuple[Any, ...]:
    """What no two rows of a run share; the ceiling's rows stand for all conditions of a page."""
    return tuple(row[name] for name in ("page", "set", "lr_dpi", "degradation", "upscaler", "factor", "engine"))


def kept(path: Path) -> Iterator[dict[str, Any]]:
    """The rows of a run with the texts that were read; a line that was cut off is passed over."""
    for line in path.read_text(encoding="utf-8").split("\n"):
        with suppress(ValueError):
            yield json.loads(line)


def main() -> None:
    """Compare, write the largest differences, and judge."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("suite", type=Path, help="the suite file of that benchmark")
    parser.add_argument("--root", type=Path, required=True, help="folder of the suite's files")
    parser.add_argument("--results", type=Path, required=True, help="folder that docsr benchmark wrote")
    parser.add_argument("--out", type=Path, required=True, help="JSON file to write")
    options = parser.parse_args()
    pages = {(page.set, page.name): page for page in load_suite(options.suite, options.root, None).pages}
    current = {row_key(row): row for row in json.loads((options.results / "results.json").read_text("utf-8"))["rows"]}
    worst, texts, engines = {"cer": 0.0, "wer": 0.0, "cer_rounded": 0.0, "wer_rounded": 0.0}, 0, set()
    for row in kept(options.results / ROWS):
        if current.get(row_key(row)) != {name: value for name, value in row.items() if name not in {"key", "text"}}:
            continue  # of another version of the page, or cut off
        page = pages[row["set"], row["page"]]
        true, read = (fold(text, case=page.source.case) for text in (page.text, row["text"]))
        cer, wer = jiwer.cer(true, read), jiwer.wer(true, read)
        differences = {
            "cer": row["edits"] / row["reference_chars"] - cer,
            "wer": row["word_edits"] / row["reference_words"] - wer,
            "cer_rounded": row["cer"] - cer,
            "wer_rounded": row["wer"] - wer,
        }
        worst = {name: max(worst[name], abs(value)) for name, value in differences.items()}
        texts += 1
        engines.add(row["engine"])
    result = {
        "command": shlex.join(["python", "-m", "benchmarks.measure.check_scorer", *sys.argv[1:]]),
        "machine": machine(),
        "suite": options.suite.stem,
        "jiwer": version("jiwer"),
        "page_texts": texts,
        "engines": sorted(engines),
        "largest_difference": worst,
    }
    options.out.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
    counts, rates = max(worst["cer"], worst["wer"]), max(worst["cer_rounded"], worst["wer_rounded"])
    sys.exit(f"{options.out}: docsr and jiwer differ" if not texts or counts > COUNTS or rates > RATES else 0)


if __name__ == "__main__":
    main()
