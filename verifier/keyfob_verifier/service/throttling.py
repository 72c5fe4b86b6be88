"""The budgets that a batch of attempts draws on: read at once, kept in step with each attempt, written at once."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import NamedTuple

from keyfob_verifier.attempts import (
    Failures,
    Standing,
    ThrottleKey,
    digest,
    nobody_subject,
    source_subject,
    token_subject,
    user_subject,
)
from keyfob_verifier.decide.throttle import Throttle, ThrottleState
from keyfob_verifier.records import Token
from keyfob_verifier.service.context import Context
from keyfob_verifier.service.outcome import Reason
from keyfob_verifier.store.database import Transaction

MOST_SOURCES = 8
"""How many sources of a token are remembered, the newest ones."""
SEEN_AGAIN_S = 86_400.0
"""How old the memory of a source becomes before it is refreshed."""
FORGOTTEN_AT_ONCE = 10
"""How many old rows are deleted where new ones are written."""


class Subjects(NamedTuple):
    """Whom an attempt is charged to.

    Attributes:
        token: the token, or a serial that is no active token's.
        user: whoever has the token.
        source: where the attempt comes from, if the caller says so.
        token_id: the token's id; empty where there is no active token.
        source_sha256: the source as it is remembered of tokens.
    """

    token: str
    user: str
    source: str | None = None
    token_id: str = ""
    source_sha256: bytes = b""


def subjects_of(tenant_id: str, serial: str, token: Token | None, source: str | None) -> Subjects:
    """Whom an attempt at `serial` is charged to; `token` is None where nothing could make it succeed.

    Such an attempt is charged like any other, so that it cannot be told by the work it makes. A token without an
    account is its own user.
    """
    if token is None:
        subject = nobody_subject(tenant_id, serial)
        subjects = Subjects(subject, f"{subject}'s user")
    elif token.account:
        subjects = Subjects(
            token_subject(token.id), user_subject(tenant_id, token.account), token_id=token.id
        )
    else:
        subjects = Subjects(token_subject(token.id), f"user:{token.id}", token_id=token.id)
    if source is None:
        return subjects
    return subjects._replace(
        source=source_subject(tenant_id, source), source_sha256=digest("source", tenant_id, source)
    )


@dataclass(slots=True)
class Gate:
    """Whether a code may be compared now.

    Attributes:
        subjects: whom the attempt is charged to.
        standing: whose failures count for it.
        at: the time by a clock that does not jump.
        wait_s: how long to wait before; 0 where it may be compared now.
        is_locked: whether that is because a token's or a user's budget is spent.
        last_wrong: the last wrong code of the token, sealed.
        refused_at: when the last attempt at it was refused.
    """

    subjects: Subjects
    standing: Standing
    at: float
    wait_s: float = 0.0
    is_locked: bool = False
    last_wrong: bytes | None = None
    refused_at: float | None = None

    @property
    def reason(self) -> Reason:
        """Why it is to wait."""
        return Reason.LOCKED if self.is_locked else Reason.THROTTLED


class Throttling:
    """The budgets of one tenant's subjects, within one transaction that has locked the tokens.

    Args:
        context: the limits.
        transaction: where they are read and written.
        tenant_id: the tenant.
        subjects: all that will be asked about.
    """

    def __init__(
        self, context: Context, transaction: Transaction, tenant_id: str, subjects: Collection[Subjects]
    ) -> None:
        self._limits, self._source_limits = context.throttle, context.source_throttle
        self._transaction, self._tenant_id = transaction, tenant_id
        self._sources: dict[str, dict[bytes, float]] = {}
        if any(each.source for each in subjects):
            token_ids = {each.token_id for each in subjects if each.source}
            self._sources = transaction.known_sources.of(tenant_id, token_ids)
        named = {name for each in subjects for name in each[:3] if name is not None}
        self._rows = transaction.throttles.lock(tenant_id, named)
        self._changes: dict[ThrottleKey, Failures] = {}
        self._newly_seen: set[str] = set()

    def gate(self, subjects: Subjects, at: float) -> Gate:
        """Whether an attempt may be compared, after all that the attempts before it have changed."""
        is_known = subjects.source is not None and subjects.source_sha256 in self._sources[subjects.token_id]
        gate = Gate(subjects, Standing.KNOWN if is_known else Standing.UNKNOWN, at)
        if not self._rows:
            return gate
        for key, limits in self._charged(gate):
            failures = self._rows.get(key)
            if failures is None:
                continue
            if failures.state.at > at:
                failures = self._rebased(key, failures, limits, at)
            wait_s = limits.wait_s(failures.state, at)
            if wait_s > 0.0:
                gate.wait_s = max(gate.wait_s, wait_s)
                gate.is_locked |= limits is self._limits and limits.is_locked(failures.state, at)
            if key.subject == subjects.token:
                gate.last_wrong, gate.refused_at = failures.last_wrong, failures.refused_at
        return gate

    def failed(self, gate: Gate, last_wrong: bytes | None) -> None:
        """Charges an attempt that was compared and refused; `last_wrong` is what to remember of it, sealed."""
        for key, limits in self._charged(gate):
            known = self._rows.get(key)
            state = limits.fresh(gate.at) if known is None else known.state
            self._change(key, known, limits.failed(state, gate.at))
        self._refused(gate, last_wrong)

    def left_alone(self, gate: Gate) -> None:
        """Takes note of an attempt that was not compared. It costs nothing, and is as much to write as one that does."""
        for key, limits in self._charged(gate):
            known = self._rows.get(key)
            self._change(key, known, limits.fresh(gate.at) if known is None else known.state)
        self._refused(gate, gate.last_wrong)

    def succeeded(self, gate: Gate) -> None:
        """Ends the back-off of a token and its user after a success."""
        if not self._rows:
            return
        for key, limits in self._charged(gate):
            known = self._rows.get(key)
            if limits is self._limits and known is not None and known.state.streak:
                forgiven = Failures(limits.succeeded(known.state, gate.at), known.version)
                self._rows[key] = self._changes[key] = forgiven

    def remember_source(self, gate: Gate) -> None:
        """Remembers that a token was used from where a successful attempt came from, if that is said."""
        if gate.subjects.source is None:
            return
        token_id, source = gate.subjects.token_id, gate.subjects.source_sha256
        known = self._sources[token_id]
        if source in known and 0.0 <= gate.at - known[source] < SEEN_AGAIN_S:
            return
        known[source] = gate.at
        newest = sorted(known, key=known.__getitem__, reverse=True)[:MOST_SOURCES]
        self._sources[token_id] = {each: known[each] for each in newest}
        self._newly_seen.add(token_id)

    def write(self, at: float) -> None:
        """Writes what changed.

        Raises:
            StaleRowError: somebody else was quicker.
        """
        if self._changes:
            self._transaction.throttles.write(self._tenant_id, self._changes)
            rest_s = max(self._limits.rest_s, self._source_limits.rest_s)
            self._transaction.throttles.forget(self._tenant_id, at - rest_s, FORGOTTEN_AT_ONCE)
        for token_id in sorted(self._newly_seen):
            self._transaction.known_sources.write(self._tenant_id, token_id, self._sources[token_id])

    def _charged(self, gate: Gate) -> list[tuple[ThrottleKey, Throttle]]:
        subjects, standing = gate.subjects, gate.standing
        charged = [
            (ThrottleKey(subjects.token, standing), self._limits),
            (ThrottleKey(subjects.user, standing), self._limits),
        ]
        if subjects.source is not None and standing is Standing.UNKNOWN:
            charged.append((ThrottleKey(subjects.source, standing), self._source_limits))
        return charged

    def _rebased(self, key: ThrottleKey, failures: Failures, limits: Throttle, at: float) -> Failures:
        return self._change(key, failures, limits.rebased(failures.state, at))

    def _change(self, key: ThrottleKey, known: Failures | None, state: ThrottleState) -> Failures:
        version, last_wrong, refused_at = 0, None, None
        if known is not None:
            version, last_wrong, refused_at = known.version, known.last_wrong, known.refused_at
        changed = Failures(state, version, last_wrong, refused_at)
        self._rows[key] = self._changes[key] = changed
        return changed

    def _refused(self, gate: Gate, last_wrong: bytes | None) -> None:
        key = ThrottleKey(gate.subjects.token, gate.standing)
        now = self._rows[key]
        self._rows[key] = self._changes[key] = Failures(now.state, now.version, last_wrong, gate.at)
