"""What the pages say of what happened."""

from collections.abc import Mapping
from types import MappingProxyType

NOTICES: Mapping[str, str] = MappingProxyType(
    {
        "activated": "The token is active. Its code counts as used.",
        "resynced": "The token's clock was found again. Both codes count as used.",
        "revoked": "The token is revoked.",
        "signed-out": "You are signed out.",
        "session-ended": "Your session is over. Sign in again.",
    }
)
"""What is said once, at the top of the next page."""

REFUSED = "That did not work: wait for the next code, and type what the fob shows then."

REASONS: Mapping[str, str] = MappingProxyType(
    {
        "wrong": "wrong code",
        "replayed": "code was used already",
        "malformed": "not a code",
        "throttled": "too soon after a failure",
        "locked": "too many failures",
        "unknown-token": "no such token",
        "not-active": "token is not active",
        "seed-unusable": "seed cannot be opened",
        "wrong-password": "wrong password",
        "unknown-person": "no such person",
        "disabled": "person is disabled",
    }
)
"""Why something was refused, by the outcome that the record has."""
