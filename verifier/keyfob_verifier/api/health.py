"""Whether the verifier lives, whether it can work, and how it fares."""

from fastapi import APIRouter, Request
from fastapi.responses import PlainTextResponse, Response
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from keyfob_verifier.api.dependencies import AUTHENTICATED, OpenContext
from keyfob_verifier.api.problems import RESPONSES

router = APIRouter(tags=["health"])


@router.get("/healthz", response_class=PlainTextResponse)
async def healthz() -> str:
    """The process answers."""
    return "ok\n"


@router.get("/readyz", response_class=PlainTextResponse, responses={503: RESPONSES[503]})
def readyz(context: OpenContext) -> str:
    """The database answers too."""
    with context.store.read() as transaction:
        transaction.data_keys.all()
    return "ready\n"


@router.get("/metrics", dependencies=AUTHENTICATED, responses={401: RESPONSES[401]})
def metrics(request: Request) -> Response:
    """Figures for Prometheus; it sends the API key as a bearer token."""
    return Response(generate_latest(request.app.state.metrics.registry), media_type=CONTENT_TYPE_LATEST)
