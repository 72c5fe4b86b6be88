"""Codes: HOTP (RFC 4226) and TOTP (RFC 6238) as pure functions of a key and a counter or a time."""

import hashlib
import math
import re
import struct
from collections.abc import Callable

from keyfob.errors import CounterRangeError, InvalidSeedError, MalformedCodeError
from keyfob.parameters import Parameters

DEFAULT_PARAMETERS = Parameters()

_WORD = struct.Struct(">I")
_POWERS_OF_TEN = tuple(10**digits for digits in range(11))
_INNER = bytes(byte ^ 0x36 for byte in range(256))
_OUTER = bytes(byte ^ 0x5C for byte in range(256))


def hotp(key: bytes | bytearray, counter: int, parameters: Parameters = DEFAULT_PARAMETERS) -> str:
    """The code of a counter: RFC 4226, section 5.3, with the hash that `parameters` name.

    Args:
        key: the shared secret, one byte or more.
        counter: 0 to 2**64 - 1.
        parameters: only the algorithm and the digits matter here.

    Returns:
        The code as text, leading zeros kept.

    Raises:
        CounterRangeError: the counter does not fit eight bytes.
        InvalidSeedError: the key is empty.
    """
    return codes_of(key, parameters)(counter)


def codes_of(key: bytes | bytearray, parameters: Parameters = DEFAULT_PARAMETERS) -> Callable[[int], str]:
    """What gives the codes of one key by counter, as `hotp` does, with the key's share of the work done once.

    HMAC (RFC 2104) hashes the padded key twice before it sees a message. Both states are kept, as secret as the key
    itself, for as long as what is returned. Each further code then costs less than half of one by `hmac.digest`, which
    moreover lets go of the interpreter's lock every time.

    Args:
        key: the shared secret, one byte or more.
        parameters: only the algorithm and the digits matter here.

    Raises:
        InvalidSeedError: the key is empty.
        CounterRangeError: by what is returned: the counter does not fit eight bytes.
    """
    if not key:
        raise InvalidSeedError("it is empty")
    new, digits = getattr(hashlib, parameters.algorithm.hash_name), parameters.digits
    block_bytes = parameters.algorithm.block_bytes
    padded = (new(key).digest() if len(key) > block_bytes else key).ljust(block_bytes, b"\0")
    inner_keyed, outer_keyed = new(padded.translate(_INNER)), new(padded.translate(_OUTER))
    modulus = _POWERS_OF_TEN[digits]

    def code(counter: int) -> str:
        try:
            message = counter.to_bytes(8, "big")
        except OverflowError:
            raise CounterRangeError(counter) from None
        inner, outer = inner_keyed.copy(), outer_keyed.copy()
        inner.update(message)
        outer.update(inner.digest())
        return str(truncate(outer.digest()) % modulus).zfill(digits)

    return code


def truncate(mac: bytes) -> int:
    """The 31-bit number within an HMAC of 20 bytes or more, where its last byte points (RFC 4226, section 5.3)."""
    word: int = _WORD.unpack_from(mac, mac[-1] & 0x0F)[0]
    return word & 0x7FFF_FFFF


def time_step(at: float, parameters: Parameters = DEFAULT_PARAMETERS) -> int:
    """The number T of the time step that holds Unix time `at` (RFC 6238, section 4.2).

    May be negative, before T0: there is no code for such a step.

    Raises:
        CounterRangeError: `at` is infinite or not a number.
    """
    if not math.isfinite(at):
        raise CounterRangeError(at)
    return (math.floor(at) - parameters.t0_s) // parameters.time_step_s


def totp(key: bytes | bytearray, at: float, parameters: Parameters = DEFAULT_PARAMETERS) -> str:
    """The code at Unix time `at`, in seconds (RFC 6238, section 4).

    Raises:
        CounterRangeError: `at` lies before T0, or too far in the future.
        InvalidSeedError: the key is empty.
    """
    return hotp(key, time_step(at, parameters), parameters)


def parse_code(typed: str, parameters: Parameters = DEFAULT_PARAMETERS) -> str:
    """What a person typed, as a code: ASCII digits only, single spaces between them and outer blanks dropped.

    Raises:
        MalformedCodeError: it cannot be a code of these parameters. It does not repeat what was typed.
    """
    code = typed.strip(" \t\r\n")
    if len(code) > 2 * parameters.digits or not re.fullmatch(r"[0-9]+(?: [0-9]+)*", code):
        raise MalformedCodeError(parameters.digits)
    code = code.replace(" ", "")
    if len(code) != parameters.digits:
        raise MalformedCodeError(parameters.digits)
    return code
