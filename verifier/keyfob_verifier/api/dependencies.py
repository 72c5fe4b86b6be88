"""What route functions ask for."""

from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Request, Security
from fastapi.security import HTTPBearer
from fastapi.security.http import HTTPAuthorizationCredentials

from keyfob_verifier.access import Caller, Permission
from keyfob_verifier.access_errors import ForbiddenError
from keyfob_verifier.service.context import Context
from keyfob_verifier.service.group_commit import GroupCommit
from keyfob_verifier.service.outcome import Outcome
from keyfob_verifier.service.verification import Attempt

_described = HTTPBearer(auto_error=False, scheme_name="API key", bearerFormat="kf_…")
"""Puts the API key into the description of the interface; what is sent is judged by the authenticator."""

_Described = Annotated[HTTPAuthorizationCredentials | None, Security(_described)]


async def any_caller(request: Request, _: _Described = None) -> Caller:
    """Somebody with a valid API key or session, whatever they may do."""
    caller: Caller = await request.app.state.authenticator(request)
    return caller


@dataclass(frozen=True, slots=True)
class Requires:
    """A dependency that gives the caller of a route, who must have a permission for it.

    Attributes:
        permission: which one.
    """

    permission: Permission

    async def __call__(self, request: Request, _: _Described = None) -> Caller:
        """Who asks.

        Raises:
            UnauthorizedError: nobody who is known.
            ForbiddenError: somebody without the permission.
        """
        caller = await any_caller(request)
        if self.permission not in caller.permissions:
            raise ForbiddenError(self.permission)
        return caller


async def _context(request: Request) -> Context:
    context: Context = request.app.state.context
    return context


async def _writer(request: Request) -> GroupCommit[Attempt, Outcome]:
    writer: GroupCommit[Attempt, Outcome] = request.app.state.writer
    return writer


OpenContext = Annotated[Context, Depends(_context)]
Writer = Annotated[GroupCommit[Attempt, Outcome], Depends(_writer)]
