"""Routes of support records: diagnostic reports on tokens, from open to resolved."""

import json
from dataclasses import asdict
from typing import Annotated

from fastapi import APIRouter, Depends, Path, Query

from keyfob.diagnostics import parse_report, report_to_json
from keyfob_verifier.access import Caller, Permission
from keyfob_verifier.api.dependencies import OpenContext, Requires
from keyfob_verifier.api.models import (
    MAX_SUPPORT_ID,
    Serial,
    SupportCaseResponse,
    SupportQuery,
    SupportRequest,
    SupportResponse,
    SupportUpdateRequest,
)
from keyfob_verifier.api.problems import RESPONSES
from keyfob_verifier.records import SupportRecord
from keyfob_verifier.service import support

router = APIRouter(prefix="/v1", tags=["support"], responses=RESPONSES)

SerialInPath = Annotated[Serial, Path()]
IdInPath = Annotated[int, Path(ge=1, le=MAX_SUPPORT_ID)]
Reader = Annotated[Caller, Depends(Requires(Permission.SUPPORT_READ))]
Writer = Annotated[Caller, Depends(Requires(Permission.SUPPORT_WRITE))]
Wanted = Annotated[SupportQuery, Query()]


@router.post("/tokens/{serial}/support-records", status_code=201)
def add(
    serial: SerialInPath, request: SupportRequest, caller: Writer, context: OpenContext
) -> SupportCaseResponse:
    """Opens a support record on a token with its fob's diagnostic report."""
    written = json.dumps(request.report, ensure_ascii=False).encode(errors="surrogatepass")
    report = parse_report(written)
    return _case(support.add(context, caller.tenant_id, caller.actor, serial, report, note=request.note))


@router.get("/tokens/{serial}/support-records")
def list_of_token(
    serial: SerialInPath, wanted: Wanted, caller: Reader, context: OpenContext
) -> list[SupportResponse]:
    """A token's support records, oldest first, a page at a time."""
    found = support.page(context, caller.tenant_id, serial=serial, **wanted.model_dump())
    return [_response(record) for record in found]


@router.get("/support-records")
def list_all(wanted: Wanted, caller: Reader, context: OpenContext) -> list[SupportResponse]:
    """Every token's support records, oldest first, a page at a time."""
    found = support.page(context, caller.tenant_id, **wanted.model_dump())
    return [_response(record) for record in found]


@router.get("/support-records/{record_id}")
def show(record_id: IdInPath, caller: Reader, context: OpenContext) -> SupportCaseResponse:
    """A support record with its report and its history."""
    return _case(support.show(context, caller.tenant_id, record_id))


@router.patch("/support-records/{record_id}")
def update(
    record_id: IdInPath, request: SupportUpdateRequest, caller: Writer, context: OpenContext
) -> SupportCaseResponse:
    """Moves a support record on: from open to in progress, to resolved, and to open again."""
    return _case(
        support.update(context, caller.tenant_id, caller.actor, record_id, request.state, note=request.note)
    )


def _response(record: SupportRecord) -> SupportResponse:
    return SupportResponse.model_validate(record, from_attributes=True)


def _case(case: support.SupportCase) -> SupportCaseResponse:
    shown = _response(case.record).model_dump()
    shown["report"] = json.loads(report_to_json(case.record.report))
    shown["changes"] = [asdict(change) for change in case.changes]
    return SupportCaseResponse.model_validate(shown)
