"""Nothing secret leaves the verifier but where it is meant to: not in its log, its metrics or its errors."""

import base64
import json
import sqlite3
import time
from contextlib import closing

import pytest

from keyfob import Parameters, totp
from keyfob.uri import parse_uri
from served import Served

SEED = bytes(range(0x90, 0xA4))
BASE32 = base64.b32encode(SEED).decode()
PARAMETERS = Parameters(digits=10, time_step_s=1)
PASSWORD = "correct horse battery staple 7"
WRONG_PASSWORD = "wrong horse battery staple 8"
WRONG_CODE = "0987654321"
MALFORMED_CODE = "09876x4321"
WRONG_KEY = f"kf_{'0' * 12}_{'5ec7e7' * 10}beef"
SAME_ORIGIN = {"Sec-Fetch-Site": "same-origin"}


def forms_of(secret):
    """How bytes may be written, wherever one would write them; the ends of base64 depend on what stands beside."""
    base32, base64_ = (
        base64.b32encode(secret).decode().rstrip("="),
        base64.b64encode(secret).decode().rstrip("="),
    )
    return {
        secret.hex(),
        secret.hex().upper(),
        base32,
        base32.lower(),
        base64_,
        base64_.replace("+", "-").replace("/", "_"),
        repr(secret)[2:-1],
        secret.decode("latin-1"),
    }


class Diary:
    """Everything that was secret, and every answer that should not tell it."""

    def __init__(self, served):
        self.served = served
        self.secrets = {"WRONG_KEY": {WRONG_KEY, WRONG_KEY.split("_")[2]}}
        self.answers = []
        self.keep("the first API key", served.api_key)

    def keep(self, what, *texts):
        self.secrets.setdefault(what, set()).update(texts)
        for text in texts:
            if text.startswith("kf_"):
                self.secrets[what] |= {text.split("_")[2]} | forms_of(bytes.fromhex(text.split("_")[2]))

    def keep_bytes(self, what, secret):
        self.secrets.setdefault(what, set()).update(forms_of(secret))

    def code_now(self):
        """A new code of the given seed, in a time step that none was asked for in."""
        time.sleep(1.0)
        code = totp(SEED, time.time(), PARAMETERS)
        self.keep("codes", code)
        return code

    def ask(self, method, path, status, *, told=True, **content):
        """One request, and its answer, which is looked through unless it is meant to tell a secret."""
        answer = self.served.http.request(method, path, **content)
        assert answer.status_code == status, (method, path, answer.status_code, answer.text)
        if told:
            self.answers.append(f"{method} {path} {answer.headers} {answer.text}")
        return answer

    def told(self):
        """Which secrets stand where."""
        places = {"log": self.served.output()} | dict(zip(self.answers, self.answers, strict=True))
        return {
            (what, place[:80])
            for what, forms in self.secrets.items()
            for place, text in places.items()
            if any(form in text for form in forms)
        }


def enrol(diary):
    """A token with a given seed, which is activated, and one with a seed that is made."""
    diary.keep_bytes("the given seed", SEED)
    body = {"account": "alice", "serial": "A-1", "seed": BASE32, "digits": 10, "time_step_s": 1}
    assert diary.served.http.post("/v1/tokens", json=body).status_code == 201
    other = diary.served.http.post("/v1/tokens", json={"account": "bob", "serial": "B-1"}).json()
    diary.keep_bytes("the seed that was made", parse_uri(other["uri"]).seed.reveal())
    diary.ask("POST", "/v1/tokens", 409, json=body)
    for wrong in ({"digits": 5}, {"seed": BASE32 + "1"}, {"unheard_of": BASE32}, {"account": "a:b"}):
        diary.ask("POST", "/v1/tokens", 422, json=body | {"serial": "A-2"} | wrong)
    right = diary.code_now()
    diary.ask("POST", "/v1/tokens/A-1/activate", 200, json={"code": right})
    diary.ask("POST", "/v1/validate", 200, json={"serial": "A-1", "code": right})


def sign_in(diary):
    """A person with a password, who gets it right first and then wrong."""
    diary.keep("passwords", PASSWORD, WRONG_PASSWORD)
    file = diary.served.directory / "password"
    file.write_text(PASSWORD)
    named = ("--token", "A-1", "--role", "auditor", "--password-file", str(file))
    diary.served.keyfob("person", "add", "alice", *named)
    file.unlink()
    time.sleep(2.0)
    typed = {"name": "alice", "password": PASSWORD, "code": diary.code_now()}
    answer = diary.ask("POST", "/v1/session", 201, json=typed, headers=SAME_ORIGIN, told=False)
    secret = answer.cookies["keyfob_session"]
    diary.keep("the session", secret)
    diary.served.http.cookies.clear()
    with_cookie = diary.served.http.build_request(
        "GET", "/v1/audit", headers={"Cookie": f"keyfob_session={secret}"}
    )
    del with_cookie.headers["authorization"]
    assert diary.served.http.send(with_cookie).status_code == 200
    wrong = typed | {"password": WRONG_PASSWORD}
    diary.ask("POST", "/v1/session", 401, json=wrong, headers=SAME_ORIGIN)
    diary.ask("POST", "/v1/session", 422, json=typed | {"more": PASSWORD}, headers=SAME_ORIGIN)
    diary.ask("POST", "/v1/session", 422, json=typed | {"password": [PASSWORD]}, headers=SAME_ORIGIN)
    diary.ask("POST", "/v1/session", 422, content=json.dumps(typed)[:-1], headers=SAME_ORIGIN)


def mistype(diary):
    """All that callers get wrong."""
    right = diary.code_now()
    diary.keep("codes", WRONG_CODE, MALFORMED_CODE)
    diary.ask("POST", "/v1/validate", 200, json={"serial": "NOBODY", "code": right})
    for wrong in (
        {"code": MALFORMED_CODE},
        {"code": [right]},
        {"serial": right + "/"},
        {"hint": WRONG_PASSWORD},
    ):
        diary.ask("POST", "/v1/validate", 422, json={"serial": "A-1", "code": right} | wrong)
    for content in (f'{{"code": "{right}"', f'"{BASE32}', f'{{"code": "{right}"}}\xff', BASE32):
        sent = {"content": content.encode("latin-1"), "headers": {"Content-Type": "application/json"}}
        diary.ask("POST", "/v1/validate", 422, **sent)
        diary.ask("POST", "/v1/tokens", 422, **sent)
    for status in (200, 429):
        diary.ask("POST", "/v1/validate", status, json={"serial": "A-1", "code": WRONG_CODE})
    codes = {"first_code": WRONG_CODE, "second_code": right}
    diary.ask("POST", "/v1/tokens/B-1/resync", 409, json=codes)


def present_keys(diary):
    """Wrong keys, keys in wrong places, and a new one."""
    made = diary.served.http.post("/v1/api-keys", json={"name": "x", "role": "validator"}).json()
    diary.keep("another API key", made["api_key"])
    for authorization, status in (
        (f"Bearer {WRONG_KEY}", 401),
        (f"Basic {base64.b64encode(f'me:{WRONG_KEY}'.encode()).decode()}", 401),
        (f"Bearer {diary.served.api_key}x", 401),
        (f"Token {diary.served.api_key}", 401),
        (f"Bearer {made['api_key']}", 403),
    ):
        diary.ask("GET", "/v1/tokens", status, headers={"Authorization": authorization})
    diary.ask("GET", "/v1/tokens", 422, params={"after": "/" + diary.served.api_key})
    diary.ask("GET", "/v1/api-keys", 200)


def break_things(diary):
    """Rows that somebody altered, and a table that is gone."""
    database = diary.served.directory / "data" / "verifier.db"

    def execute(statement):
        with closing(sqlite3.connect(database)) as connection, connection:
            connection.execute(statement)

    body = {"serial": "A-1", "code": diary.code_now()}
    execute("UPDATE tokens SET drift_at = 'x' WHERE serial = 'A-1'")
    diary.ask("GET", "/v1/tokens/A-1", 500)
    execute("UPDATE tokens SET drift_at = 0, digits = 99 WHERE serial = 'A-1'")
    diary.ask("GET", "/v1/tokens", 500)
    diary.ask("POST", "/v1/validate", 500, json=body)
    execute("ALTER TABLE tokens RENAME TO gone")
    diary.ask("POST", "/v1/validate", 503, json=body)
    diary.ask("POST", "/v1/tokens", 503, json={"account": "a", "seed": BASE32})


@pytest.fixture(scope="module")
def diary(tmp_path_factory):
    with Served(tmp_path_factory.mktemp("secrets"), "--log-level", "debug") as served:
        diary = Diary(served)
        kek = json.loads((served.directory / "keys" / "kek.key").read_text())
        diary.keep_bytes("the key-encryption key", base64.b64decode(kek["key"]))
        enrol(diary)
        sign_in(diary)
        mistype(diary)
        present_keys(diary)
        diary.ask("GET", "/metrics", 200)
        diary.ask("GET", "/v1/tokens", 200)
        diary.ask("GET", "/v1/audit?limit=1000", 200)
        break_things(diary)
        diary.ask("GET", "/metrics", 200)
    return diary


def test_nothing_secret_is_told(diary):
    assert len(diary.secrets) >= 8
    assert diary.told() == set()


def test_log_was_talkative_and_knows_of_the_faults(diary):
    log = diary.served.output()
    assert '"level": "error"' in log
    assert "fault" in log
    assert "storage unavailable" in log


def test_search_would_find_what_is_told(diary):
    """Each secret, told in each of its forms."""
    for what, forms in diary.secrets.items():
        for form in forms:
            diary.answers.append(f"GET /nowhere {form}")
            assert {told for told, _ in diary.told()} == {what}, form
            diary.answers.pop()
