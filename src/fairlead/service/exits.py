"""What went wrong, as an exit code and one line on stderr."""

from __future__ import annotations

import sys

import typer

OUR_MISTAKE = 1
USAGE = 2
INTERRUPTED = 130  # 128 + SIGINT, as shells have it
READER_GONE = 141  # 128 + SIGPIPE, likewise
EXTRAS = {"torch": "train", "torch_geometric": "train", "distributed": "cluster"}
CommandLineError: type[Exception] = typer.BadParameter.__mro__[2]  # click's, wherever typer keeps it


def said(code: int, line: str) -> int:
    """Writes the line and returns the code."""
    sys.stderr.write(f"error: {' '.join(line.split())}\n")
    return code


def code_and_line(error: Exception) -> tuple[int, str]:
    """Of anything that a command raised; what we did not foresee is our own mistake."""
    from fairlead.model import FairleadError  # here, so that help is instant

    if isinstance(error, ModuleNotFoundError) and error.name in EXTRAS:
        error = _missing(error.name)
    if isinstance(error, FairleadError):
        return error.exit_code, str(error)
    if isinstance(error, CommandLineError):
        context = getattr(error, "ctx", None)
        command = context.command_path if context else "fairlead"
        message = error.format_message() if hasattr(error, "format_message") else str(error)
        return USAGE, f"usage: {message.rstrip('.') or 'a command is missing'}; hint: {command} --help"
    if isinstance(error, MemoryError):
        return OUR_MISTAKE, "memory: the machine has not enough memory for this"
    what = f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
    return OUR_MISTAKE, f"internal: {what}; hint: this is our mistake; FAIRLEAD_DEBUG=1 shows where"


def _missing(module: str) -> Exception:
    from fairlead.model import MissingExtraError

    extra = EXTRAS[module]
    return MissingExtraError(
        code=f"extra.{extra}",
        what=f"this command needs the extra {extra}",
        got=f"no module {module}",
        hint=f"pip install 'fairlead[{extra}]'",
    )
