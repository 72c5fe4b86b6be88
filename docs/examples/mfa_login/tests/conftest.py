"""A real server on loopback, and a real browser to use it with."""

import os
import shutil
import threading
import time

import pytest
import uvicorn
from mfa_login import create_app
from playwright.sync_api import sync_playwright

LATEST_START_S = 20.0


@pytest.fixture
def server():
    """The application's address."""
    config = uvicorn.Config(create_app(), port=0, log_level="warning", lifespan="off", ws="none")
    running = uvicorn.Server(config)
    thread = threading.Thread(target=running.run)
    thread.start()
    latest = time.monotonic() + LATEST_START_S
    while not running.started:
        assert thread.is_alive(), "the server did not start"
        assert time.monotonic() < latest, "the server did not start in time"
        time.sleep(0.01)
    port = running.servers[0].sockets[0].getsockname()[1]
    yield f"http://127.0.0.1:{port}"
    running.should_exit = True
    thread.join()


@pytest.fixture(scope="session")
def browser():
    """Chromium: the system's where there is one, else Playwright's own."""
    # Chromium has no sandbox for root, whom containers often run tests as; these pages are our own
    arguments = ["--no-sandbox"] if hasattr(os, "geteuid") and os.geteuid() == 0 else []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=arguments)
        yield browser
        browser.close()


@pytest.fixture
def page(browser, server):
    """A tab without cookies."""
    context = browser.new_context(base_url=server)
    context.set_default_timeout(10_000)
    yield context.new_page()
    context.close()
