"""Run a command, and turn whatever it raises into one sentence and an exit code; nothing else ends a command."""

from __future__ import annotations

import copy
import errno
import sys
import traceback
from importlib.metadata import PackageNotFoundError, metadata
from typing import Any, NoReturn

import click

from docsr.cli.checks import terminable
from docsr.cli.echo import NobodyReads, guarded, say, warnings_said
from docsr.errors import DocsrError, Interrupted, first_line, is_out_of_memory

UNEXPECTED = 70
"""Exit code of an unexpected error: EX_SOFTWARE of sysexits.h."""

_FULL = frozenset({errno.ENOSPC, getattr(errno, "EDQUOT", errno.ENOSPC)})


_HELP: Any = getattr(click.exceptions, "NoArgsIsHelpError", ())
"""Raised by click 8.2 and later for a group without arguments; earlier versions print the help themselves."""


class Unexpected(DocsrError):
    """An error that docsr does not expect: a fault of its own, or of a library."""

    exit_code = UNEXPECTED


def run(command: click.Command) -> NoReturn:
    """Run a command and exit; print whatever it raises as one line on stderr. SIGTERM acts like Ctrl-C.

    The command gets the option ``--debug``, which adds the traceback of an error.
    """
    with guarded(), warnings_said():
        debug: list[bool] = []
        try:
            with terminable():
                code = _with_debug(command, debug).main(standalone_mode=False) or 0
            if sys.stdout is not None:
                sys.stdout.flush()
        except SystemExit:
            raise
        except (Exception, KeyboardInterrupt) as error:
            code = _print_error(error, trace=any(debug))
        sys.exit(code)


def _with_debug(command: click.Command, debug: list[bool]) -> click.Command:
    """Return the command with an eager option that notes in ``debug`` whether it was given."""
    option = click.Option(
        ["--debug"],
        is_flag=True,
        is_eager=True,
        expose_value=False,
        callback=lambda _context, _option, value: debug.append(value),
        help="Print the traceback of an error, line by line.",
    )
    debuggable = copy.copy(command)
    debuggable.params = [*command.params, option]
    return debuggable


def _print_error(error: BaseException, *, trace: bool) -> int:
    """Print what happened in one line, and return the exit code."""
    if trace:
        for line in "".join(traceback.format_exception(error)).splitlines():
            say(line, err=True)
    if isinstance(error, NobodyReads):
        return error.exit_code
    if isinstance(error, click.ClickException):
        _print_usage(error)
        return error.exit_code
    failure = _as_docsr_error(error)
    say(f"docsr: error: {failure}", err=True)
    return failure.exit_code


def _as_docsr_error(error: BaseException) -> DocsrError:
    match error:
        case DocsrError():
            return error
        case KeyboardInterrupt() | click.exceptions.Abort():
            return Interrupted("interrupted")
        case _ if is_out_of_memory(error):
            return DocsrError("the memory is full: use fewer --jobs, a smaller --tile, or a machine with more")
        case OSError(errno=number) if number in _FULL:
            return DocsrError(f"{error.filename or 'a temporary file'} could not be written: the disk is full")
    message, kind = first_line(error), type(error).__name__
    what = kind if message == kind else f"{kind}: {message}"
    return Unexpected(f"docsr did not expect this: {what}; {_where_to_report()}, with the output of the option --debug")


def _where_to_report() -> str:
    """Return where to report an error: the address in the package's metadata, if it has one."""
    try:
        urls = metadata("docsr").get_all("Project-URL") or []
    except PackageNotFoundError:
        urls = []
    addresses = dict(entry.split(", ", 1) for entry in urls)
    address = addresses.get("Issues")
    return f"please report it at {address}" if address else "please report it where you got docsr from"


def _print_usage(error: click.ClickException) -> None:
    """Print what is wrong with the command line, as click does; for a command without arguments print its help."""
    if isinstance(error, _HELP):  # its message is the help
        for line in error.format_message().splitlines():
            say(line, err=True)
        return
    context = error.ctx if isinstance(error, click.UsageError) else None
    if context is not None:
        for line in context.get_usage().splitlines():
            say(line, err=True)
        if context.command.get_help_option(context) is not None:
            say(f"Try '{context.command_path} {context.help_option_names[0]}' for help.", err=True)
    message = error.format_message()
    if isinstance(error, click.MissingParameter):  # click lists choices on several lines; no word is the user's
        message = " ".join(message.split())
    say(f"docsr: error: {message}", err=True)
