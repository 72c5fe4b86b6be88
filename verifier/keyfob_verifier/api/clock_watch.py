"""The server's look at the clocks, as long as it runs."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

from starlette.concurrency import run_in_threadpool

from keyfob import VirtualClock
from keyfob_verifier.errors import StorageUnavailableError
from keyfob_verifier.service.context import Context

OBSERVE_S = 1.0
"""How often the host's clock is held against the one that never jumps."""
ASK_DATABASE_S = 10.0
"""How often it is held against the database's."""


@asynccontextmanager
async def watched_clock(context: Context) -> AsyncIterator[None]:
    """For the length of a `with` block, keeps the installation's guard informed."""
    looks = [asyncio.create_task(_look_at_the_host(context))]
    if not isinstance(context.clock, VirtualClock):
        looks.append(asyncio.create_task(_look_at_the_database(context)))
    try:
        yield
    finally:
        for look in looks:
            look.cancel()


async def _look_at_the_host(context: Context) -> None:
    while True:
        context.guard.observe()
        await asyncio.sleep(OBSERVE_S)


async def _look_at_the_database(context: Context) -> None:
    while True:
        with suppress(StorageUnavailableError):  # what is known of its clock stays known
            seen = await run_in_threadpool(context.store.clock, context.clock.now)
            if seen is None:
                return
            context.guard.observe_database(*seen)
        await asyncio.sleep(ASK_DATABASE_S)
