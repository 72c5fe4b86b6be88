"""What can be wrong with how the verifier is to be reached."""

from pathlib import Path

from keyfob_verifier.errors import VerifierError


class PlaintextRefusedError(VerifierError):
    """Codes and API keys would travel readable for whoever is on the way."""

    code = "plaintext-refused"

    def __init__(self, host: str) -> None:
        self.host = host
        super().__init__(
            f"others can reach {host!r}, and codes and API keys would travel there in the clear: give "
            "--tls-certificate and --tls-key, or name the proxy that speaks TLS with --trusted-proxy; "
            "--plaintext does it all the same"
        )


class TlsFileError(VerifierError):
    """A certificate or its key cannot be used.

    Attributes:
        path: the file.
        problem: what is wrong with it.
    """

    code = "tls-file"

    def __init__(self, path: Path, problem: str) -> None:
        self.path, self.problem = path, problem
        super().__init__(f"{path} {problem}")


class TlsKeyExposedError(TlsFileError):
    """Others than its owner and its group can read the key of a certificate, or others than its owner change it."""

    code = "tls-key-exposed"

    def __init__(self, path: Path, mode: int) -> None:
        self.mode = mode
        super().__init__(
            path, f"is open to other users (mode {mode:04o}): chmod 600 it, or 640 for its group"
        )


class TlsKeyEncryptedError(TlsFileError):
    """The key of a certificate is protected by a passphrase, which nobody is there to type."""

    code = "tls-key-encrypted"

    def __init__(self, path: Path) -> None:
        super().__init__(path, "is encrypted: decrypt it into a file of mode 0600 and name that")


class TlsMismatchError(VerifierError):
    """A certificate and a key do not belong together."""

    code = "tls-mismatch"

    def __init__(self, certificate: Path, key: Path) -> None:
        self.certificate, self.key = certificate, key
        super().__init__(
            f"the key {key} does not belong to the certificate {certificate}: name the one that does"
        )
