"""When API keys were last used: kept beside the requests, which never wait for it and never fail of it."""

import asyncio

import structlog
from starlette.concurrency import run_in_threadpool

from keyfob_verifier.errors import StorageUnavailableError
from keyfob_verifier.records import ApiKeyRecord
from keyfob_verifier.service.api_keys import USE_NOTED_EVERY_S, note_use
from keyfob_verifier.service.context import Context

log = structlog.get_logger()


class LastUse:
    """Writes down when an API key was used, at most once a minute for each.

    Args:
        context: the installation.
    """

    def __init__(self, context: Context) -> None:
        self._context = context
        self._writing: dict[str, asyncio.Task[None]] = {}

    def note(self, record: ApiKeyRecord) -> None:
        """A key is used now; `record` is what was read of it just before."""
        at, known_at = self._context.clock.now(), record.last_used_at
        noted = known_at is not None and at - known_at < USE_NOTED_EVERY_S
        if noted or record.id in self._writing:
            return
        task = asyncio.create_task(self._write(record.id, at))
        self._writing[record.id] = task
        task.add_done_callback(lambda _: self._writing.pop(record.id, None))

    async def settle(self) -> None:
        """Waits for what is being written."""
        await asyncio.gather(*self._writing.values(), return_exceptions=True)

    async def _write(self, key_id: str, at: float) -> None:
        try:
            await run_in_threadpool(note_use, self._context, key_id, at)
        except StorageUnavailableError as error:
            log.warning("last use of an API key not noted", key=key_id, reason=error.reason)
