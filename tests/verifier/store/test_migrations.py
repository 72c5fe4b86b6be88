import subprocess
import sys

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from sqlalchemy import inspect, text

from databases import connected
from keyfob_verifier.errors import UnknownSchemaError
from keyfob_verifier.records import SupportState
from keyfob_verifier.service import support
from keyfob_verifier.service.installation import DEFAULT_TENANT
from keyfob_verifier.store import migrate
from keyfob_verifier.store.database import open_database
from keyfob_verifier.store.schema import metadata
from support_samples import report_of

OPENING = """
import sys
from keyfob_verifier.store.database import open_database
print("ready", flush=True)
sys.stdin.readline()
open_database(sys.argv[1]).close()
"""


def take_back(url, revision):
    """Gives a database an older schema, as an older keyfob made it."""
    with connected(url) as connection:
        config = Config()
        config.set_main_option("script_location", str(migrate._HERE))
        config.attributes["connection"] = connection
        command.downgrade(config, revision)


@pytest.fixture
def old_database(database_url, context, hold):
    """A database of the first schema, with a token in it."""
    hold(serial="KF-1")
    context.store.close()
    take_back(database_url, "0001")
    return database_url


def is_present(url):
    with connected(url) as connection:
        return compare_metadata(MigrationContext.configure(connection), metadata) == []


def test_older_database_is_brought_to_the_present_schema_as_it_opens(old_database, context):
    assert not is_present(old_database)
    store = open_database(old_database)
    assert is_present(old_database)
    with store.read() as transaction:
        assert transaction.tokens.get(DEFAULT_TENANT, "KF-1").account == "alice"
    store.close()
    case = support.add(context, DEFAULT_TENANT, "tester", "KF-1", report_of("KF-1"))
    assert case.record.state is SupportState.OPEN


def test_of_several_that_open_an_older_database_at_once_one_upgrades_it(old_database):
    pipes = dict.fromkeys(("stdin", "stdout", "stderr"), subprocess.PIPE)
    command_line = [sys.executable, "-c", OPENING, old_database]
    processes = [subprocess.Popen(command_line, text=True, **pipes) for _ in range(3)]
    for process in processes:
        assert process.stdout.readline() == "ready\n"
    for process in processes:
        process.stdin.write("go\n")
        process.stdin.flush()
    assert [process.communicate()[1] for process in processes] == [""] * 3
    assert is_present(old_database)


def test_newer_database_is_left_alone(database_url, api_key):
    with connected(database_url) as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(UnknownSchemaError):
        open_database(database_url)


def test_every_migration_can_be_taken_back(database_url, api_key):
    take_back(database_url, "base")
    with connected(database_url) as connection:
        assert inspect(connection).get_table_names() == ["alembic_version"]
