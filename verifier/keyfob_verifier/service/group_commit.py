"""Group commit: what arrives while one transaction runs shares the next one, and none runs while nothing can be kept."""

import asyncio
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Generic, TypeVar

Request = TypeVar("Request")
Answer = TypeVar("Answer")

MAX_BATCH = 512
PROBE_S = 0.5
"""How often it is tried whether something can be written again."""

_Waiting = tuple[Request, asyncio.Future[Answer]]


class GroupCommit(Generic[Request, Answer]):
    """Hands waiting requests to one writer, as many at once as wait; an idle writer starts at once.

    After a failure that is nobody's in particular nothing is decided until a probe has succeeded: whoever asks in
    between is told of that failure at once. So a request's content changes neither what is told nor when.

    Args:
        commit: decides a batch in one transaction, wholly or not at all, and returns its answers in the same order.
            It runs in a thread of its own, one batch at a time.
        common: the errors that are nobody's in particular; every request of the batch is told. A batch that fails
            with another is repeated one request at a time, so that each is told of its own fault only.
        probe: writes something, and raises where that is impossible. It runs in the same thread.
    """

    def __init__(
        self,
        commit: Callable[[Sequence[Request]], Sequence[Answer]],
        common: type[Exception],
        probe: Callable[[], None],
    ) -> None:
        self._commit = commit
        self._common = common
        self._probe = probe
        self._failure: Exception | None = None
        self._recovery: asyncio.Task[None] | None = None
        self._waiting: list[_Waiting[Request, Answer]] = []
        self._writer: asyncio.Task[None] | None = None
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="group-commit")

    async def submit(self, request: Request) -> Answer:
        """The answer to a request, once its batch is durable. Raises what the batch failed with."""
        self.raise_failure()
        answer: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
        self._waiting.append((request, answer))
        if self._writer is None:
            self._writer = asyncio.create_task(self._write())
        return await answer

    def raise_failure(self) -> None:
        """Raises what the last batch failed with, as long as nothing has been written since."""
        if self._failure is not None:
            raise self._failure.with_traceback(None)

    def close(self) -> None:
        """Waits for the batch in progress and ends the writer's thread."""
        if self._recovery is not None:
            self._recovery.cancel()
        self._thread.shutdown()

    async def _write(self) -> None:
        try:
            while self._waiting:
                batch, self._waiting = self._waiting[:MAX_BATCH], self._waiting[MAX_BATCH:]
                await self._settle(batch)
        finally:
            self._writer = None

    async def _settle(self, batch: list[_Waiting[Request, Answer]]) -> None:
        if self._failure is not None:
            _tell(batch, self._failure)
            return
        loop = asyncio.get_running_loop()
        try:
            answers = await loop.run_in_executor(
                self._thread, self._commit, [request for request, _ in batch]
            )
            settled = list(zip(batch, answers, strict=True))
        except self._common as failure:
            self._failure = failure
            self._recovery = asyncio.create_task(self._recover())
            _tell(batch, failure)
        except Exception as fault:  # noqa: BLE001  whoever submitted the request is told
            if len(batch) == 1:
                _tell(batch, fault)
            else:
                for request in batch:
                    await self._settle([request])
        else:
            for (_, answer), value in settled:
                if not answer.done():
                    answer.set_result(value)

    async def _recover(self) -> None:
        loop = asyncio.get_running_loop()
        while self._failure is not None:
            try:
                await loop.run_in_executor(self._thread, self._probe)
                self._failure = None
            except Exception:  # noqa: BLE001  whatever it is, nothing can be written yet
                await asyncio.sleep(PROBE_S)


def _tell(batch: list[_Waiting[Request, Answer]], error: Exception) -> None:
    for _, answer in batch:
        if not answer.done():
            answer.set_exception(error)
