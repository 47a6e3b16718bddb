"""The clock: flows come out in the order of their moments, whatever is pushed and delayed."""

import heapq

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from fairlead.worlds.fabric.events import pop, push, sink


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.sampled_from("adp"), st.integers(0, 5)), min_size=1, max_size=60))
def test_against_the_standard_library(steps: list[tuple[str, int]]) -> None:
    at, heap, count = np.zeros(len(steps)), np.empty(len(steps), np.int64), 0
    model: list[tuple[float, int]] = []
    for number, (step, more) in enumerate(steps):
        if step == "a":  # a flow starts; ties are frequent
            at[number] = more
            count = push(heap, count, at, number)
            heapq.heappush(model, (float(more), number))
        elif count and step == "d":  # the first one goes on
            at[heap[0]] += more
            sink(heap, count, at)
            moment, flow = heapq.heappop(model)
            heapq.heappush(model, (moment + more, flow))
        elif count:  # the first one is over
            count = pop(heap, count, at)
            heapq.heappop(model)
        assert count == len(model)
        if count:
            assert (at[heap[0]], heap[0]) == model[0]
