"""otpauth:// URIs: what carries a new credential to a fob or an authenticator app.

The format is Google's "Key Uri Format". Where its readers differ, keyfob refuses instead of guessing:

- The issuer before the label's colon and the `issuer` parameter must be equal.
- The label's one separator is `:` or `%3A`; a second colon is an error, since no name may contain one.
- In a path `+` is a plus. In a query some writers mean a space by it, so in `issuer` it is accepted only where the
  label tells which, and in `secret`, whose alphabet has no plus, it is a space.
- No parameter may stand twice, and the known ones are spelled in lower case.

What every reader understands alike is accepted: parameters that are unknown or say nothing of the type (ignored:
`image`; `counter` of a time-based credential, `period` of a counter-based one), unencoded
spaces and letters beyond ASCII, blanks round a name or round the whole, base32 in any case, grouped or padded, and
SHA-1, HmacSHA256 and the like for the three algorithms.

Such a URI is a secret. No error here repeats any of it.
"""

import re
import unicodedata
from dataclasses import dataclass
from urllib.parse import quote, unquote_to_bytes

from keyfob.codes import DEFAULT_PARAMETERS
from keyfob.errors import CounterBasedUriError, InvalidParametersError, InvalidSeedError, InvalidUriError
from keyfob.parameters import Algorithm, Parameters
from keyfob.seed import Seed

MAX_URI_CHARACTERS = 2953
"""What the largest QR code holds (ISO/IEC 18004, version 40, level L)."""

MAX_NAME_BYTES = 200
"""The longest issuer or account in UTF-8. With the longest seed they still make a URI that fits a QR code."""

WHOLE_NUMBER = re.compile(r"0|[1-9][0-9]{0,19}")
"""A whole number without a sign or leading zeros, as files and URIs spell one."""

LAST_COUNTER = 2**64 - 1
"""RFC 4226, section 5.1: a counter has eight bytes."""

_BLANKS = " \t\r\n"
_KNOWN = {"secret", "issuer", "algorithm", "digits", "period", "counter"}
_UNPRINTABLE = {"Cc", "Cs", "Zl", "Zp"}
_DIRECTION_OVERRIDES = set("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


@dataclass(frozen=True, slots=True)
class Provisioning:
    """What an otpauth URI carries. Whatever can be constructed can be written as one, and read back as it was.

    Attributes:
        seed: the open secret; wipe it when the credential is where it belongs.
        account: whose credential it is, to people: 1 to 200 bytes of UTF-8 without colon, control or
            direction-override characters, with no blank at either end.
        issuer: who accepts its codes, likewise; or None.
        parameters: with T0 = 0, as the format has no place for another; with a counter, with the default time step.
        counter: of a counter-based credential (RFC 4226), the one that its next code is for, 0 to 2**64 - 1; None:
            it is time-based.

    Raises:
        InvalidUriError: a name, the parameters or the counter cannot be written.
    """

    seed: Seed
    account: str
    issuer: str | None = None
    parameters: Parameters = DEFAULT_PARAMETERS
    counter: int | None = None

    def __post_init__(self) -> None:
        _require_name("account", self.account)
        if self.issuer is not None:
            _require_name("issuer", self.issuer)
        if self.parameters.t0_s != 0:
            raise InvalidUriError("it can only carry a T0 of 0")
        if self.counter is not None:
            if type(self.counter) is not int or not 0 <= self.counter <= LAST_COUNTER:
                raise InvalidUriError("its counter must be a whole number from 0 to 2**64 - 1", "counter")
            if self.parameters.time_step_s != DEFAULT_PARAMETERS.time_step_s:
                raise InvalidUriError("it can carry a counter or a time step, not both")

    def require_time_based(self) -> None:
        """Lets through what RFC 6238 computes codes for.

        Raises:
            CounterBasedUriError: it has a counter.
        """
        if self.counter is not None:
            raise CounterBasedUriError


def format_uri(provisioning: Provisioning) -> str:
    """Writes an otpauth URI: ASCII, spaces as %20, the issuer both in the label and as a parameter.

    Algorithm, digits and period, or counter, are always written, so that no reader needs defaults of its own; still,
    many authenticator apps ignore the first three and compute six SHA-1 digits every 30 seconds.

    Raises:
        InvalidSeedError: the seed was wiped.
    """
    parameters = provisioning.parameters
    label = _encode(provisioning.account)
    fields = {"secret": provisioning.seed.to_base32()}
    if provisioning.issuer is not None:
        issuer = _encode(provisioning.issuer)
        label = f"{issuer}:{label}"
        fields["issuer"] = issuer
    fields["algorithm"] = parameters.algorithm.value
    fields["digits"] = str(parameters.digits)
    if provisioning.counter is None:
        kind, fields["period"] = "totp", str(parameters.time_step_s)
    else:
        kind, fields["counter"] = "hotp", str(provisioning.counter)
    query = "&".join(f"{name}={value}" for name, value in fields.items())
    return f"otpauth://{kind}/{label}?{query}"


def parse_uri(text: str) -> Provisioning:
    """Reads an otpauth URI.

    Raises:
        InvalidUriError: anything is wrong or ambiguous; the module's text says what is.
    """
    kind, label, query = _split(text.strip(_BLANKS))
    fields = _fields(query)
    counter = None
    if kind == "hotp":
        fields.pop("period", None)
        counter = _counter(fields)
    prefix, account = _names(label)
    return Provisioning(
        seed=_seed(fields.get("secret", "")),
        account=account,
        issuer=_issuer(prefix, fields.get("issuer")),
        parameters=_parameters(fields),
        counter=counter,
    )


def _split(text: str) -> tuple[str, str, str]:
    """Type in lower case, label and query."""
    if len(text) > MAX_URI_CHARACTERS:
        raise InvalidUriError(f"it has {len(text)} characters, and {MAX_URI_CHARACTERS} are allowed")
    _require_printable("it", text)
    if "#" in text:
        raise InvalidUriError("a # in it must be written %23")
    match = re.fullmatch(r"otpauth://([^/?]*)(?:/([^?]*))?(?:\?(.*))?", text, re.IGNORECASE)
    if match is None:
        raise InvalidUriError("it does not begin with otpauth://totp/ or otpauth://hotp/")
    kind, label, query = match.groups(default="")
    if kind.lower() not in {"totp", "hotp"}:
        raise InvalidUriError("its type must be totp or hotp, right after otpauth://")
    return kind.lower(), label, query


def _fields(query: str) -> dict[str, str]:
    """The parameters by name, their values still encoded. Those that keyfob ignores must be well-formed too."""
    fields: dict[str, str] = {}
    for part in filter(None, query.split("&")):
        encoded_name, _, value = part.partition("=")
        name = _decode(encoded_name)
        _decode(value)
        if name not in _KNOWN and name.lower() in _KNOWN:
            raise InvalidUriError(f"its parameter {name.lower()} must be spelled in lower case")
        if name in fields:
            raise InvalidUriError(
                f"its parameter {name} stands twice" if name in _KNOWN else "a parameter stands twice"
            )
        fields[name] = value
    return fields


def _names(label: str) -> tuple[str | None, str]:
    names = [name.strip() for name in _decode(label).split(":")]
    if len(names) > 2:
        raise InvalidUriError("its label has more than one colon: neither issuer nor account may contain one")
    return (names[0], names[1]) if len(names) == 2 else (None, names[0])


def _issuer(prefix: str | None, parameter: str | None) -> str | None:
    if parameter is None or (prefix is None and not parameter):
        return prefix
    readings = {_decode(parameter).strip(), _decode(parameter.replace("+", " ")).strip()}
    if prefix is None and len(readings) > 1:
        raise InvalidUriError("a + in its issuer could be a plus or a space: write %2B or %20")
    if prefix is not None and prefix not in readings:
        raise InvalidUriError("the issuer in its label and the issuer parameter disagree")
    return prefix or readings.pop()


def _seed(secret: str) -> Seed:
    if not secret:
        raise InvalidUriError("it has no secret", "secret")
    try:
        return Seed.from_base32(_decode(secret.replace("+", " ")))
    except InvalidSeedError as error:
        raise InvalidUriError(f"its secret cannot be used: {error.reason}", "secret") from None


def _parameters(fields: dict[str, str]) -> Parameters:
    try:
        return Parameters(
            algorithm=Algorithm.named(_decode(fields.get("algorithm", "SHA1"))),
            digits=_whole_number("digits", fields.get("digits", "6")),
            time_step_s=_whole_number("period", fields.get("period", "30")),
        )
    except InvalidParametersError as error:
        name = "period" if error.field == "time_step_s" else error.field
        raise InvalidUriError(f"its {name} must be {error.allowed}", name) from None


def _counter(fields: dict[str, str]) -> int:
    if "counter" not in fields:
        raise InvalidUriError("it is for a counter-based token (hotp) and has no counter", "counter")
    return _whole_number("counter", fields["counter"])


def _whole_number(name: str, value: str) -> int:
    if not WHOLE_NUMBER.fullmatch(_decode(value)):
        raise InvalidUriError(f"its {name} must be a plain whole number without leading zeros", name)
    return int(_decode(value))


def _encode(name: str) -> str:
    return quote(name, safe="@")


def _decode(encoded: str) -> str:
    """Undoes percent-encoding, without an exception underneath that would hold the text."""
    if re.search("%(?![0-9A-Fa-f]{2})", encoded):
        raise InvalidUriError(
            "a % in it is not followed by two hexadecimal digits; a percent sign is written %25"
        )
    raw = unquote_to_bytes(encoded)
    decoded = raw.decode(errors="ignore")
    if decoded.encode() != raw:
        raise InvalidUriError("its percent-encoding is not UTF-8")
    _require_printable("it", decoded)
    return decoded


def _require_name(what: str, name: str) -> None:
    if not name:
        raise InvalidUriError(f"its {what} is empty", what)
    if ":" in name:
        raise InvalidUriError(f"its {what} contains a colon", what)
    if name != name.strip():
        raise InvalidUriError(f"its {what} begins or ends with a blank", what)
    _require_printable(f"its {what}", name, what)
    if len(name.encode()) > MAX_NAME_BYTES:
        raise InvalidUriError(f"its {what} is longer than {MAX_NAME_BYTES} bytes of UTF-8", what)


def _require_printable(what: str, text: str, field: str = "") -> None:
    if text.isascii() and text.isprintable():
        return
    if any(unicodedata.category(c) in _UNPRINTABLE or c in _DIRECTION_OVERRIDES for c in text):
        raise InvalidUriError(f"{what} contains a control character", field)
