"""The command line: ``fairlead NOUN VERB``. Every command imports what it needs when it runs, so help is instant.

Data on stdout; progress, warnings and the one line of an error on stderr. Exit codes: 0 ok, 1 our own mistake, 2 usage,
3 bad input, 4 refused by a safety rule, 5 stale, 6 missing dependency, 130 interrupted. FAIRLEAD_DEBUG=1: tracebacks.
"""

from __future__ import annotations

import os
import sys
import traceback
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from fairlead import __version__
from fairlead.service.cli_drain import drain, register_drain
from fairlead.service.cli_mitigate import measure, mitigate, register_mitigate
from fairlead.service.cli_route import register_routes, route
from fairlead.service.exits import INTERRUPTED, READER_GONE, code_and_line, said
from fairlead.service.options import Format, Json, Seed, examples
from fairlead.service.terminal import Output

app = typer.Typer(
    name="fairlead",
    help="Keeps a global relay / edge network inside its service-level objective: plan, check, apply, verify, undo.",
    no_args_is_help=True,
    rich_markup_mode="rich",
    pretty_exceptions_enable=False,
    epilog=examples("fairlead demo", "fairlead drain plan NETWORK", "fairlead route plan NETWORK --out DIR"),
)
train = typer.Typer(no_args_is_help=True, help="Make the weights of the learned parts (extra: train).")
world = typer.Typer(no_args_is_help=True, help="Networks that do not exist.")
generate = typer.Typer(no_args_is_help=True, help="Write a NETWORK folder.")
reproduce = typer.Typer(no_args_is_help=True, help="The papers' tables beside ours.")
bench = typer.Typer(no_args_is_help=True, help="Speed, memory and growth, each beside its peers.")
world.add_typer(generate, name="generate")
register_drain(generate, train, reproduce, bench)
register_routes(generate, reproduce, bench)
register_mitigate(generate, reproduce, bench)
_NOUNS = {
    "drain": drain,
    "route": route,
    "mitigate": mitigate,
    "train": train,
    "measure": measure,
    "world": world,
    "reproduce": reproduce,
    "bench": bench,
}
for _noun, _verbs in _NOUNS.items():
    app.add_typer(_verbs, name=_noun)


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs a command line and returns its exit code; whatever goes wrong is one line on stderr."""
    try:
        code = app(args=arguments, prog_name="fairlead", standalone_mode=False)
        sys.stdout.flush()
        if code == INTERRUPTED:
            raise KeyboardInterrupt
        return code if isinstance(code, int) else 0
    except (BrokenPipeError, SystemExit) as left:
        # whoever read us has seen enough; typer and rich make a SystemExit of that, and there is no other here
        if isinstance(left, BrokenPipeError) or left.code == 1:
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            return READER_GONE
        raise
    except (KeyboardInterrupt, typer.Abort):
        return said(INTERRUPTED, "interrupted")
    except Exception as error:
        if os.environ.get("FAIRLEAD_DEBUG") == "1":
            traceback.print_exc()
        return said(*code_and_line(error))


def _version(wanted: bool) -> None:
    if wanted:
        sys.stdout.write(f"fairlead {__version__}\n")
        raise typer.Exit


@app.callback()
def fairlead(
    _version_wanted: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version and leave.")
    ] = False,
) -> None:
    """Keeps a global relay / edge network inside its service-level objective: plan, check, apply, verify, undo."""


@app.command("demo", epilog=examples("fairlead demo", "fairlead demo --out my-demo --seed 7", "fairlead demo --json"))
def demo(
    out: Annotated[Path, typer.Option(metavar="DIR", help="Folder for report.html.")] = Path("fairlead-demo"),
    seed: Seed = 1,
    output: Format = Output.TABLE,
    as_json: Json = False,
) -> None:
    """A relay network loses its objective and gets it back: simulated, on this machine, in under a minute."""
    from fairlead.service.demo import run_demo

    run_demo(out, seed, as_json or output is Output.JSON)
