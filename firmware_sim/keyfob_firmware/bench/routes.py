"""The bench's routes: fobs, what hands do to them, what befalls them, what eyes see; and time."""

from typing import Annotated

from fastapi import APIRouter, Body, Depends, Path, Query, Request
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from keyfob.diagnostics import report_to_json
from keyfob.errors import UnreadableQrError
from keyfob.quantities import DAY_S
from keyfob_firmware.bench.bench import Bench
from keyfob_firmware.bench.guard import require_api_key
from keyfob_firmware.bench.making import make_fob
from keyfob_firmware.bench.models import (
    AdvanceRequest,
    AgeRequest,
    BatteryRequest,
    DisplayResponse,
    EventResponse,
    FaultRequest,
    FobRequest,
    FobResponse,
    KeypadRequest,
    OscillatorRequest,
    PressRequest,
    PressResponse,
    ProvisionRequest,
    TimeRequest,
    TimeResponse,
)
from keyfob_firmware.bench.problems import RESPONSES
from keyfob_firmware.bench.views import display_of, events_of, fob_of, press_of
from keyfob_firmware.button import SHORT_PRESS_S
from keyfob_firmware.display_png import SCALES, draw_png
from keyfob_firmware.display_svg import draw_svg
from keyfob_firmware.errors import NoCodeError

router = APIRouter(prefix="/v1", dependencies=[Depends(require_api_key)], responses=RESPONSES)

_PNG = {
    "requestBody": {
        "required": True,
        "content": {"image/png": {"schema": {"type": "string", "format": "binary"}}},
    }
}


def _bench(request: Request) -> Bench:
    bench: Bench = request.app.state.bench
    return bench


OpenBench = Annotated[Bench, Depends(_bench)]
Serial = Annotated[str, Path(max_length=64)]


@router.post("/fobs", status_code=201, tags=["fobs"])
def create(bench: OpenBench, wanted: FobRequest) -> FobResponse:
    """Puts a new fob on the bench."""
    return _shown(bench, make_fob(bench, wanted))


@router.get("/fobs", tags=["fobs"])
def list_fobs(bench: OpenBench) -> list[FobResponse]:
    """All fobs, the oldest first."""
    return [_shown(bench, serial) for serial in bench.serials()]


@router.get("/fobs/{serial}", tags=["fobs"])
def show(bench: OpenBench, serial: Serial) -> FobResponse:
    """All of a fob but its secrets."""
    return _shown(bench, serial)


@router.delete("/fobs/{serial}", status_code=204, tags=["fobs"])
def delete(bench: OpenBench, serial: Serial) -> None:
    """Takes a fob off the bench for good."""
    bench.drop(serial)


@router.post("/fobs/{serial}/scan", tags=["hands"], openapi_extra=_PNG)
async def scan(bench: OpenBench, serial: Serial, request: Request) -> FobResponse:
    """Holds a fob before a picture with the QR code of an otpauth URI; the body is the picture, such as a PNG."""
    return await run_in_threadpool(_scan, bench, serial, await request.body())


@router.post("/fobs/{serial}/provision", tags=["hands"])
def provision(bench: OpenBench, serial: Serial, wanted: ProvisionRequest) -> FobResponse:
    """Gives a fob the seed and the parameters of an otpauth URI."""
    with bench.in_hand(serial) as fob:
        fob.provision(wanted.uri)
    return _shown(bench, serial)


@router.post("/fobs/{serial}/reset", tags=["hands"])
def reset(bench: OpenBench, serial: Serial) -> FobResponse:
    """Makes a fob forget its seed and its PIN, so that it can be given others."""
    bench.reset(serial)
    return _shown(bench, serial)


@router.post("/fobs/{serial}/press", tags=["hands"])
def press(bench: OpenBench, serial: Serial, wanted: PressRequest | None = None) -> PressResponse:
    """Presses a fob's button, and reads its display."""
    with bench.in_hand(serial) as fob:
        why_no_code = None
        try:
            fob.press(SHORT_PRESS_S if wanted is None else wanted.held_s)
        except NoCodeError as error:
            why_no_code = str(error)
        return press_of(fob, why_no_code)


@router.post("/fobs/{serial}/keypad", tags=["hands"])
def keypad(bench: OpenBench, serial: Serial, wanted: KeypadRequest) -> PressResponse:
    """Types on a fob's keypad, and reads its display."""
    with bench.in_hand(serial) as fob:
        why_no_code = None
        if wanted.clear:
            fob.clear()
        fob.type(wanted.keys)
        if wanted.enter:
            try:
                fob.enter()
            except NoCodeError as error:
                why_no_code = str(error)
        return press_of(fob, why_no_code)


@router.post("/fobs/{serial}/battery", tags=["hands"])
def replace_battery(bench: OpenBench, serial: Serial, wanted: BatteryRequest | None = None) -> FobResponse:
    """Puts a fresh battery into a fob."""
    with bench.in_hand(serial) as fob:
        fob.replace_battery(button_held=wanted is not None and wanted.button_held)
    return _shown(bench, serial)


@router.post("/fobs/{serial}/age", tags=["fate"])
def age(bench: OpenBench, serial: Serial, wanted: AgeRequest) -> FobResponse:
    """Makes a fob older without moving the bench's time."""
    bench.age(serial, wanted.days)
    return _shown(bench, serial)


@router.put("/fobs/{serial}/oscillator", tags=["fate"])
def run_at(bench: OpenBench, serial: Serial, wanted: OscillatorRequest) -> FobResponse:
    """Has a fob's clock run at another rate from now on."""
    bench.run_at(serial, wanted.drift_ppm)
    return _shown(bench, serial)


@router.post("/fobs/{serial}/faults", tags=["fate"])
def inject(bench: OpenBench, serial: Serial, fault: Annotated[FaultRequest, Body()]) -> FobResponse:
    """Lets a fault happen to a fob."""
    with bench.in_hand(serial) as fob:
        fob.inject(fault)
    return _shown(bench, serial)


@router.get("/fobs/{serial}/display", tags=["eyes"])
def display(bench: OpenBench, serial: Serial) -> DisplayResponse:
    """What a fob's display shows now, as data."""
    with bench.in_sight(serial) as fob:
        return display_of(fob)


@router.get("/fobs/{serial}/display.svg", tags=["eyes"], response_class=Response)
def display_svg(bench: OpenBench, serial: Serial) -> Response:
    """What a fob's display shows now, as an SVG picture."""
    with bench.in_sight(serial) as fob:
        return Response(draw_svg(fob.lit()), media_type="image/svg+xml")


@router.get("/fobs/{serial}/display.png", tags=["eyes"], response_class=Response)
def display_png(
    bench: OpenBench, serial: Serial, scale: Annotated[int, Query(ge=SCALES[0], le=SCALES[-1])] = 2
) -> Response:
    """What a fob's display shows now, as a PNG picture, 106 pixels high for each `scale`."""
    with bench.in_sight(serial) as fob:
        lit = fob.lit()
    return Response(draw_png(lit, scale), media_type="image/png")


@router.get("/fobs/{serial}/events", tags=["eyes"])
def events(bench: OpenBench, serial: Serial) -> list[EventResponse]:
    """What happened to a fob, the newest last: its trace."""
    with bench.in_sight(serial) as fob:
        return events_of(fob)


@router.post("/fobs/{serial}/reports", status_code=201, tags=["eyes"], response_class=Response)
def diagnose(bench: OpenBench, serial: Serial) -> Response:
    """Has a fob test itself; its diagnostic report, as a verifier takes it."""
    with bench.in_hand(serial) as fob:
        report = fob.diagnose()
    return Response(report_to_json(report), 201, media_type="application/json")


@router.get("/fobs/{serial}/reports", tags=["eyes"], response_class=Response)
def reports(bench: OpenBench, serial: Serial) -> Response:
    """The last diagnostic reports of a fob, the newest last."""
    with bench.in_sight(serial) as fob:
        kept = fob.state.reports
    return Response(b"[" + b",".join(map(report_to_json, kept)) + b"]", media_type="application/json")


@router.get("/time", tags=["time"])
def time(bench: OpenBench) -> TimeResponse:
    """The time that all fobs on the bench live in."""
    mode, now = bench.time()
    return TimeResponse(mode=mode, now=now)


@router.put("/time", tags=["time"])
def switch_time(bench: OpenBench, wanted: TimeRequest) -> TimeResponse:
    """Lets the bench's time run with the machine's clock, or stand still."""
    bench.switch_clock(wanted.mode)
    return time(bench)


@router.post("/time/advance", tags=["time"])
def advance(bench: OpenBench, wanted: AdvanceRequest) -> TimeResponse:
    """Moves the bench's time on. It never goes back."""
    bench.advance(wanted.seconds + wanted.days * DAY_S)
    return time(bench)


def _shown(bench: Bench, serial: str) -> FobResponse:
    with bench.in_sight(serial) as fob:
        return fob_of(fob, bench.now())


def _scan(bench: Bench, serial: str, image: bytes) -> FobResponse:
    if not image:
        raise UnreadableQrError("the request has no body; send the picture's bytes")
    with bench.in_hand(serial) as fob:
        fob.scan(image)
    return _shown(bench, serial)
