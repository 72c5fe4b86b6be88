"""The real application over a real database, asked in this process; each caller with a key of their own."""

import pytest

from asgi_clients import RunningApp
from keyfob_verifier.access import Caller, Permission
from keyfob_verifier.api.app import create_app
from keyfob_verifier.service.api_keys import NewApiKey, issue_api_key
from keyfob_verifier.service.installation import DEFAULT_TENANT


@pytest.fixture
def database_url(tmp_path):
    """What HTTP adds is the same over every database; what differs is tested below it."""
    return f"sqlite:///{tmp_path}/data/verifier.db"


@pytest.fixture
def running(context):
    """The application, with a test clock's routes too."""
    with RunningApp(create_app(context)) as app:
        yield app


@pytest.fixture
def admin():
    """Whoever may do everything in the first tenant."""
    return Caller(DEFAULT_TENANT, "local:tester", "local", frozenset(Permission))


@pytest.fixture
def new_key(context, admin):
    """Makes an API key of the first tenant."""
    return lambda role="admin", **wanted: issue_api_key(context, admin, NewApiKey("test", role, **wanted))
