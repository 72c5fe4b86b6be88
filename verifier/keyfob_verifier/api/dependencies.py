"""What route functions ask for."""

from typing import Annotated

from fastapi import Depends, Request, Security
from fastapi.security import HTTPBearer
from fastapi.security.http import HTTPAuthorizationCredentials

from keyfob_verifier.records import ApiKeyRecord
from keyfob_verifier.service.context import Context
from keyfob_verifier.service.group_commit import GroupCommit
from keyfob_verifier.service.outcome import Outcome
from keyfob_verifier.service.verification import Attempt

_described = HTTPBearer(auto_error=False, scheme_name="API key", bearerFormat="kf_…")
"""Puts the API key into the description of the interface; what is sent is judged by the authenticator."""


async def _caller(
    request: Request,
    _: Annotated[HTTPAuthorizationCredentials | None, Security(_described)],
) -> ApiKeyRecord:
    record: ApiKeyRecord = await request.app.state.authenticator(request)
    return record


def _context(request: Request) -> Context:
    context: Context = request.app.state.context
    return context


def _writer(request: Request) -> GroupCommit[Attempt, Outcome]:
    writer: GroupCommit[Attempt, Outcome] = request.app.state.writer
    return writer


Caller = Annotated[ApiKeyRecord, Depends(_caller)]
OpenContext = Annotated[Context, Depends(_context)]
Writer = Annotated[GroupCommit[Attempt, Outcome], Depends(_writer)]
AUTHENTICATED = [Depends(_caller)]
