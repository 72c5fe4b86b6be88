"""What the columns of a file may hold."""

import enum


class Field(enum.StrEnum):
    """A field of a credential, by the name that a column map uses."""

    SERIAL = "serial"
    SECRET = "secret"  # noqa: S105  a column's name, not a secret
    KIND = "kind"
    ALGORITHM = "algorithm"
    DIGITS = "digits"
    TIME_STEP = "time_step_s"
    COUNTER = "counter"
    SUITE = "suite"
    USER = "user"
    ISSUER = "issuer"
    MANUFACTURER = "manufacturer"
    MODEL = "model"
