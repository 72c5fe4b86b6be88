"""Group commit: what arrives while one transaction runs shares the next one."""

import asyncio
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Generic, TypeVar

Request = TypeVar("Request")
Answer = TypeVar("Answer")

MAX_BATCH = 512

_Waiting = tuple[Request, asyncio.Future[Answer]]


class GroupCommit(Generic[Request, Answer]):
    """Hands waiting requests to one writer, as many at once as wait; an idle writer starts at once.

    Args:
        commit: decides a batch in one transaction, wholly or not at all, and returns its answers in the same order.
            It runs in a thread of its own, one batch at a time.
        common: the errors that are nobody's in particular; every request of the batch is told. A batch that fails
            with another is repeated one request at a time, so that each is told of its own fault only.
    """

    def __init__(
        self,
        commit: Callable[[Sequence[Request]], Sequence[Answer]],
        common: type[Exception],
    ) -> None:
        self._commit = commit
        self._common = common
        self._waiting: list[_Waiting[Request, Answer]] = []
        self._writer: asyncio.Task[None] | None = None
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="group-commit")

    async def submit(self, request: Request) -> Answer:
        """The answer to a request, once its batch is durable."""
        answer: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
        self._waiting.append((request, answer))
        if self._writer is None:
            self._writer = asyncio.create_task(self._write())
        return await answer

    def close(self) -> None:
        """Waits for the batch in progress and ends the writer's thread."""
        self._thread.shutdown()

    async def _write(self) -> None:
        try:
            while self._waiting:
                batch, self._waiting = self._waiting[:MAX_BATCH], self._waiting[MAX_BATCH:]
                await self._settle(batch)
        finally:
            self._writer = None

    async def _settle(self, batch: list[_Waiting[Request, Answer]]) -> None:
        loop = asyncio.get_running_loop()
        try:
            answers = await loop.run_in_executor(
                self._thread, self._commit, [request for request, _ in batch]
            )
            settled = list(zip(batch, answers, strict=True))
        except Exception as error:  # noqa: BLE001  whoever submitted the request is told
            if len(batch) > 1 and not isinstance(error, self._common):
                for request in batch:
                    await self._settle([request])
                return
            for _, answer in batch:
                if not answer.done():
                    answer.set_exception(error)
            return
        for (_, answer), value in settled:
            if not answer.done():
                answer.set_result(value)
