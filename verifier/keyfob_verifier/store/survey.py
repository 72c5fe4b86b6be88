"""Questions to all the tokens of a tenant at once."""

from sqlalchemy import Connection, func, literal, or_, select

from keyfob_verifier.attempts import Standing, token_subject
from keyfob_verifier.decide.throttle import ThrottleState
from keyfob_verifier.records import Token, TokenStatus
from keyfob_verifier.store.schema import throttles, tokens
from keyfob_verifier.store.tokens import SELECT, token_from_row


class Survey:
    """How many there are, which have a beginning in common, and which are locked; within one transaction."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def count(self, tenant_id: str) -> dict[TokenStatus, int]:
        """How many tokens there are of each status."""
        query = (
            select(tokens.c.status, func.count())
            .where(tokens.c.tenant_id == tenant_id)
            .group_by(tokens.c.status)
        )
        found: dict[str, int] = dict(self._connection.execute(query).all())
        return {status: found.get(status.value, 0) for status in TokenStatus}

    def search(self, tenant_id: str, prefix: str, after: str, limit: int) -> list[Token]:
        """Up to `limit` tokens by serial, those after serial `after` whose serial or account begins with `prefix`.

        Capital letters are as good as small ones.
        """
        begins = (
            func.lower(column).startswith(prefix.lower(), autoescape=True)
            for column in (tokens.c.serial, tokens.c.account)
        )
        query = (
            SELECT.where(tokens.c.tenant_id == tenant_id, tokens.c.serial > after, or_(*begins))
            .order_by(tokens.c.serial)
            .limit(limit)
        )
        return [token_from_row(row) for row in self._connection.execute(query)]

    def spent(self, tenant_id: str, limit: int) -> list[tuple[str, Standing, ThrottleState]]:
        """Up to `limit` active tokens, by serial, whose budget was spent when last it was charged, and that budget."""
        state = (throttles.c[name] for name in ThrottleState._fields)
        query = (
            select(tokens.c.serial, throttles.c.standing, *state)
            .join(throttles, throttles.c.subject == literal(token_subject("")) + tokens.c.id)
            .where(
                tokens.c.tenant_id == tenant_id,
                throttles.c.tenant_id == tenant_id,
                tokens.c.status == TokenStatus.ACTIVE.value,
                throttles.c.budget < 1.0,
            )
            .order_by(throttles.c.at.desc(), tokens.c.serial)
            .limit(limit)
        )
        return [
            (serial, Standing(standing), ThrottleState(*state))
            for serial, standing, *state in self._connection.execute(query)
        ]
