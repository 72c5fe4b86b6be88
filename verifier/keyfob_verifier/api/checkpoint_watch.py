"""The server's checkpoints over the record, as long as it runs."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import structlog
from starlette.concurrency import run_in_threadpool

from keyfob import VirtualClock
from keyfob_verifier.errors import VerifierError
from keyfob_verifier.service.checkpoints import checkpoint_if_due
from keyfob_verifier.service.context import Context

LOOK_S = 30.0
"""How often it is asked whether one is due."""

log = structlog.get_logger()


@asynccontextmanager
async def regular_checkpoints(context: Context) -> AsyncIterator[None]:
    """For the length of a `with` block, makes checkpoints as they fall due; none where time stands still."""
    if isinstance(context.clock, VirtualClock):
        yield
        return
    looking = asyncio.create_task(_look(context))
    try:
        yield
    finally:
        looking.cancel()


async def _look(context: Context) -> None:
    while True:
        await asyncio.sleep(LOOK_S)
        try:
            await run_in_threadpool(checkpoint_if_due, context)
        except VerifierError as error:
            log.warning("no checkpoint was made", code=error.code, reason=str(error))
