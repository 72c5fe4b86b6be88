"""The route that reads the record."""

from typing import Annotated

from fastapi import APIRouter, Query

from keyfob_verifier.api.dependencies import Caller, OpenContext
from keyfob_verifier.api.models import AuditResponse, Serial
from keyfob_verifier.api.problems import RESPONSES

router = APIRouter(prefix="/v1", tags=["record"], responses=RESPONSES)


@router.get("/audit")
def audit(
    caller: Caller,
    context: OpenContext,
    serial: Annotated[Serial | None, Query(description="Only this token's entries.")] = None,
    limit: Annotated[int, Query(ge=1, le=1000)] = 100,
) -> list[AuditResponse]:
    """The newest entries of the record, newest first, with the reason of each answer."""
    with context.store.read() as transaction:
        entries = transaction.audit.latest(caller.tenant_id, serial, limit)
    return [AuditResponse.model_validate(entry, from_attributes=True) for entry in entries]
