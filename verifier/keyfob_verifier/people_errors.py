"""What can be wrong with people, their passwords and their sessions."""

from typing import ClassVar

from keyfob_verifier.errors import VerifierError


class InvalidPersonNameError(VerifierError):
    """A person's name has characters that do not travel well, or too many."""

    code = "invalid-person-name"
    status = 422

    def __init__(self, most_characters: int) -> None:
        self.most_characters = most_characters
        super().__init__(
            f"a person's name has 1 to {most_characters} printable characters, with no space at either end"
        )


class InvalidPasswordError(VerifierError):
    """A password is too short or too long. It is not repeated."""

    code = "invalid-password"
    status = 422

    def __init__(self, fewest_characters: int, most_characters: int) -> None:
        self.fewest_characters, self.most_characters = fewest_characters, most_characters
        super().__init__(f"a password has {fewest_characters} to {most_characters} characters, of any kind")


class PersonExistsError(VerifierError):
    """The tenant has a person of this name."""

    code = "person-exists"
    status = 409

    def __init__(self, name: str) -> None:
        self.name = name
        super().__init__(f"there is a person called {name!r} already")


class PersonNotFoundError(VerifierError):
    """The tenant has no person of this name."""

    code = "person-not-found"
    status = 404

    def __init__(self, name: str) -> None:
        self.name = name
        super().__init__(f"there is no person called {name!r}")


class TokenHeldError(VerifierError):
    """The token is somebody else's."""

    code = "token-held"
    status = 409

    def __init__(self, serial: str) -> None:
        self.serial = serial
        super().__init__(f"token {serial!r} is another person's: everybody signs in with one of their own")


class TokenKindError(VerifierError):
    """People sign in with codes that time moves on, and this token's are not."""

    code = "token-kind"
    status = 409

    def __init__(self, serial: str, kind: str) -> None:
        self.serial, self.kind = serial, kind
        super().__init__(f"token {serial!r} is of the kind {kind}; people sign in with a totp token")


class SignInRefusedError(VerifierError):
    """Somebody is not let in. Why is in the record; here it is the same sentence whatever was wrong."""

    code = "sign-in-refused"
    status = 401

    def __init__(self) -> None:
        super().__init__(
            "name, password or code is not right, or it is too early to try again: "
            "wait for the next code, then try once more"
        )


class SignInBusyError(VerifierError):
    """Too many people are signing in at this moment."""

    code = "sign-in-busy"
    status = 503
    retry_after_s: ClassVar[int] = 5

    def __init__(self) -> None:
        super().__init__("too many are signing in at this moment: try again in a few seconds")


class SessionEndedError(VerifierError):
    """There is no session, or none that is still open."""

    code = "session-ended"
    status = 401

    def __init__(self) -> None:
        super().__init__("nobody is signed in here: sign in first")
