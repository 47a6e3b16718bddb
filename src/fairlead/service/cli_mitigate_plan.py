"""``fairlead mitigate plan``. Imported by the command line, which runs it."""

from __future__ import annotations

from math import inf
from typing import TYPE_CHECKING

from fairlead.service.options import Format, Json, Seed, Strict, Workers, examples
from fairlead.service.options_mitigate import (
    Comparator,
    ComparatorName,
    CongestionControl,
    Control,
    DemandCount,
    DistributionError,
    Epoch,
    FabricFolder,
    Measured,
    MitigateMethod,
    MitigateMethodName,
    Parts,
    SampleCount,
    SegmentCount,
    Settle,
    SureRatio,
    TransportFolder,
    WarmUp,
    WhatIf,
)
from fairlead.service.options_route import Brake, Cluster
from fairlead.service.terminal import Output

if TYPE_CHECKING:
    from fairlead.service.mitigate_effort import Stated

PLAN_EXAMPLES = examples(
    "fairlead world generate fabric --fail C0-B0:0.05 --out my-fabric",
    "fairlead mitigate plan my-fabric",
    "fairlead mitigate plan my-fabric --comparator PriorityAvgT --congestion-control bbr --json",
)


def mitigate_plan(
    network: FabricFolder,
    comparator: Comparator = ComparatorName.PRIORITY_FCT,
    congestion_control: Control = CongestionControl.CUBIC,
    method: MitigateMethodName = MitigateMethod.FAIRLEAD,
    demands: DemandCount = None,
    samples: SampleCount = None,
    distribution_error: DistributionError = None,
    measured: Measured = None,
    warm_up: WarmUp = None,
    settle: Settle = None,
    epoch: Epoch = 0.2,
    parts: Parts = None,
    segments: SegmentCount = 1,
    confidence: SureRatio = 0.95,
    transport: TransportFolder = None,
    what_if: WhatIf = True,
    workers: Workers = 1,
    cluster: Cluster = "",
    seed: Seed = 0,
    seconds: Brake = inf,
    strict: Strict = False,
    output: Format = Output.TABLE,
    as_json: Json = False,
) -> None:
    """Which repair of NETWORK's failures harms connections least, and how sure that is. Changes no network."""
    from fairlead.service import mitigate_plan as room
    from fairlead.service.executor import Workers as Hands
    from fairlead.service.show_mitigate import print_answer
    from fairlead.service.terminal import progress_bar

    request = room.MitigateRequest(
        network=network,
        comparator=comparator.value,
        congestion_control=congestion_control.value,
        method=method.value,
        stated=_stated(
            demands, samples, distribution_error, confidence, measured, warm_up, settle, epoch, parts, segments
        ),
        transport=transport,
        what_if=what_if,
        workers=Hands(count=workers, cluster=cluster),
        seed=seed,
        seconds=seconds,
        strict=strict,
    )
    with progress_bar() as progress:
        answer = room.answered(request, progress)
    print_answer(answer, as_json or output is Output.JSON)


def _stated(
    demands: int | None,
    samples: int | None,
    distribution_error: float | None,
    confidence: float,
    measured: float | None,
    warm_up: float | None,
    settle: float | None,
    epoch: float,
    parts: int | None,
    segments: int,
) -> Stated:
    """How closely to look, as the options say it."""
    from fairlead.service.mitigate_effort import Stated

    return Stated(
        demand_count=demands,
        sample_count=samples,
        distribution_error_ratio=distribution_error,
        confidence_ratio=confidence,
        measured_s=measured,
        warm_up_s=warm_up,
        settle_s=inf if settle is None else settle,
        epoch_s=epoch,
        part_count=parts,
        segment_count=segments,
    )
