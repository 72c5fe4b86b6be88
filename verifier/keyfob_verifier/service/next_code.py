"""Next-code mode: a wrong code is remembered for a moment, and tried as a pair with the one that follows it.

Nobody can tell from an answer, nor from how long it takes, whether the remembered code was right but out of the window.
"""

import secrets
from collections.abc import Callable

from keyfob.errors import UnsealError
from keyfob_verifier.records import Token
from keyfob_verifier.service.context import Context
from keyfob_verifier.service.throttling import Gate

NEXT_CODE_STEPS = 200
"""How far beyond the window a pair is searched at most, either way."""
KEPT_STEPS = 2
"""For how many time steps a wrong code is remembered."""

_NONCE_BYTES = 12
_PURPOSE = "keyfob last wrong code 1"


def pair_is_due(context: Context, gate: Gate, time_step_s: float) -> bool:
    """Whether the work of a pair search is to be done for an attempt, be there a pair to search for or not.

    It depends on nothing but the times of the attempts, and those are the caller's own. Of attempts that come
    quicker than any back-off allows, only the first is worth it.
    """
    if not context.next_code or gate.refused_at is None:
        return False
    return context.throttle.backoff_s <= gate.at - gate.refused_at <= KEPT_STEPS * time_step_s


def seal_code(
    context: Context,
    token: Token,
    code: str,
    at: float,
    random_bytes: Callable[[int], bytes] = secrets.token_bytes,
) -> bytes:
    """A code and its time under the token's data key, bound to the tenant, the token and this purpose.

    Raises:
        UnsealError: there is no such key.
    """
    key = context.keyring.opening(token.data_key_id)
    key_id, nonce = key.key_id.encode(), random_bytes(_NONCE_BYTES)
    sealed = key.encrypt(f"{code}@{at!r}".encode(), _associated_data(token, key.key_id), nonce)
    return bytes([len(key_id)]) + key_id + nonce + sealed


def kept_code(context: Context, token: Token, gate: Gate) -> str | None:
    """The wrong code that is remembered of a token; None where there is none that is new enough, or that opens."""
    sealed = gate.last_wrong
    if sealed is None:
        return None
    nonce_at = 1 + int.from_bytes(sealed[:1], "big")
    text_at = nonce_at + _NONCE_BYTES
    key_id = sealed[1:nonce_at].decode(errors="replace")
    try:
        key = context.keyring.opening(key_id)
        opened = key.decrypt(sealed[text_at:], _associated_data(token, key_id), sealed[nonce_at:text_at])
    except UnsealError:
        return None
    code, _, at = opened.decode().partition("@")
    is_new = 0.0 <= gate.at - float(at) <= KEPT_STEPS * token.parameters.time_step_s
    return code if is_new else None


def _associated_data(token: Token, key_id: str) -> bytes:
    fields = (field.encode() for field in (_PURPOSE, key_id, token.tenant_id, token.id))
    return b"".join(len(field).to_bytes(4, "big") + field for field in fields)
