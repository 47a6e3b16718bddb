"""Measured tables of transport: closed forms come back exactly, bad files are refused, the shipped ones are sane."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st
from transport_tables import LEVELS, TIME_OUT_MS, mathis_mbps, spread, struck, tables

from fairlead.model import BadInputError
from fairlead.predict.flows.rounds import lossless_rounds, slow_start_windows
from fairlead.predict.flows.transport import read, shipped, transport
from fairlead.predict.flows.transport_tables import TABLES

RENO = transport(tables())
ARRAY = np.array


def full(count: int, value: float) -> np.ndarray:
    return np.full(count, float(value))


LUCK = (np.arange(20_000) + 0.5) / 20_000


@given(st.floats(1e-6, 0.9), st.floats(0.01, 300), st.sampled_from(LEVELS.tolist()))
def test_a_power_law_comes_back_everywhere(loss: float, rtt_ms: float, level: float) -> None:
    """Mathis is a straight line in the logarithms: exact between the points, beyond them, and where points lack."""
    found = RENO.ceiling_mbps("reno", ARRAY([loss]), ARRAY([rtt_ms]), ARRAY([level]))
    assert found == pytest.approx(mathis_mbps(loss, rtt_ms, ARRAY([level])), rel=1e-9)


def test_ceilings_at_the_ends() -> None:
    found = RENO.ceiling_mbps("reno", ARRAY([0.0, 1.0, 0.01]), full(3, 1.0), full(3, 0.5))
    assert found[0] == np.inf
    assert found[1] == 0.0
    assert len(RENO.ceiling_mbps("reno", ARRAY([]), ARRAY([]), ARRAY([]))) == 0


def test_slopes_are_never_flatter_than_mathis_nor_steeper_than_the_round_trip() -> None:
    """A table that hardly depends on loss, and falls with the cube of the round trip."""
    rows = tables()
    limited = {name: column.copy() for name, column in rows["loss_limited"].items()}
    limited["throughput_mbps"] = 100 * limited["loss_ratio"] ** -0.1 * limited["rtt_ms"] ** -3.0
    odd = transport({**rows, "loss_limited": limited})
    at = full(2, 0.5)
    low = odd.ceiling_mbps("reno", ARRAY([1e-4, 1e-6]), full(2, 10.0), at)
    assert low[1] / low[0] == pytest.approx(10.0)
    near = odd.ceiling_mbps("reno", full(2, 0.1), ARRAY([0.2, 0.02]), at)
    assert near[1] / near[0] == pytest.approx(10.0)


def test_nothing_through_is_a_number() -> None:
    rows = tables()
    limited = {**rows["loss_limited"], "throughput_mbps": np.zeros(len(rows["loss_limited"]["rtt_ms"]))}
    stuck = transport({**rows, "loss_limited": limited})
    assert 0 < stuck.ceiling_mbps("reno", ARRAY([0.1]), ARRAY([1.0]), ARRAY([0.5]))[0] < 0.01


@pytest.mark.parametrize("size", [1448, 14_480, 150_000])
@pytest.mark.parametrize("loss", [0.0, 0.01, 0.1])
@pytest.mark.parametrize("rtt_ms", [0.5, 1.0, 5.0])
def test_measured_points_come_back(size: float, loss: float, rtt_ms: float) -> None:
    """Each level of each point, at its own level."""
    count = len(LEVELS)
    found = RENO.rounds("reno", full(count, size), full(count, loss), full(count, rtt_ms), LEVELS)
    hit = struck(loss, size) > 1 - LEVELS
    lossless = lossless_rounds(ARRAY([size]), 10, 0)
    assert found == pytest.approx(lossless + hit * TIME_OUT_MS / rtt_ms)


@pytest.mark.parametrize("rtt_ms", [0.05, 0.7, 2.0, 40.0])
def test_a_time_out_does_not_know_the_round_trip(rtt_ms: float) -> None:
    """Between and beyond the round trips measured: rounds scale, time-outs stay."""
    found = RENO.rounds("reno", full(2, 14_480), full(2, 0.1), full(2, rtt_ms), ARRAY([0.01, 0.99])) * rtt_ms
    assert found == pytest.approx([1.5 * rtt_ms, 1.5 * rtt_ms + TIME_OUT_MS])


@pytest.mark.parametrize("loss", [0.0025, 0.03, 0.07])
def test_between_two_losses_a_mixture(loss: float) -> None:
    """One packet: the share that is struck is the loss itself, exactly linear; no time in between is made up."""
    found = RENO.rounds("reno", full(len(LUCK), 1448), full(len(LUCK), loss), full(len(LUCK), 1.0), LUCK)
    assert set(np.round(found, 6).tolist()) == {1.5, 1.5 + TIME_OUT_MS}
    # the levels are coarse: what they say of the neighbours is what the mixture is made of
    low, high = (0.0, 0.01) if loss < 0.01 else (0.01, 0.1)
    ends = [
        (RENO.rounds("reno", full(len(LUCK), 1448), full(len(LUCK), end), full(len(LUCK), 1.0), LUCK) > 100).mean()
        for end in (low, high)
    ]
    expected = ends[0] + (loss - low) / (high - low) * (ends[1] - ends[0])
    assert (found > 100).mean() == pytest.approx(expected, abs=4 * np.sqrt(expected / len(LUCK)))


def test_the_same_luck_suffers_more_from_more_loss() -> None:
    """Candidates are compared on common luck, so a rise of loss must not shorten a flow."""
    times = [
        RENO.rounds("reno", full(len(LUCK), 60_000), full(len(LUCK), loss), full(len(LUCK), 1.3), LUCK)
        for loss in (0.0, 0.001, 0.01, 0.04, 0.1, 0.15, 0.5)
    ]
    for less, more in pairwise(times):
        assert (more >= less - 1e-9).all()


def test_beyond_the_largest_loss_the_excess_grows_with_the_odds() -> None:
    at = ARRAY([0.99, 0.99, 0.99])
    found = RENO.rounds("reno", full(3, 1448), ARRAY([0.1, 0.5, 1.0]), full(3, 1.0), at)
    assert found[1] - 1.5 == pytest.approx(9 * (found[0] - 1.5))
    assert found[2] == np.inf


def test_sizes_take_the_rounds_of_their_own_windows() -> None:
    """10 packets are one window, 11 two: a size is never a blend of sizes with other numbers of rounds."""
    sizes = ARRAY([1.0, 14_480, 14_481, 43_440, 43_441, 101_360, 101_361, 150_000])
    found = RENO.rounds("reno", sizes, full(8, 0.0), full(8, 1.0), full(8, 0.5))
    assert found == pytest.approx([1.5, 1.5, 2.5, 2.5, 3.5, 3.5, 4.5, 4.5])


@given(st.integers(1, 400), st.sampled_from([2, 4, 10, 40]), st.sampled_from([0, 20]))
def test_windows_by_hand(packets: int, initial: int, threshold: int) -> None:
    windows, window, left = [], initial, packets
    while left > 0:
        windows.append(min(window, left))
        left -= windows[-1]
        if threshold and window >= threshold:
            window += 1
        else:
            window = min(2 * window, threshold) if threshold else 2 * window
    found = slow_start_windows(ARRAY([packets * 1448.0, 1.0]), initial, threshold)
    assert [int(each[0]) for each in found] == windows
    assert [int(each[1]) for each in found] == [1] + [0] * (len(windows) - 1)
    assert lossless_rounds(ARRAY([packets * 1448.0]), initial, threshold)[0] == len(windows) + 0.5


def test_queues_between_the_points() -> None:
    """Linear in utilisation from an idle link on, in the logarithm of the flows; the border holds outside."""

    def wait(utilisation: float, flows: float, luck: float) -> float:
        # a queue of 125 bytes at 1 Mbit/s takes 1 ms
        args = (ARRAY([utilisation]), ARRAY([flows]), ARRAY([125.0]), ARRAY([1.0]), ARRAY([luck]))
        return float(RENO.queue_delay_ms("reno", *args)[0])

    assert wait(0.5, 1, 0.6) == pytest.approx(0.24)
    assert wait(0.25, 1, 0.6) == pytest.approx(0.12)
    assert wait(0.0, 3, 0.99) == 0.0
    assert wait(0.75, 4, 0.5) == pytest.approx(0.3)
    assert wait(1.7, 1, 1.0) == pytest.approx(0.8)
    assert wait(0.5, 0, 1.0) == wait(0.5, 1, 1.0)
    assert wait(1.0, 16, 0.5) == wait(1.0, 500, 0.5)


def test_a_dropped_probe_is_loss_not_waiting() -> None:
    """A tenth of the probes found the queue full."""
    probed = RENO.queues["reno"].overflow_ratio
    full_link = ARRAY([1.0]), ARRAY([16.0])
    dropped = probed(*full_link)[0]
    assert dropped == pytest.approx(0.075)  # levels above 0.9 begin half-way to 0.95
    longest = RENO.queue_delay_ms("reno", *full_link, ARRAY([125.0]), ARRAY([1.0]), ARRAY([1.0]))[0]
    assert longest <= 1.0
    # those that were not dropped: at half of their distribution, not of the whole
    middle = RENO.queue_delay_ms("reno", *full_link, ARRAY([125.0]), ARRAY([1.0]), ARRAY([0.5]))[0]
    assert middle == pytest.approx(0.999 * 0.5 * (1 - dropped) / 0.9)
    assert probed(ARRAY([1.0]), ARRAY([4.0]))[0] == 0.0
    assert probed(ARRAY([1.0]), ARRAY([8.0]))[0] == pytest.approx(dropped / 2)
    assert probed(ARRAY([0.5]), ARRAY([16.0]))[0] == 0.0


def overflow(utilisation: float, count: float, buffer: float = 150_000.0, mbps: float = 100.0) -> float:
    """At a round trip of 2 ms, among flows that share the link equally."""
    met = (utilisation, count, mbps * 1448 / 1500 / count, buffer, mbps, 2.0)
    return float(RENO.overflow_ratio("reno", *(ARRAY([each]) for each in met))[0])


def test_flows_that_fill_a_link_do_not_lose_more_than_that_allows() -> None:
    """175 kB are there for 16 flows: 7.3 packets each, which Reno keeps at a loss of 1.5 / 7.3^2 (Mathis)."""
    mean_spread = float(np.mean(spread((np.arange(32) + 0.5) / 32)))
    window = 175_000 / 1500 / 16
    assert overflow(1.0, 16.0) == pytest.approx(1.5 * (mean_spread / window) ** 2, rel=0.05)
    assert overflow(0.5, 16.0) == 0.0


def test_nor_more_than_probes_did() -> None:
    full = (ARRAY([1.0]), ARRAY([7.0]))
    probed = RENO.queues["reno"].overflow_ratio(*full)[0]
    assert 0 < probed < 0.075
    hardly_any_share = (ARRAY([0.01]), ARRAY([150_000.0]), ARRAY([100.0]), ARRAY([2.0]))
    assert RENO.overflow_ratio("reno", *full, *hardly_any_share)[0] == pytest.approx(probed)
    assert overflow(1.0, 4.0) == 0.0, "no probe was lost among four flows"


@pytest.mark.parametrize("scale", [0.1, 3.0, 100.0])
def test_overflow_is_the_same_in_a_part_of_a_network(scale: float) -> None:
    """Down-scaling leaves each flow its share and its packets in the queue."""
    whole = overflow(1.0, 12.0)
    assert whole > 0
    assert overflow(1.0, 12.0 * scale, 150_000.0 * scale, 100.0 * scale) == pytest.approx(whole)


def test_points_that_were_not_measured_are_as_their_neighbours() -> None:
    rows = tables()
    queue, short = rows["queue_delay"], rows["short_rounds"]
    kept = ~((queue["utilisation_ratio"] == 0.5) & (queue["flow_count"] == 4))
    left = ~((short["rtt_ms"] == 1.0) & (short["loss_ratio"] == 0.1))
    thin = transport(
        {
            **rows,
            "queue_delay": {name: column[kept] for name, column in queue.items()},
            "short_rounds": {name: column[left] for name, column in short.items()},
        }
    )
    args = ARRAY([125.0]), ARRAY([1.0]), ARRAY([0.6])
    assert thin.queue_delay_ms("reno", ARRAY([0.5]), ARRAY([4.0]), *args)[0] == pytest.approx(0.24)
    found = thin.rounds("reno", ARRAY([1448.0]), ARRAY([0.1]), ARRAY([1.0]), ARRAY([0.99]))
    assert found == pytest.approx(1.5 + TIME_OUT_MS)


def written(folder: Path, **changed: dict[str, np.ndarray] | None) -> Path:
    for name, rows in {**tables(), **changed}.items():
        if rows is not None:
            pq.write_table(pa.table(rows), folder / f"{name}.parquet")
    return folder


def test_files_are_read(tmp_path: Path) -> None:
    found = read(written(tmp_path))
    assert found.congestion_controls == ("reno",)
    args = ARRAY([20_000.0]), ARRAY([0.05]), ARRAY([2.0]), ARRAY([0.9])
    assert found.rounds("reno", *args) == RENO.rounds("reno", *args)
    assert (
        read(tmp_path, initial_window=4).rounds("reno", ARRAY([1.0]), ARRAY([0.0]), ARRAY([1.0]), ARRAY([0.5])) == 1.5
    )


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"queue_delay": None}, "transport.unreadable"),
        ({"queue_delay": {"flow_count": ARRAY([1.0])}}, "transport.missing_column"),
        (
            {"loss_limited": {name: ARRAY([], dtype="f8") for name in TABLES["loss_limited"]}},
            "transport.missing_column",
        ),
    ],
)
def test_what_cannot_be_read_is_refused(tmp_path: Path, changed: dict, code: str) -> None:
    with pytest.raises(BadInputError) as refused:
        read(written(tmp_path, **changed))
    assert refused.value.code == code


def test_a_file_that_is_no_table_is_refused(tmp_path: Path) -> None:
    (written(tmp_path) / "short_rounds.parquet").write_text("nonsense")
    with pytest.raises(BadInputError, match="short_rounds"):
        read(tmp_path)


def test_a_start_that_was_not_measured_is_refused() -> None:
    with pytest.raises(BadInputError) as refused:
        transport(tables(), initial_window=3)
    assert "10, 0" in refused.value.expected


@pytest.mark.parametrize("control", ["cubic", "reno", "bbr"])
def test_shipped_tables_are_sane(control: str) -> None:
    """Real kernels: more loss leaves less, a longer trip too; a loss-free flow takes its rounds; full links wait."""
    real = shipped()
    assert control in real.congestion_controls
    middle = full(4, 0.5)
    by_loss = real.ceiling_mbps(control, ARRAY([1e-5, 1e-3, 2e-2, 0.2]), full(4, 1.0), middle)
    assert (np.diff(by_loss) < 0).all()
    by_trip = real.ceiling_mbps(control, full(4, 0.2), ARRAY([0.05, 0.6, 5.0, 50.0]), middle)
    assert (by_trip[1:] < 1.3 * by_trip[:-1]).all()  # at 20 % it is time-outs for the most part
    sizes = ARRAY([1448.0, 20_000.0, 60_000.0, 150_000.0])
    taken = real.rounds(control, sizes, full(4, 0.0), full(4, 5.0), middle)
    assert taken == pytest.approx(lossless_rounds(sizes, 10, 0), rel=0.25)
    struck_late = real.rounds(control, full(2, 1448.0), ARRAY([0.0, 0.2]), full(2, 1.0), full(2, 0.9))
    assert struck_late[1] * 1.0 > 150  # a lost SYN or packet costs a time-out
    args = full(2, 4.0), full(2, 150_000.0), full(2, 100.0), full(2, 0.5)
    assert np.diff(real.queue_delay_ms(control, ARRAY([0.3, 1.0]), *args))[0] > 0
