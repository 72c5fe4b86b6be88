"""What route functions ask for."""

from typing import Annotated

from fastapi import Depends, Request

from keyfob_verifier.records import ApiKeyRecord
from keyfob_verifier.service.context import Context
from keyfob_verifier.service.group_commit import GroupCommit
from keyfob_verifier.service.outcome import Outcome
from keyfob_verifier.service.verification import Attempt


async def _caller(request: Request) -> ApiKeyRecord:
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
