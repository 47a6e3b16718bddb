"""The command line: ``fairlead NOUN VERB``. Every command imports what it needs when it runs, so help is instant.

Data on stdout; progress, warnings and the one line of an error on stderr. Exit codes: 0 ok, 1 our own mistake, 2 usage,
3 bad input, 4 refused by a safety rule, 5 stale, 6 missing dependency, 130 interrupted. With FAIRLEAD_DEBUG=1 the
traceback is shown too.
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
from fairlead.service.cli_route import register_routes, route
from fairlead.service.exits import INTERRUPTED, READER_GONE, code_and_line, said
from fairlead.service.options import (
    Confidence,
    FailedRatio,
    FleetCap,
    Form,
    Format,
    Json,
    Kind,
    Method,
    MethodName,
    ModelFolder,
    NetworkFolder,
    NetworkOut,
    Now,
    RegionFloor,
    Restore,
    Restores,
    Rounds,
    ScenarioName,
    Seconds,
    Seed,
    Slo,
    Strict,
    Workers,
    WorldKind,
    examples,
)
from fairlead.service.terminal import Output

app = typer.Typer(
    name="fairlead",
    help="Keeps a global relay / edge network inside its service-level objective: plan, check, apply, verify, undo.",
    no_args_is_help=True,
    rich_markup_mode="rich",
    pretty_exceptions_enable=False,
    epilog=examples("fairlead demo", "fairlead drain plan NETWORK", "fairlead route plan NETWORK --out DIR"),
)
drain = typer.Typer(no_args_is_help=True, help="Take servers offline, and bring them back.")
train = typer.Typer(no_args_is_help=True, help="Make the weights of the learned parts (extra: train).")
world = typer.Typer(no_args_is_help=True, help="Networks that do not exist.")
generate = typer.Typer(no_args_is_help=True, help="Write a NETWORK folder.")
reproduce = typer.Typer(no_args_is_help=True, help="The papers' tables beside ours.")
bench = typer.Typer(no_args_is_help=True, help="Speed, memory and growth, each beside its peers.")
world.add_typer(generate, name="generate")
register_routes(generate, reproduce, bench)
for _noun, _verbs in (
    ("drain", drain),
    ("route", route),
    ("train", train),
    ("world", world),
    ("reproduce", reproduce),
    ("bench", bench),
):
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


@drain.command(
    "plan",
    epilog=examples(
        "fairlead world generate overlay --kind paper --scenario mild --out my-network",
        "fairlead drain plan my-network",
        "fairlead drain plan my-network --method greedy --fleet-cap 0.1 --json",
    ),
)
def drain_plan(
    network: NetworkFolder,
    method: MethodName = Method.FAIRLEAD,
    slo: Slo = None,
    fleet_cap: FleetCap = None,
    region_floor: RegionFloor = None,
    seed: Seed = 0,
    confidence: Confidence = 0.99,
    model: ModelFolder = None,
    restore: Restores = Restore.OWNED,
    rounds: Rounds = 1000,
    seconds: Seconds = float("inf"),
    now: Now = "",
    strict: Strict = False,
    output: Format = Output.TABLE,
    as_json: Json = False,
) -> None:
    """Which servers to take offline so that NETWORK meets its objective at least cost. Touches nothing.

    Settings: flag, else FAIRLEAD_SLO, FAIRLEAD_FLEET_CAP, FAIRLEAD_REGION_FLOOR, else fairlead.toml, else the default.
    """
    from fairlead.checks.gate import refused
    from fairlead.service import drain_plan as room
    from fairlead.service.show import print_plan
    from fairlead.service.terminal import data_console, print_json, spinner, warn

    request = room.Request(
        network=network,
        method=method.value,
        slo=slo,
        fleet_cap=fleet_cap,
        region_floor=region_floor,
        confidence=confidence,
        seed=seed,
        rounds=rounds,
        seconds=seconds,
        restore=restore.value,
        model=model,
        now=now,
    )
    with spinner() as say:
        answer = room.answered(request, say)
    if strict and not answer.verdict.allowed:
        raise refused(answer.verdict)
    if as_json or output is Output.JSON:
        print_json(room.as_json(answer))
    else:
        print_plan(data_console(), answer.snapshot, answer.plan, answer.goal, answer.verdict)
    for violation in answer.verdict.violations:
        warn(f"a safety rule would refuse this plan: {violation}")


@train.command(
    "drain", epilog=examples("fairlead train drain --out my-model", "fairlead drain plan NETWORK --model my-model")
)
def train_drain(
    out: Annotated[Path, typer.Option(metavar="DIR", help="Folder for the weights and their manifests.")],
    seed: Seed = 0,
    output: Format = Output.TABLE,
    as_json: Json = False,
) -> None:
    """Train Sentry's network and the persistence model on generated failures. Needs the extra ``train``."""
    from fairlead.service.figures import print_figures
    from fairlead.service.terminal import progress_bar
    from fairlead.service.training import train_drain as trained

    with progress_bar() as progress:
        result = trained(out, seed, progress)
    print_figures(result, as_json or output is Output.JSON)


@generate.command(
    "overlay",
    epilog=examples(
        "fairlead world generate overlay --out my-network",
        "fairlead world generate overlay --kind paper --scenario moderate --seed 7 --form csv --out paper-case",
        "fairlead world generate overlay --servers 20000 --pairs 1000000 --data-centers 800 --out large",
    ),
)
def generate_overlay(
    out: NetworkOut,
    kind: Kind = WorldKind.SCALED,
    servers: Annotated[int, typer.Option(help="scaled: servers.")] = 2_000,
    pairs: Annotated[int, typer.Option(help="scaled: pairs of servers with streams.")] = 100_000,
    regions: Annotated[int, typer.Option(help="scaled: service regions.")] = 18,
    data_centers: Annotated[int, typer.Option(help="scaled: data centers.")] = 200,
    windows: Annotated[int, typer.Option(help="scaled: observation windows of 30 s.")] = 3,
    failed_ratio: FailedRatio = 0.008,
    scenario: Annotated[ScenarioName, typer.Option(help="paper, aws, planetlab: what fails.")] = ScenarioName.MODERATE,
    number: Annotated[int, typer.Option(min=0, max=99, help="paper: which of the 100 cases.")] = 0,
    seed: Seed = 0,
    form: Annotated[Form, typer.Option(help="Of the files.")] = Form.PARQUET,
    output: Format = Output.TABLE,
    as_json: Json = False,
) -> None:
    """A relay overlay with injected failures, as a NETWORK folder. aws and planetlab read FAIRLEAD_DATA."""
    from fairlead.service.figures import print_figures
    from fairlead.service.generate import WorldRequest, written
    from fairlead.service.terminal import spinner
    from fairlead.worlds.overlay import Scenario

    request = WorldRequest(
        kind=kind.value,
        servers=servers,
        pairs=pairs,
        regions=regions,
        data_centers=data_centers,
        windows=windows,
        failed_ratio=failed_ratio,
        scenario=Scenario(scenario.value),
        number=number,
        seed=seed,
    )
    with spinner() as say:
        say("generating and writing the network")
        facts = written(request, out, form.value)
    print_figures(facts, as_json or output is Output.JSON)


@reproduce.command("drain", epilog=examples("fairlead reproduce drain", "fairlead reproduce drain --temporal --json"))
def reproduce_drain(
    temporal: Annotated[
        bool, typer.Option("--temporal", help="Blips and lasting failures, judged on the next windows.")
    ] = False,
    cases: Annotated[int, typer.Option(min=2, help="With --temporal: how many cases.")] = 200,
    seed: Seed = 0,
    workers: Workers = 1,
    output: Format = Output.TABLE,
    as_json: Json = False,
) -> None:
    """Sentry's evaluation: every method on the paper's 150 test cases, with and without a safety budget."""
    from fairlead.service.figures import print_figures
    from fairlead.service.terminal import progress_bar

    with progress_bar() as progress:
        if temporal:
            from fairlead.service.temporal import reproduce_temporal

            result = reproduce_temporal(cases, seed, workers, progress)
        else:
            from fairlead.service.reproduce import reproduce_drain as reproduced

            result = reproduced(seed, workers, progress)
    print_figures(result, as_json or output is Output.JSON)


@bench.command(
    "drain", epilog=examples("fairlead bench drain", "fairlead bench drain --servers 20000 --pairs 1000000 --json")
)
def bench_drain(
    servers: Annotated[int, typer.Option(min=2, help="Servers.")] = 20_000,
    pairs: Annotated[int, typer.Option(min=1, help="Pairs of servers with streams.")] = 1_000_000,
    growth: Annotated[bool, typer.Option("--growth/--no-growth", help="Also from 1,000 to 50,000 servers.")] = True,
    seed: Seed = 0,
    output: Format = Output.TABLE,
    as_json: Json = False,
) -> None:
    """How long a decision takes, how far from the best possible it is, and what memory it needs; beside its peers."""
    from fairlead.service.bench import bench_drain as measured
    from fairlead.service.figures import print_figures
    from fairlead.service.terminal import progress_bar

    with progress_bar() as progress:
        result = measured(servers, pairs, seed, growth, progress)
    print_figures(result, as_json or output is Output.JSON)


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
