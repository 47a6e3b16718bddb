"""Training: examples in, weights out, an epoch at a time. Needs the extra ``train`` (PyTorch, PyG).

Deterministic on one machine: own generators, one thread. Nothing is read, written or printed here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from fairlead.model import Snapshot
from fairlead.planners.drain.labels import weak_labels
from fairlead.planners.drain.net import PersistenceNet, SentryNet
from fairlead.planners.drain.pair_features import PAIR_FEATURES, failed_pair_features
from fairlead.planners.drain.persistence import PERSISTENCE_FEATURES
from fairlead.planners.drain.scores import SENTRY_FEATURES, Reading, message_edges, sentry_inputs
from fairlead.planners.drain.weights import scaled
from fairlead.predict.overlay import failing_at, last_window

WINDOW_COUNT = 3  # T of Sentry 4.1.1
SENTRY_EPOCHS, SENTRY_RATE = 10, 1e-3  # Sentry 3.4.2
PERSISTENCE_EPOCHS, PERSISTENCE_RATE, PERSISTENCE_BATCH, PERSISTENCE_DECAY = 12, 3e-3, 512, 1e-3

THINNING_POWER = 0.4
_OTHERS_THAT_FAIL = [
    place for place, name in enumerate(PAIR_FEATURES) if name.endswith("log_failing") and not name.startswith("fleet")
]

Weights = Mapping[str, NDArray[np.float32]]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Epoch:
    """A finished pass over the examples: its number from 1, the mean loss during it, the weights after it."""

    number: int
    loss: float
    weights: Weights


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class SentryExample:
    """One failure case for Sentry's network.

    inputs        : [servers, windows, 5], scaled
    first, second : [pairs] edges that carry messages
    trained_on    : [servers] rows that the loss counts
    label         : [servers] 1 for the servers of the cheapest plan found
    """

    inputs: NDArray[np.float32]
    first: NDArray[np.int32]
    second: NDArray[np.int32]
    trained_on: NDArray[np.bool_]
    label: NDArray[np.float32]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class PersistenceExample:
    """The failed pairs of one moment, and what became of them.

    inputs : [failed pairs, windows, features], scaled
    label  : [failed pairs] largest share of its failed streams that failed in a coming window, in [0, 1]
    kept   : [failed pairs] probability with which training uses the pair
    """

    inputs: NDArray[np.float32]
    label: NDArray[np.float32]
    kept: NDArray[np.float64]


def sentry_example(snapshot: Snapshot, reading: Reading, slo_ratio: float = 0.9999) -> SentryExample:
    """A case with its weak label (Sentry 3.4.1)."""
    window = last_window(snapshot)
    label = weak_labels(snapshot, slo_ratio)
    carries = window.succeeded_count + window.failed_count > 0
    # Sentry 3.4.1: "using state feature sequences of servers with relay streams as inputs", not only those that fail
    trained_on = np.zeros(len(label), dtype=bool)
    trained_on[window.source[carries]] = trained_on[window.target[carries]] = True
    first, second = message_edges(snapshot, reading)
    return SentryExample(
        inputs=sentry_inputs(snapshot, WINDOW_COUNT, SENTRY_FEATURES),
        first=first,
        second=second,
        trained_on=trained_on,
        label=label.astype(np.float32),
    )


def persistence_example(snapshot: Snapshot, future_failed_count: NDArray[np.int32]) -> PersistenceExample:
    """A moment with the hidden truth: streams that fail in the coming windows if nothing is drained [windows, pairs].

    The pairs are those of the newest window, in its order. The label is the largest over the windows of the failed
    streams as a share of those that fail now, at most 1: the promise is for each window, and the mean of three would
    call a blip that fails the very next window a third of a failure.
    """
    window, at = last_window(snapshot), failing_at(snapshot)
    assert future_failed_count.shape[1] == len(window.failed_count), "one column a pair of the newest window"
    share = np.minimum(future_failed_count[:, at] / window.failed_count[at], 1.0)
    inputs = scaled(failed_pair_features(snapshot, WINDOW_COUNT), PERSISTENCE_FEATURES)
    # A thousand pairs behind one cut are nearly one example. Thinning that depends on features alone leaves what the
    # network estimates, the mean given the features, as it is.
    others = np.expm1(5.0 * inputs[:, -1, _OTHERS_THAT_FAIL].max(axis=-1).astype(np.float64))
    return PersistenceExample(
        inputs=inputs, label=share.max(axis=0).astype(np.float32), kept=(1.0 + others) ** -THINNING_POWER
    )


def sentry_epochs(
    examples: Sequence[SentryExample], seed: int, reading: Reading, epoch_count: int = SENTRY_EPOCHS
) -> Iterator[Epoch]:
    """Sentry 3.4: binary cross-entropy, Adam at 0.001, 10 epochs; one case a step, in a new order every epoch."""
    net = _seeded(lambda: SentryNet(reading), seed)
    cases = [_as_tensors(example) for example in examples]

    def loss_of(rows: NDArray[np.int64]) -> Tensor:
        inputs, edges, trained_on, label = cases[int(rows[0])]
        logits: Tensor = net(inputs, edges)
        return nn.functional.binary_cross_entropy_with_logits(logits[trained_on], label[trained_on])

    optimiser, chance = torch.optim.Adam(net.parameters()), np.random.default_rng(seed)
    yield from _epochs(net, optimiser, loss_of, chance, len(cases), 1, [SENTRY_RATE] * epoch_count)


def train_sentry(
    examples: Sequence[SentryExample], seed: int, reading: Reading, epoch_count: int = SENTRY_EPOCHS
) -> Weights:
    """The weights after the last epoch."""
    return _last(sentry_epochs(examples, seed, reading, epoch_count))


def persistence_epochs(
    examples: Sequence[PersistenceExample], seed: int, epoch_count: int = PERSISTENCE_EPOCHS
) -> Iterator[Epoch]:
    """Binary cross-entropy with soft labels, so that the output is calibrated as a share; Adam, rate falls to 0."""
    net, chance = _seeded(PersistenceNet, seed), np.random.default_rng(seed)
    kept = [chance.random(len(example.kept)) < example.kept for example in examples]
    inputs, label = (
        torch.from_numpy(
            np.concatenate([getattr(example, part)[rows] for example, rows in zip(examples, kept, strict=True)])
        )
        for part in ("inputs", "label")
    )

    def loss_of(rows: NDArray[np.int64]) -> Tensor:
        logits: Tensor = net(inputs[rows])
        return nn.functional.binary_cross_entropy_with_logits(logits, label[rows])

    falling = PERSISTENCE_RATE * (1.0 + np.cos(np.pi * np.arange(epoch_count) / epoch_count)) / 2
    optimiser = torch.optim.AdamW(net.parameters(), weight_decay=PERSISTENCE_DECAY)
    yield from _epochs(net, optimiser, loss_of, chance, len(label), PERSISTENCE_BATCH, falling.tolist())


def train_persistence(
    examples: Sequence[PersistenceExample], seed: int, epoch_count: int = PERSISTENCE_EPOCHS
) -> Weights:
    """The weights after the last epoch."""
    return _last(persistence_epochs(examples, seed, epoch_count))


def _epochs(
    net: nn.Module,
    optimiser: torch.optim.Optimizer,
    loss_of: Callable[[NDArray[np.int64]], Tensor],
    chance: np.random.Generator,
    example_count: int,
    batch: int,
    rates: Sequence[float],
) -> Iterator[Epoch]:
    for number, rate in enumerate(rates, start=1):
        optimiser.param_groups[0]["lr"] = rate
        order = chance.permutation(example_count)
        losses = [_stepped(optimiser, loss_of, order[at : at + batch]) for at in range(0, example_count, batch)]
        weights = {name: values.detach().numpy().copy() for name, values in net.named_parameters()}
        yield Epoch(number=number, loss=float(np.mean(losses)), weights=weights)


def _stepped(
    optimiser: torch.optim.Optimizer, loss_of: Callable[[NDArray[np.int64]], Tensor], rows: NDArray[np.int64]
) -> float:
    """One step on these examples, on one thread: sums of floats must not depend on who is first."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        optimiser.zero_grad()
        loss = loss_of(rows)
        loss.backward()
        optimiser.step()
    finally:
        torch.set_num_threads(threads)
    return float(loss.detach())


def _seeded(make: Callable[[], nn.Module], seed: int) -> nn.Module:
    """A network with initial weights from this seed; the caller's own stream of chance is left as it was."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return make()


def _as_tensors(example: SentryExample) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    both_ways = np.stack(
        [np.concatenate([example.first, example.second]), np.concatenate([example.second, example.first])]
    )
    return (
        torch.from_numpy(example.inputs),
        torch.from_numpy(both_ways.astype(np.int64)),
        torch.from_numpy(example.trained_on),
        torch.from_numpy(example.label),
    )


def _last(epochs: Iterator[Epoch]) -> Weights:
    weights: Weights = {}
    for epoch in epochs:
        weights = epoch.weights
    assert weights, "at least one epoch"
    return weights
