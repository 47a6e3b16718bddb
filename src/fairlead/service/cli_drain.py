"""``fairlead drain VERB``, and what the other nouns have about drains. Imported by ``cli``, which runs it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

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

drain = typer.Typer(no_args_is_help=True, help="Take servers offline, and bring them back.")


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


def register_drain(generate: typer.Typer, train: typer.Typer, reproduce: typer.Typer, bench: typer.Typer) -> None:
    """Puts the verbs about drains under the nouns that they share with other rooms."""
    generate.command(
        "overlay",
        epilog=examples(
            "fairlead world generate overlay --out my-network",
            "fairlead world generate overlay --kind paper --scenario moderate --seed 7 --form csv --out paper-case",
            "fairlead world generate overlay --servers 20000 --pairs 1000000 --data-centers 800 --out large",
        ),
    )(generate_overlay)
    train.command(
        "drain", epilog=examples("fairlead train drain --out my-model", "fairlead drain plan NETWORK --model my-model")
    )(train_drain)
    reproduce.command(
        "drain", epilog=examples("fairlead reproduce drain", "fairlead reproduce drain --temporal --json")
    )(reproduce_drain)
    bench.command(
        "drain", epilog=examples("fairlead bench drain", "fairlead bench drain --servers 20000 --pairs 1000000 --json")
    )(bench_drain)
