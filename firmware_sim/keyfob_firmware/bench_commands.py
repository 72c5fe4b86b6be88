"""`keyfob fob bench`."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from keyfob.clock import SystemClock
from keyfob.extras import needs_extra
from keyfob_firmware.fob_options import FobKey
from keyfob_firmware.places import default_bench_file, existing_key, ready_key

if TYPE_CHECKING:
    from keyfob_firmware.bench.guard import Access
    from keyfob_firmware.bench.state_file import StateFile


def register(family: typer.Typer) -> None:
    """Adds the command to `keyfob fob`."""
    family.command("bench")(bench)


def bench(
    *,
    host: Annotated[
        str, typer.Option(help="Address to listen on; on any but a loopback address callers need an API key.")
    ] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="0 takes a free one.")] = 8200,
    state: Annotated[
        Path,
        typer.Option(
            envvar="KEYFOB_BENCH_STATE",
            default_factory=default_bench_file,
            show_default="in the user's data directory",
            dir_okay=False,
            help="The one file that the bench keeps its fobs and its time in; made where there is none.",
        ),
    ],
    fob_key: FobKey,
    api_key_file: Annotated[
        Path | None,
        typer.Option(
            envvar="KEYFOB_BENCH_API_KEY_FILE",
            dir_okay=False,
            show_default="the bench makes a key, where it needs one",
            help="Callers need the API key in this file, on loopback too.",
        ),
    ] = None,
    new_api_key: Annotated[
        bool,
        typer.Option(
            "--new-api-key", help="Make another API key in place of the one that the bench made before."
        ),
    ] = False,
) -> None:
    """Serve virtual fobs over HTTP, to test logins in any language, with a page to hold them in hand.

    The interface describes itself at /docs. On a loopback address no API key is asked for, and requests of other sites' pages are refused. On any other address callers send `Authorization: Bearer KEY`; the key is made at the first start, shown this once, and stored nowhere.
    """
    with needs_extra("server"):
        from keyfob_firmware.bench.app import create_app
        from keyfob_firmware.bench.serve import listen, serve
    from keyfob_firmware.bench.bench import Bench
    from keyfob_firmware.bench.state_file import StateFile

    key = (existing_key if state.exists() else ready_key)(fob_key, state.parent)
    with listen(host, port) as listener, StateFile(state) as file:
        access = _access(file, host, api_key_file, new_api_key)
        app = create_app(Bench(file, key, SystemClock()), access)
        serve(app, listener, lambda url: typer.echo(f"keyfob bench listening on {url}"))


def _access(file: "StateFile", host: str, api_key_file: Path | None, new: bool) -> "Access":
    from keyfob_firmware.bench.guard import Access, hash_api_key, is_loopback, new_api_key, read_api_key

    loopback = is_loopback(host)
    if api_key_file is not None:
        return Access(hash_api_key(read_api_key(api_key_file)), loopback)
    if loopback and not new:
        return Access(None, loopback)
    kept = file.api_key_hash()
    if kept is None or new:
        api_key = new_api_key()
        kept = hash_api_key(api_key)
        file.keep_api_key_hash(kept)
        typer.echo(f"The bench's API key, which is stored nowhere and never shown again:\n{api_key}")
    return Access(kept, loopback)
