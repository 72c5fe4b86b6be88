"""Who may speak to a bench."""

import re
import sys
from pathlib import Path

import httpx
import pytest

from keyfob.cli import main
from keyfob_firmware.bench.errors import BenchFileInaccessibleError, InvalidApiKeyError
from keyfob_firmware.bench.guard import is_loopback, read_api_key

FILE_KEY = "a-key-of-somebodys-own-choice"


def bearer(key):
    return {"Authorization": f"Bearer {key}"}


def status(bench, **headers):
    return bench.http.get("/time", headers=headers).status_code


def test_loopback_wants_no_key(bench):
    assert status(bench) == 200
    assert len(bench.said) == 1


@pytest.mark.parametrize("host", ["localhost:8200", "127.0.0.1", "127.1.2.3:80", "[::1]:8200"])
def test_loopback_answers_to_its_own_names(bench, host):
    assert status(bench, Host=host) == 200
    assert status(bench, Host=host, Origin=f"http://{host}") == 200


@pytest.mark.parametrize(
    "host", ["evil.example", "127.0.0.1.evil.example", "localhost.evil.example:8200", "", "[::1", "10.0.0.1"]
)
def test_name_of_another_site_that_points_here_is_refused(bench, host):
    answer = bench.http.get("/time", headers={"Host": host})
    assert answer.status_code in {400, 403}
    if answer.status_code == 403:
        assert answer.json()["type"] == "urn:keyfob:problem:bench-foreign-page"


@pytest.mark.parametrize("origin", ["http://evil.example", "null", "https://localhost", "http://localhost:1"])
def test_form_of_another_site_is_refused_and_does_nothing(bench, origin):
    before = bench.http.get("/time").json()
    answer = bench.http.post("/time/advance", json={"days": 1}, headers={"Origin": origin})
    assert answer.status_code == 403
    assert bench.http.get("/time").json() == before


def test_other_addresses_want_the_key_that_was_shown_once(start_bench):
    with start_bench("--host", "0.0.0.0") as first:
        [key] = [line for line in first.said if line.startswith("kfb_")]
        assert status(first) == status(first, **bearer("kfb_other")) == 401
        assert status(first, Authorization=f"Basic {key}") == status(first, Authorization="Bearer") == 401
        assert first.http.get("/time").headers["www-authenticate"].startswith("Bearer")
        assert status(first, **bearer(key)) == 200
        assert status(first, Host="bench.lan:8200", **bearer(key)) == 200
        assert httpx.get(first.url).status_code == 200  # the page asks for the key, and holds nothing itself
    with start_bench("--host", "0.0.0.0") as second:
        assert len(second.said) == 1
        assert status(second, **bearer(key)) == 200
        assert key.encode() not in second.state.read_bytes()
    with start_bench("--host", "0.0.0.0", "--new-api-key") as third:
        [another] = [line for line in third.said if line.startswith("kfb_")]
        assert (status(third, **bearer(key)), status(third, **bearer(another))) == (401, 200)


def test_key_of_a_file_is_wanted_on_loopback_too(start_bench, tmp_path):
    (tmp_path / "key").write_text(f"{FILE_KEY}\n")
    with start_bench("--api-key-file", str(tmp_path / "key")) as bench:
        assert (status(bench), status(bench, **bearer(FILE_KEY))) == (401, 200)
        for path in ("/fobs", "/fobs/X/display.svg", "/fobs/X"):
            assert bench.http.get(path).status_code == 401


@pytest.mark.parametrize(
    "content", ["", "short", "with blanks in it, though long enough", "x" * 2000, "ä" * 30]
)
def test_unfit_key_file_is_refused(tmp_path, content):
    (tmp_path / "key").write_text(content)
    with pytest.raises(InvalidApiKeyError) as caught:
        read_api_key(tmp_path / "key")
    assert not content or content not in str(caught.value)


def test_missing_key_file_is_told(tmp_path):
    with pytest.raises(BenchFileInaccessibleError):
        read_api_key(tmp_path / "key")


def test_answers_are_neither_stored_nor_framed(bench):
    for answer in (bench.http.get("/time"), bench.http.get("/nothing"), httpx.get(bench.url)):
        assert answer.headers["cache-control"] == "no-store"
        assert answer.headers["x-content-type-options"] == "nosniff"
        policy = answer.headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "frame-ancestors 'none'" in policy
        assert "unsafe" not in policy


def test_page_has_all_that_it_names_and_nothing_of_elsewhere(bench):
    seen, todo = set(), [""]
    while todo:
        name = todo.pop()
        answer = httpx.get(f"{bench.url}/{name}")
        assert answer.status_code == 200, name
        assert not re.search(r"https?://(?!www\.w3\.org)", answer.text), name
        assert not re.search(r"<script(?![^>]* src=)|<style|\sstyle=|\son\w+=", answer.text), name
        seen.add(name)
        named = re.findall(r'(?:src|href)="(page/[^"]+)"', answer.text)
        named += [f"page/{module}" for module in re.findall(r'from "\./([^"]+)"', answer.text)]
        todo += [name for name in named if name not in seen]
    assert {Path(name).suffix for name in seen} == {"", ".css", ".js", ".svg"}
    assert httpx.get(f"{bench.url}/page/..%2fapp.py").status_code == 404
    assert httpx.get(f"{bench.url}/page/app.py").status_code == 404


def test_description_is_drawn_from_here(bench):
    page = httpx.get(f"{bench.url}/docs").text
    for asset in re.findall(r'(?:src|href)="([^"]+)"', page):
        assert httpx.get(f"{bench.url}/{asset}").status_code == 200


@pytest.mark.parametrize(
    ("host", "loopback"),
    [
        ("127.0.0.1", True),
        ("::1", True),
        ("localhost", True),
        ("0.0.0.0", False),
        ("::", False),
        ("example.com", False),
    ],
)
def test_loopback_is_told_from_other_addresses(host, loopback):
    assert is_loopback(host) is loopback


def test_taken_port_is_one_line(bench, tmp_path, capsys):
    port = bench.url.rpartition(":")[2]
    options = [
        "--port",
        port,
        "--state",
        str(tmp_path / "b" / "b.db"),
        "--fob-key",
        str(tmp_path / "k" / "fob.key"),
    ]
    assert main(["fob", "bench", *options]) == 1
    assert "--port" in capsys.readouterr().err


def test_missing_extra_is_named(tmp_path, capsys, monkeypatch):
    for module in [name for name in sys.modules if name.startswith("keyfob_firmware.bench.")]:
        monkeypatch.delitem(sys.modules, module)
    monkeypatch.setitem(sys.modules, "fastapi", None)
    assert main(["fob", "bench", "--state", str(tmp_path / "b.db")]) == 1
    assert "keyfob[server]" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []
