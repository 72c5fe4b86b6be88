"""Telling a spray from the failures of every day: a few guesses each at many tokens of a tenant."""

from collections import OrderedDict
from typing import NamedTuple

MOST_TENANTS = 1024


class SprayRule(NamedTuple):
    """When failures are a spray.

    Attributes:
        tokens: at so many different tokens.
        within_s: no further apart than this.
    """

    tokens: int = 50
    within_s: float = 600.0


class SprayWatch:
    """Counts the tokens with failures of each tenant, within a window that slides.

    Of a tenant it remembers the newest `rule.tokens` failing tokens, which is all that the question needs; of
    tenants those `MOST_TENANTS` that failed last.

    Args:
        rule: when failures are a spray.
    """

    def __init__(self, rule: SprayRule = SprayRule()) -> None:  # noqa: B008  immutable
        self._rule = rule
        self._failing: OrderedDict[str, OrderedDict[str, float]] = OrderedDict()
        self._alarmed: set[str] = set()

    def failed(self, tenant_id: str, serial: str, at: float) -> bool:
        """Takes note of a failure.

        Args:
            tenant_id: the tenant.
            serial: the token, as the caller named it: a spray may well name some that do not exist.
            at: seconds, by a clock that does not jump.

        Returns:
            Whether a spray begins with it.
        """
        was_spray = tenant_id in self._alarmed and self._is_spray(tenant_id, at)
        failing = self._failing.setdefault(tenant_id, OrderedDict())
        self._failing.move_to_end(tenant_id)
        failing[serial] = at
        failing.move_to_end(serial)
        if len(failing) > self._rule.tokens:
            failing.popitem(last=False)
        if len(self._failing) > MOST_TENANTS:
            forgotten, _ = self._failing.popitem(last=False)
            self._alarmed.discard(forgotten)
        if not self._is_spray(tenant_id, at):
            self._alarmed.discard(tenant_id)
            return False
        self._alarmed.add(tenant_id)
        return not was_spray

    def sprayed(self, at: float) -> int:
        """How many tenants are sprayed at `at`."""
        return sum(self._is_spray(tenant_id, at) for tenant_id in tuple(self._alarmed))

    def _is_spray(self, tenant_id: str, at: float) -> bool:
        failing = self._failing[tenant_id]
        if len(failing) < self._rule.tokens:
            return False
        oldest = next(iter(failing.values()))
        return at - oldest <= self._rule.within_s
