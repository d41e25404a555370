"""Decide which outputs exist already and which may be replaced, by the manifest of the output folder."""

from __future__ import annotations

import os
from contextlib import ExitStack
from pathlib import Path
from typing import BinaryIO

from docsr.batch.file_progress import FileProgress, failed
from docsr.batch.results import PageResult, Task
from docsr.errors import PageError
from docsr.io.decoder_messages import report_damage
from docsr.io.paths.folders import PATIENCE, OutputFolder, Place, identities, locked, opened
from docsr.io.paths.manifest import Entry, Manifest, entry_of, incomplete, note, sha256_of_open
from docsr.pool import concluding, reset_timeout, time_limit
from docsr.text.shown import visible


class Outputs:
    """The outputs that one process writes into one folder."""

    def __init__(self, out: Path | OutputFolder, signature: str, part: str | None) -> None:
        """Open the folder, if it exists.

        Args:
            out: the output folder, which holds the manifest.
            signature: hash of the options, networks and version, as the manifest stores it.
            part: name of this process's part of the manifest, if other machines write to the folder too.
        """
        self._out, self._signature, self._part = opened(out), signature, part
        self._manifest: Manifest | None = None
        self._patience = PATIENCE

    def place(self, task: Task) -> Place:
        """Return where the output goes. The input is never replaced there, even if folders are swapped meanwhile."""
        return Place(self._out, str(task.output.relative_to(self._out.path)), identities([task.source]))

    def already_handled(self, task: Task, sha256: str) -> list[PageResult] | None:
        """Return the results of a file that is done already or whose output may not be replaced, else None.

        An output may be replaced if it is as docsr wrote it and was made from this input. The input is the same if it
        has the same path, or the same bytes under another path (then nothing can be lost). Data from a pipe is
        identified by its bytes alone: the next data from that pipe is another input.

        Args:
            task: the file.
            sha256: hash of the input's bytes.
        """
        if task.overwrite or not self.place(task).exists():
            return None
        entry = self._entry(task)
        if entry is None:
            refusal = f"{task.output} is there already and not as docsr wrote it"
        elif entry.sha256 != sha256 and not task.is_of(entry):
            named = visible(entry.input)
            other = f"{named}, not from {task.source}"
            if entry.input == task.input:
                other = f"other bytes that came through {named}"
            refusal = f"{task.output} was made from {other}"
        else:
            done = entry.sha256 == sha256 and entry.options == self._signature
            return [PageResult(str(task.source), str(task.output), 1, "skipped")] if done else None
        sentence = f"{refusal}: choose another --out folder, or replace it with --overwrite"
        return failed(task, sentence, FileProgress(readable=True))

    def _entry(self, task: Task) -> Entry | None:
        """Return the manifest's entry that matches the existing output, if any."""
        entry = entry_of(task.entries, self.place(task))
        if entry is not None:
            return entry
        # The output may be newer than the task: a worker of this run may have made it and died before it reported.
        if self._manifest is None:
            self._manifest = Manifest(self._out)
        else:
            self._manifest.refresh()
        return entry_of(self._manifest.entries(self.place(task).below), self.place(task))

    def note(self, task: Task, sha256: str, progress: FileProgress, until_committed: ExitStack, file: BinaryIO) -> None:
        """Note an output in the manifest before it takes its place.

        Args:
            task: the file.
            sha256: hash of the input's bytes.
            progress: the results of its pages; it gets the new entry.
            until_committed: holds the lock against other docsr processes; the caller closes it after the commit.
            file: the complete, flushed output.

        Raises:
            HandledMeanwhile: another docsr process has handled the file, or put an output in its place.
            PageError: the input has changed meanwhile, or the manifest cannot be written.
        """
        if stamp(task.source) != progress.input_stamp:
            raise PageError(f"{task.source} changed while it was read: run the same command again")
        status, written = os.fstat(file.fileno()), sha256_of_open(file.fileno())
        assert written is not None
        self._lock(until_committed)
        already_handled = self.already_handled(task, sha256)
        if already_handled is not None:
            raise HandledMeanwhile(already_handled)
        failures = any(row.status == "failed" for row in progress.rows)  # the next run reports these again
        options, place = incomplete(self._signature) if failures else self._signature, self.place(task).below
        progress.written = Entry(task.input, sha256, options, place, status.st_size, status.st_mtime_ns, written)
        concluding()  # from here on the output exists, or the manifest says so
        note(self._out, progress.written, self._part)

    def _lock(self, until_committed: ExitStack) -> None:
        """Lock out other docsr processes. Wait only once for a program that never releases the lock."""
        reset_timeout()
        limit = time_limit()
        patience = self._patience if limit is None else min(self._patience, limit / 2)
        if not until_committed.enter_context(locked(self._out, patience)) and self._patience:
            self._patience = 0.0
            report_damage(
                f"another program keeps {self._out.path} locked, so docsr goes on without a lock: end that program"
            )


class HandledMeanwhile(Exception):
    """Another docsr process handled the file meanwhile, or put an output in its place that may not be replaced."""

    def __init__(self, rows: list[PageResult]) -> None:
        super().__init__(rows)
        self.rows = rows


def stamp(source: Path) -> tuple[int, ...] | None:
    """Return values that change when a file does (inode, size, time), or None if there is no such file."""
    try:
        status = source.stat()
    except OSError:
        return None
    return status.st_ino, status.st_size, status.st_mtime_ns
