"""Integrals by sampling, to hold closed forms against: nothing of keyfob is in it."""

import math
from itertools import pairwise

_ORDER = 12


def _legendre(order: int, x: float) -> tuple[float, float]:
    """The Legendre polynomial of `order` at `x`, and its derivative."""
    before, here = 1.0, x
    for n in range(2, order + 1):
        before, here = here, ((2 * n - 1) * x * here - (n - 1) * before) / n
    return here, order * (x * here - before) / (x * x - 1.0)


def _gauss_legendre(order: int) -> list[tuple[float, float]]:
    """Nodes and weights on -1 to 1, the nodes by Newton's method."""
    rule = []
    for n in range(order):
        x = math.cos(math.pi * (n + 0.75) / (order + 0.5))
        for _ in range(20):
            value, slope = _legendre(order, x)
            x -= value / slope
        slope = _legendre(order, x)[1]
        rule.append((x, 2.0 / ((1.0 - x * x) * slope * slope)))
    return rule


_RULE = _gauss_legendre(_ORDER)


def integrate(function, start: float, end: float, kinks=(), longest: float = math.inf) -> float:
    """The integral of `function` from `start` to `end`, by Gauss and Legendre in pieces.

    Pieces end at every one of `kinks`, where the function is not smooth, and are not longer than `longest`.
    """
    sign, start, end = (1.0, start, end) if start <= end else (-1.0, end, start)
    edges = [start, *sorted(kink for kink in set(kinks) if start < kink < end), end]
    pieces = []
    for left, right in pairwise(edges):
        count = math.ceil((right - left) / longest) if math.isfinite(longest) else 1
        for n in range(count):
            half = 0.5 * (right - left) / count
            middle = left + (2 * n + 1) * half
            pieces.extend(half * weight * function(middle + half * node) for node, weight in _RULE)
    return sign * math.fsum(pieces)
