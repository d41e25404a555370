"""What `make docs-test` does not run as it stands in the documents, and what it runs in its place.

All else in a block of commands is run as it is written. A test of the default run finds commands that take long or
change the machine and are not in this table, and entries of it that no document needs.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from tests.docs import Block

TINY = " ".join(
    f"--set {option}"
    for option in (
        "data.lr_patch=16",
        "data.batch=2",
        "data.workers=0",
        "output.validation_pages=0",
        "output.validation_patches=1",
    )
)
GAN = "--set schedule.steps=2 --set schedule.gan_start=1"


class Short(NamedTuple):
    """A pattern that a whole command matches, what is run (``\\g<0>`` is the command), and why."""

    pattern: str
    runs: str
    why: str


TABLE = (
    Short(
        r"make (?P<target>(?!demo).*)",
        r"make -n \g<target> > make.txt",
        "`make test` and its like take minutes to hours, install programs, and are run by themselves; that their rules "
        "exist and can be expanded is seen. `make demo` does run, in an environment that is there already.",
    ),
    Short(
        r"(?:python -m )?pip install (?!.*\[ray\])(?P<what>.*)",
        r"$PYTHON -m tests.docs.extras \g<what>",
        "An installation takes minutes and a net, and what is installed is what the tests run in: that each extra is "
        "one of pyproject.toml, and that all it asks for is installed here, is seen.",
    ),
    Short(
        r"pip install .*\[ray\].*|ray start .*",
        "make -n test-ray > make.txt",
        "Ray is not in the development environment: `make test-ray` installs it in one of its own, and starts nodes at "
        "ports that are free; that it can be expanded is seen.",
    ),
    Short(
        r"python -m docsr\.integrations\.ray .*",
        r"$PYTHON -m docsr.integrations.ray --help | grep -e '--address' > ray.txt",
        "Likewise: `make test-ray` runs it over folders and S3; that the command and its option are there is seen.",
    ),
    Short(
        r"sudo apt-get install (?P<what>.*)",
        r"dpkg-query --show \g<what>",
        "Needs root and a net; that Debian knows the packages, and that they are installed here, is seen.",
    ),
    Short(
        r"docsr train (?!.*--resume)(?!.*r3_srgan).*",
        rf"\g<0> {TINY} --set schedule.steps=2",
        "Training takes hours: two steps of two small patches.",
    ),
    Short(
        r"docsr train (?=.*r3_srgan)(?!.*perceptual_weights).*",
        rf"\g<0> {TINY} {GAN} --set loss.perceptual_weights=vgg19.safetensors",
        "Likewise, one step before the GAN phase and one in it; torchvision would download VGG's weights: random ones.",
    ),
    Short(
        r"docsr train (?=.*r3_srgan)(?=.*perceptual_weights).*",
        rf"\g<0> {TINY} {GAN}",
        "Likewise, with the weights that the document names (random ones, too).",
    ),
    Short(
        r"docsr train (?=.*--resume).*",
        r"\g<0> --set schedule.steps=4",
        "Two steps more than the run that is gone on with had.",
    ),
    Short(
        r"docsr benchmark scans/ .*--engine rapidocr.*",
        r"\g<0> --upscaler auto",
        "RapidOCR takes minutes for nine arms of three pages: docsr and bicubic alone.",
    ),
    Short(
        r"docsr benchmark benchmarks/suites/typeset.yaml --root pdfs/ (?P<more>.*)",
        r"docsr benchmark short.yaml --root data/training --upscaler auto \g<more>",
        "The suite's PDF files come from Debian's mirrors, and it takes an hour: one page of the repository.",
    ),
)

COSTLY = re.compile(r"(make|pip|python -m pip|sudo|apt-get|docker|curl|wget|git|docsr train|torchrun)\b")
"""Commands that take long, need a net or change the machine: each has its entry above, or is in AS_IT_IS."""

AS_IT_IS = {"make demo"}

PROGRAMS = {
    *("docsr", "ocrmypdf", "tesseract", "pdftotext", "python3", "."),
    *("cat", "cp", "echo", "export", "find", "grep", "mkdir", "test"),
    *("while", "do", "done", "read"),
}
"""What a command may begin with that is run as it is."""


def entry_of(command: str) -> Short | None:
    """The entry for a command, if it is not run as it is."""
    found = [short for short in TABLE if re.fullmatch(short.pattern, command.strip())]
    assert len(found) < 2, f"{command}: {len(found)} entries of the table match"
    return found[0] if found else None


def script_of(block: Block) -> str:
    """The block as it is run."""
    lines = []
    for line in block.lines():
        short = entry_of(line)
        lines.append(line if short is None else re.sub(short.pattern, short.runs, line.strip()))
    return "\n".join(lines) + "\n"
