"""Group commit: what arrives while one transaction runs shares the next one."""

import asyncio
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Generic, TypeVar

Request = TypeVar("Request")
Answer = TypeVar("Answer")

MAX_BATCH = 512


class GroupCommit(Generic[Request, Answer]):
    """Hands waiting requests to one writer, as many at once as wait; an idle writer starts at once.

    Args:
        commit: decides a batch in one transaction and returns its answers in the same order. It runs in a thread
            of its own, one batch at a time. What it raises, every request of the batch is told.
    """

    def __init__(self, commit: Callable[[Sequence[Request]], Sequence[Answer]]) -> None:
        self._commit = commit
        self._waiting: list[tuple[Request, asyncio.Future[Answer]]] = []
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
        loop = asyncio.get_running_loop()
        while self._waiting:
            batch, self._waiting = self._waiting[:MAX_BATCH], self._waiting[MAX_BATCH:]
            requests = [request for request, _ in batch]
            try:
                answers = await loop.run_in_executor(self._thread, self._commit, requests)
            except Exception as error:  # noqa: BLE001  whoever submitted the request is told
                for _, answer in batch:
                    if not answer.done():
                        answer.set_exception(error)
                continue
            for (_, answer), value in zip(batch, answers, strict=True):
                if not answer.done():
                    answer.set_result(value)
        self._writer = None
