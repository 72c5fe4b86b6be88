"""People and their sessions as rows."""

from dataclasses import asdict, fields
from typing import Any

from sqlalchemy import Connection, Row, delete, insert, select, update
from sqlalchemy.exc import IntegrityError

from keyfob_verifier.people import Person, Session
from keyfob_verifier.people_errors import PersonExistsError, PersonNotFoundError
from keyfob_verifier.records import TokenStatus
from keyfob_verifier.store.schema import people, sessions, tokens

_PEOPLE = select(people, tokens.c.serial).join(tokens, people.c.token_id == tokens.c.id)
_OF_A_PERSON = tuple(field.name for field in fields(Person))
_OF_A_SESSION = tuple(field.name for field in fields(Session))


class People:
    """The people of a database, within one transaction."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def add(self, person: Person) -> None:
        """Adds a person.

        Raises:
            PersonExistsError: their tenant has one of that name.
        """
        row = asdict(person)
        del row["serial"]
        try:
            self._connection.execute(insert(people), row)
        except IntegrityError:
            raise PersonExistsError(person.name) from None

    def find(self, tenant_id: str, name: str) -> Person | None:
        """The person of this name, if there is one."""
        return self._first(people.c.tenant_id == tenant_id, people.c.name == name)

    def lock(self, tenant_id: str, name: str) -> Person:
        """The person of this name, kept from other writers until the transaction ends.

        Raises:
            PersonNotFoundError: there is none.
        """
        wanted = _PEOPLE.where(people.c.tenant_id == tenant_id, people.c.name == name)
        row = self._connection.execute(wanted.with_for_update(of=people)).first()
        if row is None:
            raise PersonNotFoundError(name)
        return _to_person(row)

    def holder(self, token_id: str) -> Person | None:
        """The person whose token it is, if it is anybody's who may sign in."""
        return self._first(people.c.token_id == token_id, people.c.disabled_at.is_(None))

    def all(self, tenant_id: str) -> list[Person]:
        """Everybody of a tenant, by name."""
        rows = self._connection.execute(
            _PEOPLE.where(people.c.tenant_id == tenant_id).order_by(people.c.name)
        )
        return [_to_person(row) for row in rows]

    def disable(self, person: Person, at: float) -> None:
        """Keeps since when somebody may not sign in any more."""
        self._set(person, disabled_at=at)

    def change_password(self, person: Person, password_hash: str) -> None:
        """Keeps another password's hash."""
        self._set(person, password_hash=password_hash)

    def _set(self, person: Person, **values: object) -> None:
        self._connection.execute(update(people).where(people.c.id == person.id).values(**values))

    def _first(self, *conditions: Any) -> Person | None:
        row = self._connection.execute(_PEOPLE.where(*conditions)).first()
        return None if row is None else _to_person(row)


class Sessions:
    """The sessions of a database, within one transaction."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def add(self, session: Session) -> None:
        """Adds a session."""
        self._connection.execute(insert(sessions), asdict(session))

    def find(self, secret_sha256: bytes) -> tuple[Session, Person] | None:
        """A session and whose it is, as long as they may sign in and their token is active."""
        found = self._connection.execute(
            select(sessions).where(sessions.c.secret_sha256 == secret_sha256)
        ).first()
        if found is None:
            return None
        holder = self._connection.execute(
            _PEOPLE.where(
                people.c.id == found.person_id,
                people.c.disabled_at.is_(None),
                tokens.c.status == TokenStatus.ACTIVE.value,
            )
        ).first()
        return None if holder is None else (_to_session(found), _to_person(holder))

    def seen(self, secret_sha256: bytes, at: float) -> None:
        """Keeps when a session was last used."""
        self._connection.execute(
            update(sessions).where(sessions.c.secret_sha256 == secret_sha256).values(seen_at=at)
        )

    def end(self, secret_sha256: bytes) -> None:
        """Forgets a session, if there is one."""
        self._connection.execute(delete(sessions).where(sessions.c.secret_sha256 == secret_sha256))

    def end_all_of(self, person_id: str) -> None:
        """Forgets every session of a person."""
        self._connection.execute(delete(sessions).where(sessions.c.person_id == person_id))

    def forget_expired(self, at: float) -> None:
        """Forgets the sessions that were to end by then."""
        self._connection.execute(delete(sessions).where(sessions.c.expires_at <= at))


def _to_person(row: Row[Any]) -> Person:
    return Person(**{name: getattr(row, name) for name in _OF_A_PERSON})


def _to_session(row: Row[Any]) -> Session:
    kept = {name: getattr(row, name) for name in _OF_A_SESSION}
    return Session(**kept | {"secret_sha256": bytes(row.secret_sha256)})
