"""``fairlead mitigate VERB`` and ``measure``, and what the other nouns have about fabrics. ``cli`` runs it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from fairlead.service.cli_mitigate_plan import PLAN_EXAMPLES, mitigate_plan
from fairlead.service.options import Form, Format, Json, NetworkOut, Seed, Workers, examples
from fairlead.service.options_mitigate import FabricKind
from fairlead.service.terminal import Output

mitigate = typer.Typer(no_args_is_help=True, help="Rank repairs of a datacenter by what connections will see.")
measure = typer.Typer(no_args_is_help=True, help="Measure what the planners need to know of your own machines.")


mitigate.command("plan", epilog=PLAN_EXAMPLES)(mitigate_plan)


@mitigate.command("import", epilog=examples("fairlead mitigate import fabric.json --out my-fabric"))
def mitigate_import(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="One JSON object of tables and settings.")],
    out: NetworkOut,
    form: Annotated[Form, typer.Option(help="Of the files.")] = Form.CSV,
    output: Format = Output.TABLE,
    as_json: Json = False,
) -> None:
    """Write the NETWORK folder of a fabric that is described in a JSON file."""
    from fairlead.service.figures import print_figures
    from fairlead.telemetry import read_fabric_json, write_fabric

    snapshot = read_fabric_json(file)
    write_fabric(snapshot, out, form.value)
    rows = {f"{table.name}_count": table.row_count for table in snapshot.tables}
    print_figures({"folder": str(out), "basis": snapshot.basis, **rows}, as_json or output is Output.JSON)


@measure.command("transport", epilog=examples("fairlead measure transport --out my-tables"))
def measure_transport(
    out: Annotated[Path, typer.Option("--out", metavar="DIR", help="Folder for the three tables.")],
    quick: Annotated[bool, typer.Option("--quick", help="A coarse grid and few repeats.")] = False,
    seed: Seed = 0,
    output: Format = Output.TABLE,
    as_json: Json = False,
) -> None:
    """How this kernel's TCP behaves under loss, delay and queues, between network namespaces. Needs root."""
    from dataclasses import replace

    from fairlead.service.figures import print_figures
    from fairlead.service.measure import FULL, QUICK
    from fairlead.service.measure import measure_transport as measured
    from fairlead.service.terminal import progress_bar

    with progress_bar() as progress:
        facts = measured(out, replace(QUICK if quick else FULL, seed=seed), progress)
    print_figures(facts, as_json or output is Output.JSON)


@measure.command("compare", epilog=examples("fairlead measure compare", "fairlead measure compare --json"))
def measure_compare(
    transport: Annotated[
        Path | None, typer.Option("--transport", metavar="DIR", help="Transport tables; default: those shipped.")
    ] = None,
    output: Format = Output.TABLE,
    as_json: Json = False,
) -> None:
    """Measured throughput under loss beside response functions, and beside others' goodputs from FAIRLEAD_DATA."""
    from fairlead.service.figures import print_figures
    from fairlead.service.measure_comparison import comparison

    told, whole = comparison(transport), as_json or output is Output.JSON
    print_figures(told if whole else {"references": told["references"]}, whole)


def register_mitigate(generate: typer.Typer, reproduce: typer.Typer, bench: typer.Typer) -> None:
    """Puts the verbs about fabrics under the nouns that they share with other rooms."""
    generate.command(
        "fabric",
        epilog=examples(
            "fairlead world generate fabric --fail C0-B0:0.05 --out my-fabric",
            "fairlead world generate fabric --kind fat-tree --servers 16000 --form parquet --out large",
        ),
    )(generate_fabric)
    reproduce.command(
        "mitigate", epilog=examples("fairlead reproduce mitigate --json", "fairlead reproduce mitigate --testbed")
    )(reproduce_mitigate)
    bench.command("mitigate", epilog=examples("fairlead bench mitigate --servers 16000 --json"))(bench_mitigate)


def generate_fabric(
    out: NetworkOut,
    kind: Annotated[FabricKind, typer.Option(help="SWARM's Figure 1 or testbed, or any size.")] = FabricKind.FIGURE_1,
    servers: Annotated[int, typer.Option(min=2, help="clos, fat-tree: at least so many.")] = 1_000,
    arrivals: Annotated[float, typer.Option(min=0, help="Flows a second in the whole fabric; 0: as suits it.")] = 0.0,
    fail: Annotated[
        list[str] | None,
        typer.Option(metavar="A-B:RATIO", help="A failure: drop ratio of a link A-B or node A; 1: down. Repeatable."),
    ] = None,
    form: Annotated[Form, typer.Option(help="Of the files.")] = Form.CSV,
    output: Format = Output.TABLE,
    as_json: Json = False,
) -> None:
    """A datacenter fabric with its traffic, as a NETWORK folder."""
    from fairlead.service.figures import print_figures
    from fairlead.service.generate_fabric import FabricRequest, written

    request = FabricRequest(kind=kind.value, server_count=servers, arrivals_per_s=arrivals, failures=tuple(fail or ()))
    print_figures(written(request, out, form.value), as_json or output is Output.JSON)


def reproduce_mitigate(
    testbed: Annotated[bool, typer.Option("--testbed", help="On real TCP in network namespaces. Needs root.")] = False,
    sensitivity: Annotated[
        bool, typer.Option("--sensitivity", help="Where wrong inputs flip the decision, and what that costs.")
    ] = False,
    traces: Annotated[int, typer.Option(min=1, help="Demand matrices of the reference simulator.")] = 8,
    seed: Seed = 0,
    workers: Workers = 2,
    output: Format = Output.TABLE,
    as_json: Json = False,
) -> None:
    """SWARM's 57 scenarios: the penalty of every method against the best repair, the paper's figures beside."""
    from fairlead.service.figures import print_figures
    from fairlead.service.terminal import progress_bar

    with progress_bar() as progress:
        if testbed:
            from fairlead.service.reproduce_testbed import reproduce_testbed

            result = reproduce_testbed(seed, progress)
        elif sensitivity:
            from fairlead.service.mitigate_sensitivity import mitigate_sensitivity

            result = mitigate_sensitivity(seed, workers, progress)
        else:
            from fairlead.service.reproduce_mitigate import reproduce_mitigate as reproduced

            result = reproduced(seed, workers, traces, progress)
    print_figures(result, as_json or output is Output.JSON)


def bench_mitigate(
    servers: Annotated[int, typer.Option(min=100, help="Servers of the fabric.")] = 16_000,
    growth: Annotated[bool, typer.Option("--growth/--no-growth", help="Also smaller fabrics.")] = True,
    workers: Workers = 2,
    seed: Seed = 0,
    output: Format = Output.TABLE,
    as_json: Json = False,
) -> None:
    """How long eight repairs of a large Clos take to rank, and what each way of scaling gains and costs."""
    from fairlead.service.bench_mitigate import bench_mitigate as measured
    from fairlead.service.figures import print_figures
    from fairlead.service.terminal import progress_bar

    with progress_bar() as progress:
        result = measured(servers, seed, workers, growth, progress)
    print_figures(result, as_json or output is Output.JSON)
