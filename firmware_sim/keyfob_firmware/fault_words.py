"""Faults in words, as people write them on a command line: a name, then `field=value` for each figure."""

from collections.abc import Iterable
from dataclasses import MISSING, Field, fields

from pydantic import TypeAdapter, ValidationError

from keyfob_firmware.errors import InvalidFaultError, UnknownFaultError
from keyfob_firmware.faults import FAULTS, Fault

_NAME = "kind"
_SEGMENTS = "segments"


def fault_fields(name: str) -> tuple[Field[object], ...]:
    """What a fault takes beside its name.

    Raises:
        UnknownFaultError: there is no such fault.
    """
    if name not in FAULTS:
        raise UnknownFaultError(name, tuple(FAULTS))
    return tuple(field for field in fields(FAULTS[name]) if field.name != _NAME)


def fault_usage(name: str) -> str:
    """How a fault is written: what may be left out in brackets. Raises what `fault_fields` raises."""
    return " ".join([name, *map(_word, fault_fields(name))])


def read_fault(name: str, words: Iterable[str]) -> Fault:
    """A fault from its name and its `field=value` words; segments are written as `segments=0g,1a`.

    Raises:
        UnknownFaultError: there is no such fault.
        InvalidFaultError: a word is not of that form, of another fault, or missing, or its value is of another type.
    """
    known = {field.name for field in fault_fields(name)}
    values: dict[str, object] = {}
    for word in words:
        field, equals, value = word.partition("=")
        if not equals or field not in known or field in values:
            raise InvalidFaultError(f"{word!r} says nothing of the fault {name}", fault_usage(name))
        values[field] = _segments(value) if field == _SEGMENTS else value
    try:
        return TypeAdapter[Fault](FAULTS[name]).validate_python(values)
    except ValidationError as error:
        found = error.errors(include_input=False, include_url=False)[0]
        problem = "is missing" if found["type"] == "missing" else "is not what it takes"
        raise InvalidFaultError(f"{found['loc'][0]} {problem}", fault_usage(name)) from None


def _word(field: Field[object]) -> str:
    text = f"{field.name}={'0g,1a' if field.name == _SEGMENTS else field.name.upper()}"
    return text if field.default is MISSING else f"[{text}]"


def _segments(text: str) -> list[tuple[str, str]]:
    return [(place[:1], place[1:]) for place in text.split(",")]
