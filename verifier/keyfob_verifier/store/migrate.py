"""The schema's versions: which one a database has, and bringing it to the present one."""

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, text

_HERE = Path(__file__).parent / "migrations"


def current_revision(connection: Connection) -> str | None:
    """The schema version of a database; None where there is no keyfob database."""
    return MigrationContext.configure(connection).get_current_revision()


def known_revisions() -> frozenset[str]:
    """Every schema version that this keyfob knows."""
    return frozenset(script.revision for script in ScriptDirectory(str(_HERE)).walk_revisions())


def is_current(revision: str) -> bool:
    """Whether a schema version is the present one."""
    return revision == ScriptDirectory(str(_HERE)).get_current_head()


def upgrade(connection: Connection) -> None:
    """Brings a database, or an empty one, to the present schema, within the connection's transaction."""
    config = Config()
    config.set_main_option("script_location", str(_HERE).replace("%", "%%"))
    config.attributes["connection"] = connection
    command.upgrade(config, "head")


def mark(connection: Connection, revision: str) -> None:
    """Says that a database without a schema version has this one."""
    context = MigrationContext.configure(connection)
    context.stamp(ScriptDirectory(str(_HERE)), revision)


def unmark(connection: Connection) -> None:
    """Takes the schema version off a database, which then passes for none."""
    connection.execute(text("DROP TABLE alembic_version"))
