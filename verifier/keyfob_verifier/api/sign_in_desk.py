"""Where people sign in: few at a time, and no refusal tells by its time what was wrong."""

import math
import time
from collections.abc import Callable, Coroutine
from functools import partial
from typing import Any

import anyio
from anyio import from_thread, to_thread

from keyfob_verifier.people_errors import SignInBusyError, SignInRefusedError
from keyfob_verifier.service.context import Context
from keyfob_verifier.service.outcome import Outcome
from keyfob_verifier.service.passwords import Passwords
from keyfob_verifier.service.sessions import Opened
from keyfob_verifier.service.sign_in import SignIn, sign_in
from keyfob_verifier.service.verification import Attempt

AT_ONCE = 2
"""Each takes the 64 MiB and the tenth of a second of a password's hash."""
MOST_WAITING = 32
REFUSALS_EVERY_S = 0.5
"""A refusal leaves a whole multiple of this after the request came."""


class SignInDesk:
    """Signs people in, in threads of their own.

    Args:
        context: the installation.
        submit: verifies a code, as every code is.
        monotonic: seconds that never go back.

    Attributes:
        passwords: what a password costs.
    """

    def __init__(
        self,
        context: Context,
        submit: Callable[[Attempt], Coroutine[Any, Any, Outcome]],
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self.passwords = Passwords()
        self._context = context
        self._submit = submit
        self._monotonic = monotonic
        self._limiter = anyio.CapacityLimiter(AT_ONCE)
        self._inside = 0

    async def sign_in(self, wanted: SignIn) -> Opened:
        """A session for somebody whose password and code are right.

        Raises:
            SignInRefusedError: they are not.
            SignInBusyError: too many wait.
            StorageUnavailableError: nothing was decided.
        """
        if self._inside >= AT_ONCE + MOST_WAITING:
            raise SignInBusyError
        came_at = self._monotonic()
        try:
            return await self._sign_in(wanted)
        except SignInRefusedError:
            await anyio.sleep(pause_s(self._monotonic() - came_at))
            raise

    async def _sign_in(self, wanted: SignIn) -> Opened:
        work = partial(sign_in, self._context, self.passwords, self._verify, wanted)
        self._inside += 1
        try:
            return await to_thread.run_sync(work, limiter=self._limiter)
        finally:
            self._inside -= 1

    def _verify(self, attempt: Attempt) -> Outcome:
        return from_thread.run(self._submit, attempt)


def pause_s(worked_s: float) -> float:
    """How long to wait after so much work, so that both together are a whole multiple of `REFUSALS_EVERY_S`."""
    return math.ceil(worked_s / REFUSALS_EVERY_S) * REFUSALS_EVERY_S - worked_s
