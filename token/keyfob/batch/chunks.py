"""Work of any size, done in chunks that stay in the cache, on one core or on all of them."""

import os
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import islice, starmap
from typing import TypeVar

Result = TypeVar("Result")

Advance = Callable[[int], object]
"""Is told how much more is done; see `keyfob.batch.progress`."""

CHUNK = 16_384
"""Pairs at a time: with their mid-states they fit, or nearly, into a core's second cache."""

_TOGETHER = 8
"""Chunks that a thread gets at once, at most: what handing them over costs is then small beside them."""

_SHARE = 2
"""Towards the end a thread gets half its share of what is left, so that all end at about the same time."""

_AHEAD = 2
"""Such groups that wait for each thread: none stands idle, and few results wait in memory."""


def nobody(_done: int) -> None:
    """Nobody wants to know."""


def in_chunks(
    work: Callable[[int, int], Result], count: int, size: int, *, parallel: bool, advance: Advance
) -> Iterator[Result]:
    """What `work` makes of each chunk, in their order, as they get done.

    Args:
        work: takes a chunk's first place and the one after its last; if parallel, in threads, so it should hold
            Python's lock for a small part of its time only.
        count: the places there are.
        size: those of a chunk; the last one may be smaller.
        parallel: on all the cores that the process may use, instead of on one.
        advance: told after each chunk how many places it had, in the calling thread.
    """
    chunks = ((first, min(first + size, count)) for first in range(0, count, size))
    if parallel and count > size:
        results = _threaded(work, chunks, -(-count // size))
    else:
        results = starmap(work, chunks)
    done = 0
    for result in results:
        advance(min(size, count - done))
        done += size
        yield result


def cores() -> int:
    """The processors that this process may run on."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _threaded(
    work: Callable[[int, int], Result], chunks: Iterator[tuple[int, int]], left: int
) -> Iterator[Result]:
    threads = cores()
    pending: deque[Future[list[Result]]] = deque()
    with ThreadPoolExecutor(threads, "keyfob-batch") as pool:
        while left:
            group = list(islice(chunks, max(1, min(_TOGETHER, left // (_SHARE * threads)))))
            left -= len(group)
            pending.append(pool.submit(lambda group: list(starmap(work, group)), group))
            if len(pending) > _AHEAD * threads:
                yield from pending.popleft().result()
        while pending:
            yield from pending.popleft().result()
