"""`keyfob fob …`: fobs made, provisioned, listed, shown and reset."""

import json

import pytest

from fob_command_samples import AT_NOON, PEER, STEADY
from fob_samples import NOON, SECRET, URI, picture_of, tells
from keyfob.seed import Seed


def test_new_fob_scans_and_shows_the_code_of_the_moment(ok, picture):
    ok("new", "desk", *STEADY)
    ok("scan", "desk", picture, "--at", AT_NOON)
    assert ok("press", "desk", "--at", AT_NOON) == f"{PEER.at(int(NOON))}\n"
    assert ok("press", "desk", "--at", NOON + 29.9) == f"{PEER.at(int(NOON))}\n"
    assert ok("press", "desk", "--at", NOON + 30) == f"{PEER.at(int(NOON) + 30)}\n"


def test_uri_comes_from_standard_input(ok, stdin):
    stdin(f"{URI}\n".encode())
    ok("new", "desk", *STEADY, "--uri", "-")
    assert ok("press", "desk", "--at", AT_NOON) == f"{PEER.at(int(NOON))}\n"


def test_picture_comes_from_a_file_or_from_standard_input(ok, stdin, picture):
    ok("new", "a", *STEADY, "--image", picture)
    stdin(picture.read_bytes())
    ok("new", "b", *STEADY, "--image", "-")
    ok("new", "c", *STEADY)
    stdin(picture.read_bytes())
    ok("scan", "c", "-", "--at", AT_NOON)
    codes = {ok("press", name, "--at", AT_NOON) for name in "abc"}
    assert codes == {f"{PEER.at(int(NOON))}\n"}


def test_show_tells_how_the_clock_runs(ok):
    ok("new", "desk", "--drift-ppm", "20", "--offset-s", "1.5", "--wander-ppm", "0", "--at", AT_NOON)
    two_days_on = ok("show", "desk", "--at", NOON + 2 * 86_400, "--json")
    shown = json.loads(two_days_on)
    # 20 ppm of two days are 3.456 s; ageing adds a hundredth in so short a time
    assert shown["clock_offset_s"] == pytest.approx(1.5 + 3.456, abs=0.01)
    assert shown["clock_rate_ppm"] == pytest.approx(20.0, abs=0.05)
    assert (shown["tolerance_ppm"], shown["temperature_c"]) == (20.0, 25.0)
    assert shown["own_time"].startswith("2026-01-03T12:00:04.9")
    assert shown["made_at"] == "2026-01-01T12:00:00.000+00:00"
    assert shown["account"] is None


def test_show_tells_whose_it_is_and_whether_it_is_lit(ok):
    ok("new", "desk", *STEADY, "--uri", URI + "&digits=8", "--serial", "KF42")
    ok("press", "desk", "--at", NOON)
    shown = json.loads(ok("show", "desk", "--at", NOON + 5, "--json"))
    assert (shown["name"], shown["serial"], shown["presses"]) == ("desk", "KF42", 1)
    assert (shown["issuer"], shown["account"], shown["digits"]) == ("ACME", "alice@example.com", 8)
    assert shown["display_dark_in_s"] == pytest.approx(20.0, abs=0.001)


def test_summer_slows_the_crystal(ok):
    ok(
        "new",
        "desk",
        "--drift-ppm",
        "0",
        "--temperature",
        "outdoors",
        "--wander-ppm",
        "0",
        "--at",
        "2025-01-01",
    )
    july = json.loads(ok("show", "desk", "--at", "2025-07-20", "--json"))
    # at midnight, nine hours from the warmest of a day of 5 °C either way
    assert july["temperature_c"] == pytest.approx(22.0 - 5.0 / 2**0.5, abs=0.01)
    # a parabola of 0.034 ppm/°C² so far off its top, half a year's ageing of 1 ppm a year, a sinking battery
    assert july["clock_rate_ppm"] == pytest.approx(-0.034 * (3.0 + 5.0 / 2**0.5) ** 2 + 0.65, abs=0.2)


def test_measured_temperatures_come_from_a_file(ok, refused, home):
    curve = home / "drawer.csv"
    curve.write_text("time,temperature_c\n2026-01-01T00:00Z,10\n2026-01-02T00:00Z,14\n")
    ok("new", "desk", *STEADY, "--temperature", curve)
    assert json.loads(ok("show", "desk", "--at", AT_NOON, "--json"))["temperature_c"] == pytest.approx(12.0)
    curve.write_text("noon,warm\n")
    assert "line 1 of the temperature curve" in refused("new", "other", "--temperature", curve)
    curve.write_bytes(b"\xff\xfe")
    assert "is no text" in refused("new", "other", "--temperature", curve, status=2)


def test_boxed_fob_waits_for_a_long_press_or_a_seed(ok, refused, picture):
    ok("new", "desk", *STEADY, "--boxed")
    boxed = json.loads(ok("show", "desk", "--at", NOON + 86_400, "--json"))
    assert (boxed["state"], boxed["clock_rate_ppm"]) == ("shipping", None)
    assert boxed["own_time"] == "2026-01-01T12:00:00.000+00:00"
    assert "keyfob fob hold" in refused("press", "desk", "--at", AT_NOON)
    ok("scan", "desk", picture, "--at", NOON + 86_400)
    assert ok("press", "desk", "--at", NOON + 86_400) == f"{PEER.at(int(NOON) + 86_400)}\n"


def test_show_tells_of_battery_fuse_and_kind(ok):
    ok("new", "desk", *STEADY, "--uri", URI, "--lit-s", "5")
    shown = json.loads(ok("show", "desk", "--at", AT_NOON, "--json"))
    assert (shown["state"], shown["kind"], shown["suite"]) == ("idle", "totp", None)
    assert (shown["pin"], shown["fuse_blown"], shown["lit_s"]) == (False, False, 5.0)
    assert (shown["battery_v"], shown["battery_percent"]) == (pytest.approx(3.2), pytest.approx(100.0))
    # 1 µA and the cell's 0.0856 µA of its own; ten presses a day of 5 s at 3 µA more, and of 0.002 µAh
    drawn_a_day_uah = 24 * (1.0 + 0.0856) + 10 * (5 * 3.0 / 3600 + 0.002)
    # of 50 mAh, 6.25 % are left at 2.6 V
    assert shown["battery_warning_in_days"] == pytest.approx(0.9375 * 50_000 / drawn_a_day_uah, rel=1e-3)


def test_blown_fuse_holds_for_good(ok, refused):
    ok("new", "desk", *STEADY, "--uri", URI)
    ok("blow-fuse", "desk")
    assert json.loads(ok("show", "desk", "--json"))["fuse_blown"] is True
    assert "is blown" in refused("reset", "desk")
    assert ok("press", "desk", "--at", AT_NOON) == f"{PEER.at(int(NOON))}\n"


def test_question_fob_needs_suite_and_seed(refused):
    assert "need each other" in refused("new", "desk", "--ocra-suite", "OCRA-1:HOTP-SHA1-6:QN08", status=2)
    assert "need each other" in refused("new", "desk", "--seed", "-", status=2)
    assert "a seed wakes a fob" in refused("new", "desk", "--boxed", "--uri", URI, status=2)


def test_standard_input_without_what_is_wanted_makes_no_fob(ok, refused, stdin):
    for content in (b"", b"\n", b"\xff\xfe\n"):
        stdin(content)
        assert "holds no PIN" in refused("new", "desk", "--pin", "-")
    assert json.loads(ok("list", "--json")) == []


def test_new_fobs_differ_in_their_serials_and_their_drift(ok):
    made = [json.loads(ok("new", f"fob{n}", "--json")) for n in range(5)]
    assert len({fob["serial"] for fob in made}) == 5
    assert len({fob["tolerance_ppm"] for fob in made}) == 5
    assert all(-20.0 <= fob["tolerance_ppm"] <= 20.0 for fob in made)


def test_equal_seeds_of_wander_make_equal_clocks(ok):
    for name in ("a", "b"):
        ok("new", name, "--drift-ppm", "3", "--wander-ppm", "1", "--wander-seed", "7", "--at", AT_NOON)
    ok("new", "c", "--drift-ppm", "3", "--wander-ppm", "1", "--wander-seed", "8", "--at", AT_NOON)
    a, b, c = json.loads(ok("list", "--at", NOON + 3e7, "--json"))
    assert a["clock_offset_s"] == b["clock_offset_s"] != c["clock_offset_s"]


def test_list_is_empty_at_first(ok):
    assert "make one with keyfob fob new" in ok("list")
    assert json.loads(ok("list", "--json")) == []


def test_list_names_all_fobs(ok):
    ok("new", "b", *STEADY)
    ok("new", "a", *STEADY, "--uri", URI)
    table = ok("list")
    assert "alice@example.com" in table
    assert table.index("\n a ") < table.index("\n b ")


def test_list_shows_what_it_can_and_complains_of_the_rest(run, ok, home):
    ok("new", "good", *STEADY)
    (home / "fobs" / "bad.fob").write_text("{")
    status, out, err = run("list", "--json")
    assert status == 1
    assert [row["name"] for row in json.loads(out)] == ["good"]
    assert "bad.fob is damaged" in err
    assert err.count("\n") == 1


def test_reset_makes_room_for_another_seed(ok, refused, picture):
    ok("new", "desk", *STEADY, "--uri", URI.replace("alice", "bob"))
    assert "reset it first" in refused("scan", "desk", picture)
    ok("reset", "desk")
    assert "scan the QR code" in refused("press", "desk")
    ok("scan", "desk", picture, "--at", AT_NOON)
    assert ok("press", "desk", "--at", AT_NOON) == f"{PEER.at(int(NOON))}\n"


def test_picture_with_no_code_or_two_or_another_kind_is_refused(ok, refused, home):
    ok("new", "desk", *STEADY)
    before = (home / "fobs" / "desk.fob").read_bytes()
    for texts, words in [
        ((), "no QR code to use"),
        ((URI, URI.replace("alice", "bob")), "2 of them"),
        (("https://example.com/enrol",), "otpauth://totp/"),
    ]:
        (home / "odd.png").write_bytes(picture_of(*texts))
        assert words in refused("scan", "desk", home / "odd.png", "--at", AT_NOON)
    assert "cannot be opened" in refused("scan", "desk", home / "missing.png")
    (home / "odd.png").write_bytes(picture_of(URI)[:100])
    refused("scan", "desk", home / "odd.png", "--at", AT_NOON)
    assert (home / "fobs" / "desk.fob").read_bytes() == before


@pytest.mark.parametrize(
    "uri",
    [b"", b"https://example.com/\n", b"\xff\xfe\n", URI.encode()[:60], URI.replace("totp", "hotp").encode()],
    ids=["empty", "web-address", "not-text", "cut-short", "hotp-without-counter"],
)
def test_useless_uri_makes_no_fob(refused, ok, stdin, uri):
    stdin(uri)
    refused("new", "desk", "--uri", "-")
    assert json.loads(ok("list", "--json")) == []


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("press", "pocket"), "there is no fob 'pocket'"),
        (("show", "../keys/fob"), "is no name for a fob"),
        (("new", "desk"), "choose another name"),
        (("new", "other", "--serial", "K F"), "a serial number is"),
        (("new", "other", "--drift-ppm", "nan"), "tolerance_ppm"),
        (("new", "other", "--wander-seed", "-1"), "wander_seed"),
        (("new", "other", "--temperature", "moon"), "take one of room"),
        (("new", "other", "--temperature", "none.csv"), "No such file"),
        (("new", "other", "--lit-s", "0"), "--lit-s must be"),
        (("new", "other", "--pin", "12"), "a PIN has 4 to 8 digits"),
    ],
)
def test_mistake_is_one_line(ok, refused, arguments, words):
    ok("new", "desk", *STEADY)
    assert words in refused(*arguments)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("press",), "Missing argument 'NAME' (see 'keyfob fob press --help')"),
        (("press", "desk", "--at", "noon"), "ISO 8601"),
        (("press", "desk", "--at", "inf"), "finite"),
        (("press", "desk", "--loud"), "No such option"),
        (("prss", "desk"), "Did you mean 'press'?"),
        (("new", "desk", "--offset-s", "much"), "offset-s"),
        (("new", "desk", "--uri", URI, "--image", "x.png"), "exclude each other"),
    ],
)
def test_mistake_in_the_command_line_is_one_line_and_status_two(refused, arguments, words):
    assert words in refused(*arguments, status=2)


def test_key_is_made_with_the_first_seed_and_needed_from_then_on(ok, refused, home):
    key = home / "keys" / "fob.key"
    ok("new", "desk", *STEADY)
    assert not key.exists()
    ok("new", "pocket", *STEADY, "--uri", URI)
    key.chmod(0o644)
    assert "chmod 600" in refused("press", "pocket")
    key.unlink()
    assert "restore it" in refused("press", "pocket")
    ok("new", "third", *STEADY, "--uri", URI)
    assert "is sealed with key" in refused("press", "pocket")


def test_no_key_is_made_for_what_comes_to_nothing(ok, refused, home, picture):
    ok("new", "desk", *STEADY)
    assert "choose another name" in refused("new", "desk", "--uri", URI)
    assert "there is no fob" in refused("scan", "pocket", picture)
    assert "scan the QR code" in refused("press", "desk")
    assert not (home / "keys").exists()


def test_key_beside_the_fobs_is_refused(refused, home):
    key = home / "fobs" / "fob.key"
    assert "choose another directory" in refused("new", "desk", "--uri", URI, "--fob-key", key)
    assert not (home / "fobs").exists()


def test_table_cannot_steer_the_terminal(ok):
    ok("new", "desk", *STEADY, "--uri", "otpauth://totp/%5Bred%5Dx?secret=" + Seed(SECRET).to_base32())
    assert "[red]x" in ok("list")


def test_nothing_written_or_said_tells_the_seed(run, home, picture):
    said = ""
    for arguments in (
        ("new", "desk", *STEADY, "--uri", URI),
        ("new", "pocket", "--image", picture),
        ("new", "blank"),
        ("scan", "blank", picture),
        ("scan", "blank", picture),
        ("press", "desk"),
        ("show", "desk"),
        ("show", "desk", "--json"),
        ("list", "--json"),
        ("reset", "blank"),
        ("new", "bad", "--uri", URI + "&digits=77"),
    ):
        said += "".join(map(str, run(*arguments)))
    written = [
        file.read_bytes().decode("latin-1")
        for directory in ("fobs", "keys")
        for file in (home / directory).iterdir()
    ]
    assert len(written) == 5
    assert not any(tells(text, SECRET) for text in [said, *written])
