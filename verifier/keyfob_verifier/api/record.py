"""The routes that read the record."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query
from pydantic import BaseModel, ConfigDict, Field

from keyfob_verifier.access import Caller, Permission
from keyfob_verifier.api.dependencies import OpenContext, Requires
from keyfob_verifier.api.models import AuditResponse, Serial
from keyfob_verifier.api.problems import RESPONSES
from keyfob_verifier.service import checkpoints, record

MAX_NUMBER = 2**63 - 1

router = APIRouter(prefix="/v1", tags=["record"], responses=RESPONSES)

Auditor = Annotated[Caller, Depends(Requires(Permission.AUDIT_READ))]


class AuditQuery(BaseModel):
    """Which entries of the record."""

    model_config = ConfigDict(extra="forbid")

    serial: Serial | None = Field(None, description="Only this token's entries.")
    action: str | None = Field(None, pattern=r"^[a-z-]{1,32}$", description="Only entries of this action.")
    since: float | None = Field(None, ge=0, le=1e12, description="Unix time: only entries from then on.")
    after: int | None = Field(
        None, ge=0, le=MAX_NUMBER, description="The last `sequence` of the page before."
    )
    before: int | None = Field(None, ge=0, le=MAX_NUMBER, description="The same, going back.")
    limit: int = Field(100, ge=1, le=record.MAX_PAGE)


class HeadResponse(BaseModel):
    """Where a chain stood."""

    chain: int
    sequence: int
    hash: str


class CheckpointResponse(BaseModel):
    """Where all chains of the installation stood at one moment, signed with Ed25519 over canonical JSON."""

    format: str
    installation: str
    number: int
    at_s: int
    previous: str
    opening: str
    heads: list[HeadResponse]
    pruned: str
    key: str = Field(description="The public key's SHA-256.")
    signature: str


@router.get("/audit")
def audit(
    caller: Auditor, context: OpenContext, wanted: Annotated[AuditQuery, Query()]
) -> list[AuditResponse]:
    """The tenant's entries, newest first, or from `after` on oldest first, with the reason of each answer."""
    fields = wanted.model_dump(exclude={"limit"})
    entries = record.page(context, record.Wanted(caller.tenant_id, **fields), wanted.limit)
    return [AuditResponse.model_validate(entry, from_attributes=True) for entry in entries]


@router.get("/audit/checkpoint", response_model=CheckpointResponse)
def checkpoint(_caller: Auditor, context: OpenContext) -> dict[str, Any]:
    """The newest checkpoint: keep it where nobody who could change the database can reach it."""
    return checkpoints.newest_checkpoint(context).payload()
