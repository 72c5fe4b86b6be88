"""The real application, and people at browsers without a screen."""

import re

import httpx
import pytest

from asgi_clients import RunningApp
from keyfob_verifier.api.app import create_app
from keyfob_verifier.service import lifecycle
from keyfob_verifier.service.installation import DEFAULT_TENANT
from people_samples import CHEAP, PASSWORD, add_person

ORIGIN = "http://keyfob.test"


@pytest.fixture
def database_url(tmp_path):
    """One kind is enough here: pages know nothing of databases."""
    return f"sqlite:///{tmp_path}/data/verifier.db"


@pytest.fixture
def running(context):
    app = create_app(context)
    app.state.desk.passwords = CHEAP
    with RunningApp(app) as running:
        yield running


class Browser:
    """Keeps cookies, follows redirects, and sends forms as the pages of this server have them."""

    def __init__(self, running, origin=ORIGIN):
        self._running = running
        transport = httpx.ASGITransport(running.app, raise_app_exceptions=False, client=("192.0.2.7", 50_000))
        self.http = httpx.AsyncClient(transport=transport, base_url=origin)
        self.origin = origin

    def ask(self, method, path, *, follow=True, **content):
        return self._running.run(self.http.request(method, path, follow_redirects=follow, **content))

    def get(self, path, **content):
        return self.ask("GET", f"/console{path}", **content)

    def send(self, path, fields, *, headers=None, follow=True):
        sent = {"Origin": self.origin} if headers is None else headers
        return self.ask("POST", f"/console{path}", data=fields, headers=sent, follow=follow)

    def form_token(self):
        return re.search(r'name="form_token" value="([0-9a-f]{64})"', self.get("/my-token").text)[1]

    def send_own(self, path, **fields):
        """Sends a form with this session's token in it."""
        return self.send(path, fields | {"form_token": self.form_token()})

    def close(self):
        self._running.run(self.http.aclose())


@pytest.fixture
def open_browser(running):
    opened = []

    def open_browser(origin=ORIGIN):
        opened.append(Browser(running, origin))
        return opened[-1]

    yield open_browser
    for browser in opened:
        browser.close()


@pytest.fixture
def browser(open_browser):
    return open_browser()


@pytest.fixture
def active(context, hold):
    """Enrols and activates a token; its fob."""

    def active(**wanted):
        held = hold(**wanted)
        lifecycle.activate(context, DEFAULT_TENANT, "tester", held.serial, held.code())
        return held

    return active


class Somebody:
    """A person with their fob, who signs in at a browser."""

    def __init__(self, fob, name, browser):
        self.fob, self.name, self.browser = fob, name, browser

    def typed(self, **instead):
        return {
            "tenant_id": DEFAULT_TENANT,
            "name": self.name,
            "password": PASSWORD,
            "code": self.fob.code(),
        } | instead

    def sign_in(self, **instead):
        return self.browser.send("/sign-in", self.typed(**instead))


@pytest.fixture
def person(context, clock, active, open_browser):
    """Enters somebody with a role and a fob."""

    def person(role="admin", name="alice"):
        fob = active(serial=f"KF-{name.upper()}", account=f"{name}@example.org")
        clock.advance(seconds=60)
        add_person(context, fob.serial, name, role)
        return Somebody(fob, name, open_browser())

    return person


@pytest.fixture
def signed_in(person, clock):
    """Enters somebody who signs in at once, and gives them a minute."""

    def signed_in(role="admin", name="alice"):
        somebody = person(role, name)
        assert "Overview" in somebody.sign_in().text
        clock.advance(seconds=60)
        return somebody

    return signed_in
