"""What the pages say of what happened."""

from collections.abc import Mapping
from types import MappingProxyType

NOTICES: Mapping[str, str] = MappingProxyType(
    {
        "activated": "The token is active. Its code counts as used.",
        "resynced": "The token's clock or counter was found again. Both codes count as used.",
        "revoked": "The token is revoked.",
        "signed-out": "You are signed out.",
        "session-ended": "Your session is over. Sign in again.",
    }
)
"""What is said once, at the top of the next page."""

REFUSED = "That did not work: wait for the next code, and type what the fob shows then."

REASONS: Mapping[str, str] = MappingProxyType(
    {
        "accepted-as-pair": "accepted as a pair with the code before it",
        "wrong": "wrong code",
        "wrong-as-pair": "wrong code, also with the one before it",
        "replayed": "code was used already",
        "malformed": "not a code",
        "throttled": "too soon after a failure",
        "locked": "too many failures",
        "unknown-token": "no such token",
        "not-active": "token is not active",
        "question-unusable": "no question that the token answers, or one to a token that answers none",
        "question-not-open": "question was not asked, or is over",
        "seed-unusable": "seed cannot be opened",
        "wrong-password": "wrong password",
        "unknown-person": "no such person",
        "disabled": "person is disabled",
    }
)
"""What the outcomes of the record mean, as far as the word itself does not say it."""
