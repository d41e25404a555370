"""Every block of commands in the documents is run: the blocks of one document in order, in one folder of their own.

What is run in place of a command that takes hours is in shortened.py, the files that commands speak of in sandbox.py.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.docs import EXECUTED, PIPELINES, RUN, Block, blocks, name_of, sandbox
from tests.docs.shortened import script_of

pytestmark = pytest.mark.docs
DOCUMENTS = [path for path in EXECUTED if path != PIPELINES and any(block.language in RUN for block in blocks(path))]
LIMIT = 3600
"""Seconds for a block, which takes a minute on a machine that is not busy."""


def command_of(block: Block, folder: Path) -> list[str]:
    if block.language == "sh":
        return ["bash", "-euo", "pipefail", "-c", script_of(block)]
    script = folder / f"block_{block.line}.py"
    script.write_text(block.text, encoding="utf-8")
    return [sys.executable, str(script)]


@pytest.mark.parametrize("path", DOCUMENTS, ids=name_of)
def test_the_commands_of_a_document_work(tmp_path, path):
    folder, variables = sandbox.make(tmp_path), sandbox.environment()
    for block in blocks(path):
        if block.language in RUN:
            ran = subprocess.run(
                command_of(block, folder),
                cwd=folder,
                env=variables,
                capture_output=True,
                text=True,
                stdin=subprocess.DEVNULL,
                timeout=LIMIT,
            )
            print(f"== {block.place}\n{ran.stdout}")
            assert ran.returncode == 0, f"{block.place}: exit code {ran.returncode}\n{ran.stderr[-4000:]}"


def test_a_command_that_fails_is_found(tmp_path):
    folder = sandbox.make(tmp_path)
    block = Block(DOCUMENTS[0], 1, "sh", "docsr enhance missing/ --out hi/ | cat\necho done\n")
    ran = subprocess.run(
        command_of(block, folder), cwd=folder, env=sandbox.environment(), capture_output=True, text=True
    )
    assert ran.returncode == 3
    assert "missing" in ran.stderr
    assert "done" not in ran.stdout
