"""Whether the verifier lives, whether it can work, and how it fares."""

from fastapi import APIRouter, Depends, Request
from fastapi.responses import PlainTextResponse, Response
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from keyfob_verifier.access import Permission
from keyfob_verifier.api.dependencies import OpenContext, Requires, Writer
from keyfob_verifier.api.problems import RESPONSES
from keyfob_verifier.clock_errors import ClockUnreliableError
from keyfob_verifier.service.data_keys import require_keks

router = APIRouter(tags=["health"])


@router.get("/healthz", response_class=PlainTextResponse)
async def healthz() -> str:
    """The process answers."""
    return "ok\n"


@router.get("/readyz", response_class=PlainTextResponse, responses={503: RESPONSES[503]})
def readyz(context: OpenContext, writer: Writer) -> str:
    """The database answers and takes what is written to it, its keys can be opened, and the clock can be believed."""
    require_keks(context)
    writer.raise_failure()
    context.guard.observe()
    if reasons := context.guard.reasons:
        raise ClockUnreliableError(reasons)
    return "ready\n"


@router.get(
    "/metrics",
    response_class=PlainTextResponse,
    dependencies=[Depends(Requires(Permission.METRICS_READ))],
    responses={status: RESPONSES[status] for status in (401, 403, 429, 503)},
)
def metrics(request: Request) -> Response:
    """Figures for Prometheus; it sends the API key as a bearer token."""
    return Response(generate_latest(request.app.state.metrics.registry), media_type=CONTENT_TYPE_LATEST)
