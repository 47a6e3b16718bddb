"""What the command asks of the estimator, the planner and the gate."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from fairlead.model import Arrivals, Snapshot, UsageError, apply_edits, invert
from fairlead.service.executor import Workers
from fairlead.service.mitigate_answer import as_json
from fairlead.service.mitigate_effort import Stated, looked
from fairlead.service.mitigate_plan import (
    MitigateRequest,
    answered,
    estimator,
    judged,
    what_if_count,
    with_other_luck,
)
from fairlead.telemetry import read_fabric, write_fabric
from fairlead.worlds.fabric import figure_1, lossy_link


def sick() -> Snapshot:
    calm = figure_1().replaced(Arrivals.of(arrivals_per_s=[30.0]))
    return apply_edits(calm, lossy_link(calm, "C0", "B0", 0.1))


@pytest.fixture(scope="module")
def network(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("fabric") / "network"
    write_fabric(sick(), folder, "csv")
    return folder


def quiet(label: str, done: int, total: int) -> None:
    return


STATED = Stated(demand_count=4, sample_count=8, measured_s=1.5, warm_up_s=0.3)
EFFORT = looked(STATED, sick()).effort


def request(network: Path, **changed: object) -> MitigateRequest:
    values: dict[str, object] = {
        "network": network, "comparator": "PriorityFCT", "congestion_control": "cubic", "method": "fairlead",
        "stated": STATED, "transport": None, "what_if": False, "workers": Workers(), "seed": 0,
        "seconds": float("inf"), "strict": False,
    }  # fmt: skip
    return MitigateRequest(**{**values, **changed})  # type: ignore[arg-type]


def test_a_congestion_control_that_the_tables_do_not_know_is_refused(network: Path) -> None:
    with pytest.raises(UsageError, match=r"mitigate\.congestion_control"):
        estimator(request(network, congestion_control="vegas"), sick(), EFFORT, quiet)


def test_the_plan_undoes_itself_and_is_made_from_what_was_read(network: Path) -> None:
    found = answered(request(network), quiet)
    assert found.plan.basis == read_fabric(network).basis
    after = apply_edits(found.snapshot, found.plan.edits)
    assert apply_edits(after, invert(found.snapshot, found.plan.edits)) == found.snapshot


def test_a_promise_too_good_to_be_true_is_noticed(network: Path) -> None:
    found, estimate = answered(request(network), quiet), estimator(request(network), sick(), EFFORT, quiet)
    assert judged(found.snapshot, found.plan, estimate).violations == ()
    *others, mean = found.plan.effects
    boast = replace(found.plan, effects=(*others, replace(mean, after=mean.after * 5)))
    broken = judged(found.snapshot, boast, estimate).violations
    assert [each.rule for each in broken] == ["G7"]
    assert broken[0].where == "effect throughput_mean_mbps"


def test_the_gate_looks_at_other_demands_than_the_planner(network: Path) -> None:
    snapshot = read_fabric(network)
    estimate = estimator(request(network, seed=7), snapshot, EFFORT, quiet)
    (own,) = estimate([snapshot], range(4))
    (other,) = with_other_luck(estimate)([snapshot], range(4))
    assert not (own.values == other.values).any()
    (again,) = estimate([snapshot], range(4))
    assert (own.values == again.values).all()


def test_what_if_looks_at_few_samples_of_many_flows() -> None:
    view = looked(STATED, sick())
    assert what_if_count(view) == 8
    assert what_if_count(replace(view, sample_count=4)) == 4
    assert [what_if_count(replace(view, flow_count=flows)) for flows in (20_000, 40_000, 400_000)] == [4, 2, 2]


def test_what_if_looks_at_the_chosen_one_first(network: Path) -> None:
    told: list[str] = []
    found = answered(request(network, what_if=True), lambda label, done, total: told.append(label))
    sampling = "sampling demands and routings"
    assert list(dict.fromkeys(told)) == ["reading the network", sampling, "checking", "what would change the decision"]
    assert found.ranking is not None
    believed = [flip for flip in found.flips if flip.factor == 1.0]
    assert {flip.dimension for flip in believed} == {"drop_ratio", "arrivals", "flow_sizes"}
    chosen = next(row for row in found.ranking.rows if row.candidate.edits == found.plan.edits)
    assert {flip.winner for flip in believed} == {chosen.candidate.name}
    assert as_json(found)["ranking"][0]["candidate"] == chosen.candidate.name


def test_the_plan_says_how_closely_it_looked(network: Path) -> None:
    said = as_json(answered(request(network), quiet))["looked_at"]
    assert (said["demand_count"], said["most_samples_count"], said["part_count"]) == (4, 8, 1)
    assert said["distribution_error_ratio"] == pytest.approx(0.679, abs=1e-3)  # sqrt(ln(40) / 8)
    rival = as_json(answered(request(network, method="corropt_25"), quiet))
    assert rival["looked_at"] is None


@pytest.mark.slow
def test_who_does_the_work_does_not_show(network: Path) -> None:
    alone, two = (as_json(answered(request(network, workers=each), quiet)) for each in (Workers(), Workers(count=2)))
    assert alone == two
