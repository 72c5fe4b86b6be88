"""A progress bar for work that lasts: on a terminal only, and only after a second."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from keyfob.batch.chunks import Advance

PATIENCE_S = 1.0


@contextmanager
def progress_bar(
    title: str,
    total: int,
    *,
    console: Console | None = None,
    monotonic: Callable[[], float] = time.monotonic,
) -> Iterator[Advance]:
    """Shows how far a batch is, as its `advance` is told; it goes away at the end.

        with progress_bar("codes", len(steps)) as advance:
            codes(midstates, steps, advance=advance)

    Args:
        title: what is counted.
        total: how many there are.
        console: where to; standard error by default. Nothing is shown where people don't look on.
        monotonic: tells seconds that only grow.
    """
    console = console or Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    bar = Progress(*columns, console=console, transient=True, disable=not console.is_interactive)
    task = bar.add_task(title, total=total)
    begun = monotonic()

    def advance(more: int) -> None:
        bar.advance(task, more)
        if not bar.live.is_started and monotonic() - begun >= PATIENCE_S:
            bar.start()

    try:
        yield advance
    finally:
        if bar.live.is_started:
            bar.stop()
