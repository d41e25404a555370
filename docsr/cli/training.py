"""Define ``docsr prepare``, ``docsr train`` and ``docsr export``."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from docsr.choices import FACTORS, MOST_JOBS
from docsr.cli.bar import counting_bar
from docsr.cli.echo import say
from docsr.cli.numbers import MOST, Real, Whole
from docsr.cli.options import TrainCommand
from docsr.cli.training_progress import TrainingProgress, prints
from docsr.errors import MissingExtraError, UsageError
from docsr.system.names import below
from docsr.system.temporary import need_temporary_folder
from docsr.text.wording import counted

if TYPE_CHECKING:
    from docsr.pairs.store import StoreHeader

_NAMED = 10
"""How many skipped pages are named on the terminal; store.json lists all."""


@contextmanager
def _needs_training_packages(what: str) -> Iterator[None]:
    """Raise the error that names the extra if torch or albumentations is missing.

    Raises:
        MissingExtraError: a package of the extra is missing.
        NoTemporaryFolder: there is no temporary folder; these packages need one when they are imported.
    """
    need_temporary_folder()
    try:
        yield
    except ModuleNotFoundError as error:
        if (error.name or "").startswith("docsr"):
            raise
        raise MissingExtraError(what, "train") from error


@click.command()
@click.argument("kind")
@click.argument("source", type=click.Path(path_type=Path))
@click.option("--out", required=True, type=click.Path(file_okay=False, path_type=Path), help="Folder for the patches.")
@click.option("--x-height", type=Real(2, 200), help="Text size in px to which pages are brought.")
@click.option("--as-is", is_flag=True, help="Leave pages at the size they have.")
@click.option("--patch", type=Whole(16, 4_096), help="Side of a patch in px.  [default: depends on KIND]")
@click.option("--per-page", type=Whole(1, MOST), default=6, show_default=True, help="Most patches from a page.")
@click.option("--per-document", type=Whole(1, MOST), default=40, show_default=True, help="Most pages from a document.")
@click.option("--colour", is_flag=True, help="Keep RGB; otherwise patches are grey.")
@click.option(
    "--factor",
    type=click.Choice(list(map(str, FACTORS))),
    help="Use the source's own LR of this factor, if it has any.",
)
@click.option("--prose", type=click.Path(path_type=Path), help="Text file whose words fonts draws too, in their order.")
@click.option("--jobs", type=Whole(1, MOST_JOBS), default=1, show_default=True, help="Number of processes.")
def prepare(
    kind: str,
    source: Path,
    out: Path,
    x_height: float | None,
    as_is: bool,
    patch: int | None,
    factor: str | None,
    jobs: int,
    **others: Any,
) -> None:
    """Cut documents into training patches, with all text brought to one size.

    KIND says what SOURCE is. rvl-cdip: a folder with images/ and labels/. pdf: a folder of PDF files with real text,
    which are rendered. images: a folder of images, each with NAME.txt beside it if its text is known. fonts: a folder
    of typefaces (.ttf, .otf), in which words, figures and ruled lines are drawn. Without --x-height the text size is 8
    px (rvl-cdip), 28 px (pdf, fonts) or 24 px (images).

    Pictures keep their size. div2k: a folder with DIV2K_train_HR. celeba: a folder with img_align_celeba. npy-pairs:
    folders hr and lr with arrays of the same names. Patches are 384 px of text, 192 px of div2k, 256 px of celeba and
    96 px of npy-pairs.

    Exit code: 0 patches written (skipped pages are named), 1 they could not be written, 2 wrong options, or a SOURCE of
    another layout, 3 nothing to cut patches from, 130 stopped by Ctrl-C or SIGTERM.
    """
    from docsr.pairs.sources import SOURCES
    from docsr.prepare import PrepareOptions
    from docsr.prepare import prepare as run

    if as_is and x_height is not None:
        raise UsageError("--as-is and --x-height exclude each other")
    defaults = SOURCES.find(kind)
    x_height = None if as_is else x_height or defaults.x_height
    lr_factor = None if factor is None else int(factor)
    options = PrepareOptions(x_height, patch or defaults.patch, lr_factor=lr_factor, **others)
    with counting_bar("documents") as progress:
        header = run(kind, source, out, options, jobs=jobs, progress=progress)
    _print_result(header, out)
    if lr_factor is not None and header.lr_factor is None:
        say(f"docsr: {source} has no LR of factor {factor}: docsr train makes it from HR", err=True)


def _print_result(header: StoreHeader, out: Path) -> None:
    """Print what was prepared, and what was skipped."""
    for sentence in header.skipped[:_NAMED]:
        say(f"docsr: skipped: {sentence}", err=True)
    if len(header.skipped) > _NAMED:
        say(f"docsr: skipped: {len(header.skipped) - _NAMED} more, named in {out / 'store.json'}", err=True)
    say(
        f"{out}: {header.train:,} training and {counted(header.val, 'validation patch')} of "
        f"{header.size} px from {counted(header.pages, 'page')} of {counted(header.documents, 'document')}, "
        f"{len(header.skipped):,} skipped"
    )
    if not header.val:
        say("docsr: no document is left for validation, so training will not score the network", err=True)


@click.command(cls=TrainCommand)
@click.option(
    "--factor", type=click.Choice(list(map(str, FACTORS))), help="Enlargement; 2 unless the configuration says."
)
@click.option("--config", type=click.Path(dir_okay=False, exists=True, path_type=Path), help="YAML, see configs/train.")
@click.option("--data", type=click.Path(file_okay=False, path_type=Path), help="Folder made by docsr prepare.")
@click.option("--out", type=click.Path(file_okay=False, path_type=Path), help="Folder [runs/GENERATOR_xFACTOR].")
@click.option(
    "--set", "overrides", multiple=True, metavar="KEY=VALUE", help="Override an option, such as data.batch=8."
)
@click.option("--resume", is_flag=True, help="Continue the run in --out with its own options.")
@click.option(
    "--resume-at", type=Whole(1, MOST), metavar="STEP", help="Continue from a step kept by output.keep_every."
)
def train(
    factor: str | None,
    config: Path | None,
    data: Path | None,
    out: Path | None,
    overrides: tuple[str, ...],
    resume: bool,
    resume_at: int | None,
) -> None:
    """Train a network. Without --data it trains on the repository's own samples, as a demonstration.

    Ctrl-C and SIGTERM stop it after the current step, or at once during a validation. The state is saved, and --resume
    continues from there.

    Exit code: 0 trained, 1 it could not go on, 2 wrong options, 130 stopped by Ctrl-C or SIGTERM.
    """
    with _needs_training_packages("training"):
        from docsr.train import CONFIG
        from docsr.train import train as run
    from docsr.train_config_file import load_config, parse_override

    values: dict[str, Any] = dict(parse_override(text) for text in overrides)
    if factor is not None:
        values["factor"] = int(factor)
    if data is not None:
        values["data.dir"] = str(data)
    if out is None:
        naming = {key: value for key, value in values.items() if key.partition(".")[0] in {"factor", "generator"}}
        named = load_config(config, naming)
        out = below(Path("runs"), f"{named.generator.name}_x{named.factor}")
    resume = resume or resume_at is not None
    if resume and not os.path.isfile(out / CONFIG):
        raise UsageError(f"{out} holds no run to resume ({CONFIG} is missing): give its --out, or leave out --resume")
    checked = load_config(out / CONFIG if resume and config is None else config, values)
    patches = checked.data.dir or _sample_patches(Path("runs") / "samples")
    with TrainingProgress(checked.schedule.steps) as progress:
        checkpoint = run(checked, patches, out, progress, resume=resume, resume_at=resume_at)
    if prints():
        say(f"trained: {checkpoint}; next: docsr export {checkpoint} --out my_{out.name}.onnx")


@click.command()
@click.argument("checkpoint", type=click.Path(dir_okay=False, path_type=Path))
@click.option(
    "--out",
    required=True,
    type=click.Path(dir_okay=False, path_type=Path),
    help="The .onnx file, whose name becomes the network's. A file that docsr export did not write is not replaced.",
)
@click.option("--page", type=click.Path(dir_okay=False, path_type=Path), help="Image to compare ONNX with torch on.")
@click.option(
    "--share",
    type=Real(0, 1),
    default=1.0,
    show_default=True,
    help="Share of the network in the output; the rest is bicubic. A smaller share is softer.",
)
@click.option(
    "--smooth",
    metavar="SIGMA",
    type=Real(0, 10),
    default=0.0,
    show_default=True,
    help="Blur the output by a Gaussian of this standard deviation in its px: Tesseract reads 4x better with about 1.",
)
@click.option(
    "--ink",
    metavar="TIMES",
    type=Real(0.1, 10),
    default=1.0,
    show_default=True,
    help="Make all but white this many times as dark: a little above 1 restores the strokes that --smooth weakens.",
)
@click.option(
    "--factor", type=click.Choice(list(map(str, FACTORS))), help="Factor to export of a network with several (mdsr)."
)
@click.option(
    "--int8",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    metavar="PATCHES",
    help="Export in 8 bits, smaller and faster on a CPU; ranges are measured on these patches of docsr prepare.",
)
def export(
    checkpoint: Path,
    out: Path,
    page: Path | None,
    share: float,
    smooth: float,
    ink: float,
    factor: str | None,
    int8: Path | None,
) -> None:
    """Write a checkpoint as ONNX, and compare it with torch on a page.

    Exit code: 0 written, 1 it could not be written, or it differs from torch, 2 wrong options or checkpoint, 3 the
    --page could not be read, 130 stopped by Ctrl-C or SIGTERM.
    """
    with _needs_training_packages("export"):
        from docsr.export import export as run
    chosen = None if factor is None else int(factor)
    done = run(checkpoint, out, page or _sample_page(), share=share, smooth=smooth, ink=ink, factor=chosen, int8=int8)
    say(
        f"{done.path}: {counted(done.parameters, 'parameter')}, {counted(done.bytes, 'byte')}; "
        f"largest difference to torch {done.difference * 255:.4f}/255, RMS {done.rms * 255:.4f}/255"
    )


def _sample_pages() -> Path | None:
    """Return the folder of the repository's training pages: here, or beside the package in its source tree."""
    folders = (Path(root) / "data" / "training" for root in (".", Path(__file__).resolve().parents[2]))
    return next((folder for folder in folders if os.path.isdir(folder)), None)


def _sample_page() -> Path | None:
    folder = _sample_pages()
    return None if folder is None else next(iter(sorted(folder.glob("*.png"))), None)


def _sample_patches(folder: Path) -> Path:
    """Prepare the repository's sample pages, unless that is done already, and return their patches."""
    from docsr.pairs.store import HEADER
    from docsr.prepare import PrepareOptions
    from docsr.prepare import prepare as run

    if "WORLD_SIZE" in os.environ and not os.path.exists(folder / HEADER):
        raise UsageError("several processes cannot prepare the samples at once: give --data, or run docsr train once")
    if os.path.exists(folder / HEADER):
        say(f"training on the patches of the repository's samples in {folder}: a demonstration", err=True)
        return folder
    source = _sample_pages()
    if source is None:
        raise UsageError("no sample pages here: give --data, a folder made by docsr prepare, or run in the repository")
    say("no --data given: training on the repository's few samples, which is a demonstration only", err=True)
    run("images", source, folder, PrepareOptions(20.0, per_page=40))
    return folder
