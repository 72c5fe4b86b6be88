"""Window policies: one file each, and one line each here."""

from collections.abc import Callable

from keyfob.parameters import Parameters
from keyfob_verifier.decide.policies.credible import CredibleWindow
from keyfob_verifier.decide.policies.fixed import FixedWindow
from keyfob_verifier.decide.policy import WindowPolicy

POLICIES: dict[str, Callable[[Parameters, float], WindowPolicy]] = {
    "credible": CredibleWindow.for_token,
    "fixed": FixedWindow.for_token,
}
"""By name: what makes the policy for a token's parameters and its crystal's grade in ppm."""
