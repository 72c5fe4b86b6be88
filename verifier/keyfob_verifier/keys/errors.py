"""What can be wrong with the keys above the seeds."""

from keyfob_verifier.errors import VerifierError


class InvalidKekSpecError(VerifierError):
    """What was given does not name a key-encryption key. It is not repeated: it may hold a PIN."""

    code = "invalid-kek-spec"

    def __init__(self, problem: str) -> None:
        self.problem = problem
        super().__init__(
            f"--kek {problem}; it takes a file's path, env:NAME or pkcs11:token=…;object=…?module-path=…"
        )


class PinInUriError(VerifierError):
    """A PKCS#11 URI holds the PIN itself, where the shell's history and every process list show it."""

    code = "pin-in-uri"

    def __init__(self) -> None:
        super().__init__(
            "a PIN does not belong into a PKCS#11 URI: put it into a file of mode 0600 or the environment, and name "
            "that with pin-source=file:PATH or pin-source=env:NAME in place of pin-value; change a PIN that was seen"
        )


class KekEnvironmentError(VerifierError):
    """The environment variable that should hold the key-encryption key does not."""

    code = "kek-environment"

    def __init__(self, name: str, problem: str) -> None:
        self.name = name
        super().__init__(
            f"the environment variable {name} {problem}: give it the text that 'keyfob keys generate' printed "
            "for this installation"
        )


class PinSourceError(VerifierError):
    """The HSM's PIN cannot be had from where the URI says."""

    code = "pin-source"

    def __init__(self, source: str, problem: str) -> None:
        self.source = source
        super().__init__(f"the HSM's PIN cannot be read: {source} {problem}")


class HsmUnavailableError(VerifierError):
    """The HSM does not answer, or refuses."""

    code = "hsm-unavailable"
    status = 503

    def __init__(self, reason: str) -> None:
        self.reason = reason
        super().__init__(f"the HSM cannot be used: {reason}")


class HsmKeyError(VerifierError):
    """The HSM has no key of that label that could be a key-encryption key."""

    code = "hsm-key"

    def __init__(self, label: str, problem: str) -> None:
        self.label = label
        super().__init__(f"the HSM's key {label!r} {problem}")


class KekMissingError(VerifierError):
    """A key is wrapped under a key-encryption key that this process was not given.

    Attributes:
        kek_ids: those that are missing.
    """

    code = "kek-missing"
    status = 503

    def __init__(self, *kek_ids: str) -> None:
        self.kek_ids = kek_ids
        super().__init__(self._sentence(", ".join(kek_ids)))

    @staticmethod
    def _sentence(named: str) -> str:
        return (
            f"keys of this database are wrapped under a key-encryption key that is not here (its id is {named}): "
            "name it with --kek, beside the present one while a rotation lasts; without it no seed opens"
        )


class SigningKekMissingError(KekMissingError):
    """Every seed opens; what signs the record's checkpoints is wrapped under a KEK that this process was not given."""

    @staticmethod
    def _sentence(named: str) -> str:
        return (
            "the key that signs the record's checkpoints is wrapped under a key-encryption key that is not here (its "
            f"id is {named}): name it with --kek beside the present one, and end the change of keys with 'keyfob keys "
            "rotate kek'; the seeds need it no more"
        )


class WrongKekError(VerifierError):
    """A wrapped key does not open under the key-encryption key whose id it names."""

    code = "wrong-kek"
    status = 503

    def __init__(self, kek_id: str) -> None:
        self.kek_id = kek_id
        super().__init__(
            f"a wrapped key does not open under the key-encryption key {kek_id}: the one that --kek names is another "
            "one of the same id, or the database was altered; restore whichever it is from a copy"
        )


class DataKeyMissingError(VerifierError):
    """A tenant has no data key."""

    code = "data-key-missing"
    status = 503

    def __init__(self, tenant_id: str) -> None:
        self.tenant_id = tenant_id
        super().__init__(f"the tenant {tenant_id!r} has no data key: restore the database from a backup")
