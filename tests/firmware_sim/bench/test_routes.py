"""The bench's routes, asked over HTTP."""

import io
import json
import re
from concurrent.futures import ThreadPoolExecutor

import pyotp
import pytest
from PIL import Image

from fob_samples import SECRET, URI, picture_of, tells
from keyfob.diagnostics import parse_report
from keyfob.ocra import OcraSuite, ocra
from keyfob.seed import Seed
from keyfob_firmware.display import describe, seen
from keyfob_firmware.display_png import read_png
from keyfob_firmware.faults import FAULTS

BASE32 = Seed(SECRET).to_base32()
PEER = pyotp.TOTP(BASE32)
SUITE = "OCRA-1:HOTP-SHA1-6:QN08"
ONE_OF_EACH = [
    {"kind": "clock-step", "seconds": 90},
    {"kind": "stopped-oscillator", "seconds": 60},
    {"kind": "rate-jump", "ppm": 50},
    {"kind": "temperature-shock", "temperature_c": 70, "seconds": 60},
    {"kind": "brown-out"},
    {"kind": "bit-flip", "area": "seed", "byte": 20, "bit": 0},
    {"kind": "stuck-button"},
    {"kind": "bouncing-button"},
    {"kind": "dead-segments", "segments": [[0, "a"]]},
    {"kind": "flat-battery"},
    {"kind": "tamper"},
]


def problem(answer):
    assert answer.headers["content-type"] == "application/problem+json"
    return answer.status_code, answer.json()["type"].removeprefix("urn:keyfob:problem:")


def test_fob_shows_the_code_of_its_own_clock(http, make):
    serial = make(drift_ppm=40, age_days=300, offset_s=2)
    fob = http.get(f"/fobs/{serial}").json()
    pressed = http.post(f"/fobs/{serial}/press").json()
    assert fob["clock_offset_s"] > 300 * 86_400 * 40e-6
    assert pressed["code"] == PEER.at(int(fob["own_time"]))
    assert (pressed["state"], pressed["why_no_code"]) == ("lit", None)


def test_fob_scans_a_picture(http, make):
    serial = make(uri=None)
    assert http.post(f"/fobs/{serial}/press").json()["state"] == "unprovisioned"
    scanned = http.post(
        f"/fobs/{serial}/scan", content=picture_of(URI), headers={"Content-Type": "image/png"}
    )
    assert scanned.json()["credential"]["account"] == "alice@example.com"
    assert http.post(f"/fobs/{serial}/press").json()["code"] == PEER.at(int(http.get("/time").json()["now"]))


@pytest.mark.parametrize("picture", [b"", b"no picture", picture_of()], ids=["nothing", "garbage", "no code"])
def test_picture_without_a_code_is_refused(http, make, picture):
    serial = make(uri=None)
    assert problem(http.post(f"/fobs/{serial}/scan", content=picture)) == (422, "unreadable-qr")


def test_fob_takes_a_uri_once_and_another_after_a_reset(http, make):
    serial = make(uri=None)
    path = f"/fobs/{serial}/provision"
    assert http.post(path, json={"uri": URI}).status_code == 200
    assert problem(http.post(path, json={"uri": URI})) == (409, "fob-already-provisioned")
    assert http.post(f"/fobs/{serial}/reset").json()["credential"] is None
    assert http.post(path, json={"uri": URI}).status_code == 200


def test_pin_and_question_are_typed_on_the_keypad(http, make):
    serial = make(uri=None, pin="1234", challenge={"suite": SUITE, "seed": BASE32})
    path = f"/fobs/{serial}/keypad"
    asked = http.post(f"/fobs/{serial}/press").json()
    assert (asked["state"], asked["code"]) == ("pin-entry", None)
    assert "PIN" in asked["why_no_code"]
    assert http.post(path, json={"keys": "9999", "enter": True}).json()["state"] == "pin-entry"
    http.post(path, json={"keys": "77"})
    assert http.post(path, json={"clear": True, "keys": "1234", "enter": True}).json()["state"] == "challenge"
    answered = http.post(path, json={"keys": "12345678", "enter": True}).json()
    assert answered["code"] == ocra(SECRET, OcraSuite.parse(SUITE), question="12345678")


def test_long_press_shows_information_and_no_code(http, make):
    pressed = http.post(f"/fobs/{make()}/press", json={"held_s": 2}).json()
    assert (pressed["state"], pressed["code"]) == ("information", None)


def test_time_moves_every_fob(http, make):
    serial = make()
    before = http.get("/time").json()
    first = http.post(f"/fobs/{serial}/press").json()
    after = http.post("/time/advance", json={"seconds": 30, "days": 1}).json()
    assert after == {"mode": "standing", "now": before["now"] + 86_430}
    assert http.get(f"/fobs/{serial}/display").json()["state"] == "idle"
    assert http.post(f"/fobs/{serial}/press").json()["step"] == first["step"] + 86_430 // 30


@pytest.mark.parametrize("wanted", [{"seconds": -1}, {"days": 1e6}, {"hours": 1}])
def test_time_goes_neither_back_nor_out_of_sight(http, wanted):
    before = http.get("/time").json()
    assert http.post("/time/advance", json=wanted).status_code == 422
    assert http.get("/time").json() == before


def test_drift_is_set_from_now_on(http, make):
    serial = make()
    shown = http.put(f"/fobs/{serial}/oscillator", json={"drift_ppm": 100}).json()
    assert shown["clock_rate_ppm"] == pytest.approx(100)
    assert shown["clock_offset_s"] == pytest.approx(0)
    http.post("/time/advance", json={"days": 1})
    assert http.get(f"/fobs/{serial}").json()["clock_offset_s"] == pytest.approx(8.64, abs=0.1)


@pytest.mark.parametrize("fault", ONE_OF_EACH, ids=lambda fault: fault["kind"])
def test_every_fault_can_be_injected_and_is_traced(http, make, fault):
    serial = make()
    assert http.post(f"/fobs/{serial}/faults", json=fault).status_code == 200
    assert fault["kind"] in [event["event"] for event in http.get(f"/fobs/{serial}/events").json()]


def test_every_fault_is_tried_here():
    assert [fault["kind"] for fault in ONE_OF_EACH] == list(FAULTS)


@pytest.mark.parametrize(
    "fault",
    [{"kind": "explosion"}, {"seconds": 3}, {"kind": "brown-out", "after": 3}, {"kind": "clock-step"}, [], 3],
)
def test_unknown_fault_is_refused(http, make, fault):
    assert problem(http.post(f"/fobs/{make()}/faults", json=fault)) == (422, "invalid-request")


def test_fault_outlives_the_request(http, make):
    serial = make()
    http.post(f"/fobs/{serial}/faults", json={"kind": "brown-out", "after_writes": 0})
    assert http.post(f"/fobs/{serial}/press").json()["code"] is None
    assert http.post(f"/fobs/{serial}/press").json()["code"]


def test_flat_battery_is_replaced(http, make):
    serial = make()
    assert http.post(f"/fobs/{serial}/faults", json={"kind": "flat-battery"}).json()["state"] == "dead"
    assert http.post(f"/fobs/{serial}/battery").json()["state"] == "idle"
    assert http.post(f"/fobs/{serial}/battery", json={"button_held": True}).json()["state"] == "self-test"


def test_fob_ages_without_moving_time(http, make):
    serial, now = make(), http.get("/time").json()
    young = http.get(f"/fobs/{serial}").json()
    old = http.post(f"/fobs/{serial}/age", json={"days": 500}).json()
    assert old["age_days"] == pytest.approx(young["age_days"] + 500)
    assert old["battery_percent"] < young["battery_percent"]
    assert http.get("/time").json() == now
    assert problem(http.post(f"/fobs/{serial}/age", json={"days": 1e5})) == (422, "invalid-parameters")


def test_reports_are_those_that_a_verifier_takes(http, make):
    serial = make()
    http.post(f"/fobs/{serial}/faults", json={"kind": "dead-segments", "segments": [[1, "g"]]})
    made = http.post(f"/fobs/{serial}/reports")
    assert made.status_code == 201
    assert parse_report(made.content).failures == ("E30",)
    assert http.get(f"/fobs/{serial}/reports").json()[-1] == made.json()


@pytest.mark.parametrize("dead", [[], [[0, "a"], [3, "g"]]], ids=["whole", "dead segments"])
def test_display_formats_agree(http, make, dead):
    serial = make()
    http.post(f"/fobs/{serial}/faults", json={"kind": "dead-segments", "segments": dead})
    http.post(f"/fobs/{serial}/press")
    data = http.get(f"/fobs/{serial}/display").json()
    png = http.get(f"/fobs/{serial}/display.png")
    svg = http.get(f"/fobs/{serial}/display.svg")
    lit = read_png(png.content)
    assert ["".join(sorted(cell)) for cell in lit.cells] == data["cells"]
    assert (seen(lit), describe(lit), len(lit.bar)) == (data["seen"], data["description"], data["bar"])
    in_svg = re.findall(r'class="lit"[^>]*data-cell="(\d)" data-segment="(\w)"', svg.text)
    assert in_svg == [(str(cell), segment) for cell, lit in enumerate(data["cells"]) for segment in lit]
    types = [answer.headers["content-type"] for answer in (png, svg)]
    assert types == ["image/png", "image/svg+xml"]


def test_png_comes_in_sizes(http, make):
    path = f"/fobs/{make()}/display.png"
    heights = [Image.open(io.BytesIO(http.get(path, params={"scale": n}).content)).height for n in (1, 4)]
    assert heights[1] == 4 * heights[0]
    assert http.get(path, params={"scale": 9}).status_code == 422


def test_presses_at_once_are_each_a_press(http, make):
    uri = URI.replace("totp", "hotp") + "&counter=0"
    serial = make(uri=uri)
    with ThreadPoolExecutor(8) as hands:
        answers = list(hands.map(lambda _: http.post(f"/fobs/{serial}/press").json(), range(24)))
    assert http.get(f"/fobs/{serial}").json()["presses"] == 24
    peer = pyotp.HOTP(BASE32)
    assert {answer["code"] for answer in answers} <= {peer.at(counter) for counter in range(24)}


def test_fob_is_listed_until_it_is_deleted(http, make):
    first, second = make(), make()
    serials = [fob["serial"] for fob in http.get("/fobs").json()]
    assert serials[-2:] == [first, second]
    assert http.delete(f"/fobs/{first}").status_code == 204
    assert problem(http.get(f"/fobs/{first}")) == (404, "bench-fob-unknown")
    assert first not in [fob["serial"] for fob in http.get("/fobs").json()]


def test_serial_is_made_up_or_taken_once(http, make):
    assert re.fullmatch(r"KF\d{8}", http.post("/fobs", json={}).json()["serial"])
    assert problem(http.post("/fobs", json={"serial": make()})) == (409, "bench-serial-taken")


@pytest.mark.parametrize(
    ("wanted", "refusal"),
    [
        ({"serial": "a b"}, "invalid-request"),
        ({"colour": "red"}, "invalid-request"),
        ({"uri": "https://example.com"}, "invalid-uri"),
        ({"pin": "12"}, "fob-pin-invalid"),
        ({"temperature": "moon"}, "temperature-profile-unknown"),
        ({"drift_ppm": 1e9}, "invalid-parameters"),
        ({"age_days": 1e6}, "invalid-parameters"),
        ({"uri": URI, "challenge": {"suite": SUITE, "seed": BASE32}}, "invalid-parameters"),
        ({"challenge": {"suite": "OCRA-9", "seed": BASE32}}, "invalid-ocra-suite"),
        ({"challenge": {"suite": SUITE, "seed": "!"}}, "invalid-seed"),
    ],
)
def test_impossible_fob_is_refused_and_not_made(http, wanted, refusal):
    before = http.get("/fobs").json()
    assert problem(http.post("/fobs", json={"serial": "NEW"} | wanted)) == (422, refusal)
    assert http.get("/fobs").json() == before


def test_body_beyond_the_limit_is_refused(http, make):
    answer = http.post(f"/fobs/{make(uri=None)}/scan", content=bytes(2**23 + 1))
    assert answer.status_code == 413


def test_no_answer_file_or_log_tells_a_seed_or_a_pin(bench, http, make):
    pin = "83920174"
    serial = make(pin=pin)
    said = [
        http.post("/fobs", json={"serial": serial, "uri": URI}).text,
        http.post("/fobs", json={"serial": "x", "uri": URI + "&secret=twice"}).text,
        http.post("/fobs", json={"serial": 3, "uri": [URI], "pin": [pin]}).text,
        http.post(f"/fobs/{serial}/provision", json={"uri": URI, "more": 1}).text,
        http.post(f"/fobs/{serial}/press").text,
        http.post(f"/fobs/{serial}/keypad", json={"keys": pin, "enter": True}).text,
        http.post(
            f"/fobs/{serial}/faults", json={"kind": "bit-flip", "area": "seed", "byte": 30, "bit": 1}
        ).text,
        http.post(f"/fobs/{serial}/press").text,
        http.post(f"/fobs/{serial}/reports").text,
        *(
            http.get(f"/fobs/{serial}{rest}").text
            for rest in ("", "/events", "/reports", "/display", "/display.svg")
        ),
        http.get("/fobs").text,
        bench.log.read_text(),
        bench.state.read_bytes().decode("latin-1"),
    ]
    for text in said:
        assert not tells(text, SECRET)
        assert pin not in text


def test_file_and_log_are_for_their_owner_alone(bench):
    assert [path.stat().st_mode & 0o777 for path in (bench.state, bench.key)] == [0o600, 0o600]


def test_unknown_path_and_method_are_problems(bench, http):
    assert problem(http.get("/nothing")) == (404, "not-found")
    assert problem(http.put("/fobs")) == (405, "method-not-allowed")
    assert json.loads(http.get(f"{bench.url}/openapi.json").text)["info"]["title"] == "keyfob bench"
