"""The clock of the simulator: which flow is next. A binary heap of moments, ties by flow."""

from __future__ import annotations

import numba


@numba.njit(cache=True, nogil=True)
def _before(at, flow_a, flow_b):  # type: ignore[no-untyped-def]  # compiled
    return at[flow_a] < at[flow_b] or (at[flow_a] == at[flow_b] and flow_a < flow_b)


@numba.njit(cache=True, nogil=True)
def push(heap, count, at, flow):  # type: ignore[no-untyped-def]
    """Put a flow into the heap of ``count`` flows, ordered by ``at`` [flows]; how many there are then."""
    place = count
    while place > 0:
        parent = (place - 1) // 2
        if not _before(at, flow, heap[parent]):
            break
        heap[place] = heap[parent]
        place = parent
    heap[place] = flow
    return count + 1


@numba.njit(cache=True, nogil=True)
def sink(heap, count, at):  # type: ignore[no-untyped-def]
    """The moment of the first flow became later: put it where it belongs."""
    flow, place = heap[0], 0
    while 2 * place + 1 < count:
        child = 2 * place + 1
        if child + 1 < count and _before(at, heap[child + 1], heap[child]):
            child += 1
        if not _before(at, heap[child], flow):
            break
        heap[place] = heap[child]
        place = child
    heap[place] = flow


@numba.njit(cache=True, nogil=True)
def pop(heap, count, at):  # type: ignore[no-untyped-def]
    """Take the first flow out; how many are left."""
    count -= 1
    if count:
        heap[0] = heap[count]
        sink(heap, count, at)
    return count
