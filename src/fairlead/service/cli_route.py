"""``fairlead route VERB``, and what the other nouns have about routes. Imported by ``cli``, which runs it."""

from __future__ import annotations

from math import inf, nan
from pathlib import Path
from typing import Annotated

import typer

from fairlead.service.cli_route_map import MAP_EXAMPLES, route_map
from fairlead.service.options import Form, Format, Json, NetworkOut, Seed, Strict, Workers, examples
from fairlead.service.options import seconds as seconds_of
from fairlead.service.options_route import (
    ActiveMbps,
    AllPairs,
    BackboneCount,
    Brake,
    Cap,
    Cluster,
    Headroom,
    KeptCount,
    ObjectiveName,
    PathCount,
    Previous,
    RouteForm,
    RouteMethod,
    RouteMethodName,
    RouteObjective,
    RoutesOut,
    RoutingFolder,
    RoutingKind,
    Slack,
    StoreOut,
)
from fairlead.service.terminal import Output

route = typer.Typer(no_args_is_help=True, help="Split sessions over overlay paths, and serve the routes.")


@route.command(
    "plan",
    epilog=examples(
        "fairlead world generate routing --out my-overlay",
        "fairlead route plan my-overlay --out my-routes",
        "fairlead route plan my-overlay --objective latency --slack 0.2 --json",
    ),
)
def route_plan(
    network: RoutingFolder,
    out: RoutesOut = None,
    previous: Previous = None,
    method: RouteMethodName = RouteMethod.FAIRLEAD,
    objective: ObjectiveName = RouteObjective.UTILISATION,
    slack: Slack = 0.1,
    cap: Cap = None,
    headroom: Headroom = 1.0,
    paths: PathCount = 5,
    backbone_paths: BackboneCount = 5,
    keep: KeptCount = 3,
    active_mbps: ActiveMbps = None,
    all_pairs: AllPairs = False,
    store: StoreOut = None,
    form: RouteForm = None,
    workers: Workers = 1,
    cluster: Cluster = "",
    seed: Seed = 0,
    seconds: Brake = inf,
    strict: Strict = False,
    output: Format = Output.TABLE,
    as_json: Json = False,
) -> None:
    """Which paths the sessions of NETWORK take, and in what shares. Changes no network."""
    from fairlead.planners.route import Objective, RouteGoal
    from fairlead.service import route_plan as room
    from fairlead.service.executor import Workers as Hands
    from fairlead.service.show_routes import print_answer
    from fairlead.service.terminal import spinner

    goal = RouteGoal(
        backbone_count=backbone_paths,
        path_count=paths,
        kept_count=keep,
        active_mbps=nan if active_mbps is None else active_mbps,
        objective=Objective(objective.value),
        slack_ratio=slack,
        cap=nan if cap is None else cap,
        headroom_ratio=headroom,
    )
    request = room.RouteRequest(
        network=network,
        method=method.value,
        goal=goal,
        out=out,
        store=store,
        previous=previous,
        form=None if form is None else form.value,
        all_pairs=all_pairs,
        seed=seed,
        seconds=seconds,
        workers=Hands(count=workers, cluster=cluster),
        strict=strict,
    )
    with spinner() as say:
        answer = room.answered(request, say)
    print_answer(answer, as_json or output is Output.JSON)


route.command("map", epilog=MAP_EXAMPLES)(route_map)


@route.command(
    "serve", epilog=examples("fairlead route plan my-overlay --store my-store", "fairlead route serve my-store")
)
def route_serve(
    store: Annotated[Path, typer.Argument(metavar="STORE", help="Folder of generations (route plan --store).")],
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=1, max=65535, help="Port to listen on.")] = 8080,
    workers: Workers = 1,
    stale_after: Annotated[
        float, typer.Option(parser=seconds_of, metavar="SECONDS", help="Age from which answers say stale.")
    ] = 900.0,
) -> None:
    """Answer path requests over HTTP from the newest whole generation, with or without a controller."""
    from fairlead.service.route_server import serve_routes
    from fairlead.service.route_store import loaded
    from fairlead.service.terminal import note

    note(f"serving {loaded(store).manifest.name} and what follows on http://{host}:{port}; stop with Ctrl-C")
    serve_routes(store, host, port, workers, stale_after)


@route.command("rollback", epilog=examples("fairlead route rollback my-store --back 1"))
def route_rollback(
    store: Annotated[Path, typer.Argument(metavar="STORE", help="Folder of generations.")],
    back: Annotated[int, typer.Option(min=1, help="How many generations.")] = 1,
    output: Format = Output.TABLE,
    as_json: Json = False,
) -> None:
    """Publish an older generation again; servers take it up at once."""
    from fairlead.service.figures import print_figures
    from fairlead.service.route_store import roll_back

    made = roll_back(store, back)
    print_figures({"generation": made.name, "content": made.content}, as_json or output is Output.JSON)


def register_routes(generate: typer.Typer, reproduce: typer.Typer, bench: typer.Typer) -> None:
    """Puts the verbs about routes under the nouns that they share with other rooms."""
    generate.command(
        "routing",
        epilog=examples(
            "fairlead world generate routing --out my-overlay",
            "fairlead world generate routing --sites 34 --groups 3000 --session-groups 1000000 --out large",
        ),
    )(generate_routing)
    reproduce.command("route", epilog=examples("fairlead reproduce route", "fairlead reproduce route --json"))(
        reproduce_route
    )
    bench.command("route", epilog=examples("fairlead bench route --session-groups 1000000 --json"))(bench_route)
    bench.command("route-server", epilog=examples("fairlead bench route-server --json"))(bench_route_server)


def generate_routing(
    out: NetworkOut,
    kind: Annotated[RoutingKind, typer.Option(help="Invented at any size, or a measured mesh.")] = RoutingKind.SCALED,
    sites: Annotated[int, typer.Option(min=1, max=500, help="scaled: service edge sites.")] = 12,
    groups: Annotated[int, typer.Option(min=2, help="scaled: user groups.")] = 200,
    session_groups: Annotated[int, typer.Option(min=1, help="scaled: session groups.")] = 5_000,
    window: Annotated[int, typer.Option(min=0, help="Which moment of the world, or slice of the mesh.")] = 0,
    seed: Seed = 0,
    form: Annotated[Form, typer.Option(help="Of the files.")] = Form.PARQUET,
    output: Format = Output.TABLE,
    as_json: Json = False,
) -> None:
    """An overlay that routes sessions, as a NETWORK folder. planetlab and shadow read FAIRLEAD_DATA."""
    from fairlead.service.figures import print_figures
    from fairlead.service.generate_routing import RoutingRequest, written
    from fairlead.service.terminal import spinner

    request = RoutingRequest(
        kind=kind.value,
        site_count=sites,
        group_count=groups,
        session_group_count=session_groups,
        window=window,
        seed=seed,
    )
    with spinner() as say:
        say("generating and writing the network")
        facts = written(request, out, form.value)
    print_figures(facts, as_json or output is Output.JSON)


def reproduce_route(
    seed: Seed = 0,
    workers: Workers = 1,
    output: Format = Output.TABLE,
    as_json: Json = False,
) -> None:
    """Panorama's evaluation on two measured meshes and a generated world, its figures beside ours."""
    from fairlead.service.figures import print_figures
    from fairlead.service.reproduce_route import reproduce_route as reproduced
    from fairlead.service.terminal import progress_bar

    with progress_bar() as progress:
        result = reproduced(seed, workers, progress)
    print_figures(result, as_json or output is Output.JSON)


def bench_route(
    session_groups: Annotated[int, typer.Option(min=100, help="Session groups.")] = 1_000_000,
    growth: Annotated[bool, typer.Option("--growth/--no-growth", help="Also from 10,000 to 10,000,000.")] = True,
    workers: Workers = 2,
    seed: Seed = 0,
    output: Format = Output.TABLE,
    as_json: Json = False,
) -> None:
    """How long each phase takes, how far the split is from the best possible, and memory; beside its peers."""
    from fairlead.service.bench_route import bench_route as measured
    from fairlead.service.figures import print_figures
    from fairlead.service.terminal import progress_bar

    with progress_bar() as progress:
        result = measured(session_groups, seed, workers, growth, progress)
    print_figures(result, as_json or output is Output.JSON)


def bench_route_server(
    session_groups: Annotated[int, typer.Option(min=100, help="Session groups in the tables.")] = 1_000_000,
    rate: Annotated[int, typer.Option(min=1, help="Requests per second, sent on time whatever the answers.")] = 10_000,
    seconds: Annotated[float, typer.Option(min=1, help="Of each measurement.")] = 5.0,
    workers: Workers = 1,
    kills: Annotated[int, typer.Option(min=0, help="Publishers killed at moments of chance.")] = 30,
    seed: Seed = 0,
    output: Format = Output.TABLE,
    as_json: Json = False,
) -> None:
    """Lookups in process, requests over HTTP, swaps under load, and a server that is killed again and again."""
    from fairlead.service.figures import print_figures
    from fairlead.service.route_kill import kill_trial
    from fairlead.service.route_server_bench import bench_route_server as measured
    from fairlead.service.terminal import progress_bar

    with progress_bar() as progress:
        result = measured(session_groups, rate, seconds, progress, seed=seed, workers=workers)
        progress("kills", 0, 0)
        result["kills"] = kill_trial(kills, seed=seed)
    print_figures(result, as_json or output is Output.JSON)
