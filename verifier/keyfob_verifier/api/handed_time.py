"""The test setting: the verifier's time is handed to it. Served on loopback, over a test database, or not at all."""

from fastapi import APIRouter, Depends, HTTPException, Request

from keyfob import VirtualClock
from keyfob_verifier.access import Permission
from keyfob_verifier.api.dependencies import Requires
from keyfob_verifier.api.models import TimeRequest, TimeResponse
from keyfob_verifier.api.problems import RESPONSES

router = APIRouter(
    prefix="/v1/test-clock",
    tags=["test clock"],
    dependencies=[Depends(Requires(Permission.TEST_CLOCK))],
    responses=RESPONSES,
)


@router.get("")
def read(request: Request) -> TimeResponse:
    """The time that the verifier believes it is."""
    clock: VirtualClock = request.app.state.context.clock
    return TimeResponse(now=clock.now())


@router.put("")
def move(request: Request, to: TimeRequest) -> TimeResponse:
    """Moves the verifier's time on; never back."""
    clock: VirtualClock = request.app.state.context.clock
    try:
        clock.move_to(to.now)
    except ValueError as error:
        raise HTTPException(409, str(error)) from None
    return TimeResponse(now=clock.now())
