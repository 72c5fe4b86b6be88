"""Putting a checkpoint where those who could change the database cannot reach it: a new file, or a URL by POST."""

from pathlib import Path
from urllib.parse import urlsplit

import httpx

from keyfob.durable import create_file
from keyfob_verifier.audit.checkpoint import SignedCheckpoint
from keyfob_verifier.audit.errors import CheckpointNotDeliveredError

TIMEOUT_S = 10.0
"""How long a server may take to connect, and between any two pieces of its answer."""


def deliver(signed: SignedCheckpoint, place: str) -> None:
    """Puts a checkpoint into a file that must not exist yet, or sends it to an HTTP or HTTPS URL.

    Raises:
        CheckpointNotDeliveredError: it is not there.
    """
    if urlsplit(place).scheme in {"http", "https"}:
        _post(signed.document(), place)
        return
    try:
        create_file(Path(place), signed.document())
    except OSError as error:
        raise CheckpointNotDeliveredError(place, error.strerror or type(error).__name__) from None


def _post(document: bytes, url: str) -> None:
    try:
        answer = httpx.post(
            url, content=document, headers={"Content-Type": "application/json"}, timeout=TIMEOUT_S
        )
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        raise CheckpointNotDeliveredError(_shown(url), str(error) or type(error).__name__) from None
    if not answer.is_success:  # a redirect is not followed: the URL is whose it was said to be
        raise CheckpointNotDeliveredError(_shown(url), f"the server answered {answer.status_code}")


def _shown(url: str) -> str:
    """The URL without what could be a secret in it."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}"
