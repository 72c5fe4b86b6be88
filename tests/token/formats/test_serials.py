import re

from hypothesis import given
from hypothesis import strategies as st

from keyfob.formats.serials import serial_of


@given(st.text(st.characters(codec="utf-8"), min_size=1), st.text(st.characters(codec="utf-8"), min_size=1))
def test_name_always_has_a_serial_and_two_names_have_two(one, other):
    assert re.fullmatch(r"[A-Za-z0-9._-]{1,64}", serial_of(one))
    assert (serial_of(one) == serial_of(other)) == (one == other)


def test_serial_is_the_name_where_it_can_be():
    assert serial_of("alice.1") == "alice.1"
    assert serial_of("ACME:alice@example.com").startswith("ACME-alice-example.com-")
    assert len(serial_of("é" * 300)) == len(serial_of("x@" * 300)[:12])
