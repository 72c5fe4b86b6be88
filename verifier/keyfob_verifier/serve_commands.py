"""`keyfob serve`: the verifier over HTTP."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from keyfob import SystemClock, VirtualClock
from keyfob.extras import needs_extra
from keyfob_verifier.api.limits import DEFAULT_REQUESTS_PER_S
from keyfob_verifier.guessing_options import (
    DEFAULT_RULES,
    FailureBudgetOption,
    FailureRefillOption,
    NextCodeOption,
    SourceBudgetOption,
    SourceRefillOption,
    guessing_rules,
)
from keyfob_verifier.local import DatabaseOption, KekOption

if TYPE_CHECKING:
    import ssl


def _complete_policy(incomplete: str) -> list[str]:
    from keyfob_verifier.decide.policies import POLICIES

    return [name for name in POLICIES if name.startswith(incomplete)]


PolicyOption = Annotated[
    str,
    typer.Option(
        help="Window policy: credible follows each token's drift, fixed is RFC 6238's plain ±1.",
        autocompletion=_complete_policy,
    ),
]
TestClockOption = Annotated[
    float | None,
    typer.Option(
        min=0.0,
        max=1e12,
        metavar="UNIX_TIME",
        help="For tests: start at this time and stand still until PUT /v1/test-clock moves it. "
        "Needs a loopback address and a database made by `keyfob init --test`.",
    ),
]
CertificateOption = Annotated[
    Path | None,
    typer.Option(
        metavar="FILE",
        help="Speak TLS with this certificate, in PEM, followed by its chain; needs --tls-key.",
    ),
]
TlsKeyOption = Annotated[
    Path | None, typer.Option(metavar="FILE", help="The certificate's private key, in PEM, unencrypted.")
]
ProxyOption = Annotated[
    list[str] | None,
    typer.Option(
        metavar="RANGE",
        help="A proxy whose X-Forwarded-For and X-Forwarded-Proto are believed, such as 10.0.0.5 or 10.0.0.0/24; "
        "may be given again.",
    ),
]
PlaintextOption = Annotated[
    bool,
    typer.Option("--plaintext", help="Speak plain HTTP on an address that others can reach, all the same."),
]
RateOption = Annotated[
    float,
    typer.Option(
        "--rate-limit",
        min=0.1,
        max=1e9,
        help="Requests a second from one address (of IPv6, one /64); loopback is not limited.",
    ),
]
LogLevelOption = Annotated[
    Literal["debug", "info", "warning", "error"], typer.Option(help="The least that the log tells of.")
]


def serve(
    database_url: DatabaseOption,
    keks: KekOption,
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="0 takes a free one.")] = 8000,
    policy: PolicyOption = "credible",
    tls_certificate: CertificateOption = None,
    tls_key: TlsKeyOption = None,
    trusted_proxy: ProxyOption = None,
    plaintext: PlaintextOption = False,
    rate_limit: RateOption = DEFAULT_REQUESTS_PER_S,
    log_level: LogLevelOption = "info",
    failure_budget: FailureBudgetOption = DEFAULT_RULES.throttle.budget,
    failure_refill: FailureRefillOption = DEFAULT_RULES.throttle.refill_per_hour,
    source_budget: SourceBudgetOption = DEFAULT_RULES.source_throttle.budget,
    source_refill: SourceRefillOption = DEFAULT_RULES.source_throttle.refill_per_hour,
    next_code: NextCodeOption = DEFAULT_RULES.next_code,
    test_clock: TestClockOption = None,
) -> None:
    """Serve the verifier over HTTP until it is stopped."""
    with needs_extra("server"):
        from keyfob_verifier.addresses import parse_networks
        from keyfob_verifier.api import serve as serving
        from keyfob_verifier.api.app import create_app
        from keyfob_verifier.api.edge import EdgeSettings
        from keyfob_verifier.decide.policies import POLICIES
        from keyfob_verifier.records import Purpose
        from keyfob_verifier.service.installation import open_installation
    if policy not in POLICIES:
        raise typer.BadParameter(f"choose one of {', '.join(POLICIES)}", param_hint="--policy")
    if test_clock is not None:
        serving.require_loopback(host)
    edge = EdgeSettings(parse_networks(trusted_proxy or ()), rate_limit)
    tls = _tls(tls_certificate, tls_key)
    if tls is None and not edge.trusted_proxies and not plaintext:
        serving.require_secrecy(host)
    guessing = guessing_rules(failure_budget, failure_refill, source_budget, source_refill, next_code)
    purpose = Purpose.PRODUCTION if test_clock is None else Purpose.TEST
    clock = SystemClock() if test_clock is None else VirtualClock(test_clock)
    with serving.listen(host, port) as listener:
        context = open_installation(
            database_url, keks[0], purpose, clock, older_keks=keks[1:], policy=policy, guessing=guessing
        )
        app = create_app(context, edge)
        serving.serve(app, listener, _announce, tls=tls, log_level=log_level)


def _tls(certificate: Path | None, key: Path | None) -> "ssl.SSLContext | None":
    from keyfob_verifier.api.tls import tls_context

    if certificate is None and key is None:
        return None
    if certificate is None or key is None:
        missing = "--tls-certificate" if certificate is None else "--tls-key"
        raise typer.BadParameter("a certificate and its key go together", param_hint=missing)
    return tls_context(certificate, key)


def _announce(url: str) -> None:
    typer.echo(f"keyfob verifier listening on {url}")
