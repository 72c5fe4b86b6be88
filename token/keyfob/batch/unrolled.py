"""How plain functions become machine code: inlined, unrolled, compiled once. Without Numba's compiler they just run."""

from collections.abc import Callable
from typing import Any, TypeVar, cast

from numba import njit
from numba.extending import overload

Function = TypeVar("Function", bound=Callable[..., Any])


def inlined(function: Function) -> Function:
    """For what becomes part of its callers."""
    return cast("Function", njit(forceinline=True)(function))


def compiled(function: Function) -> Function:
    """For the loops: compiled once, kept on disk where a folder can be written to, and free of Python's lock.

    Numba looks for changes only in the file where the function stands, so what it calls should stand there too.
    """
    try:
        return cast("Function", njit(cache=True, nogil=True)(function))
    except RuntimeError:  # there is no such folder: each process compiles anew
        return cast("Function", njit(nogil=True)(function))


def fold(step: Callable[..., Any], state: Any, window: Any, constants: Any) -> Any:
    """Takes a state and a window through one step for each of the constants.

    Compiled, it is unrolled: halved until one constant is left, so that it nests no deeper than their logarithm.

    Args:
        step: takes state, window and a constant; returns the next state and window, each of the type it was.
        state: what the first step starts from.
        window: the same.
        constants: a tuple of one or more, all of one type.
    """
    for constant in constants:
        state, window = step(state, window, constant)
    return state, window


@overload(fold, jit_options={"forceinline": True})
def _unrolled(step: Any, state: Any, window: Any, constants: Any) -> Any:  # noqa: ARG001  Numba hands types to these names
    half = len(constants) // 2

    def one(step: Any, state: Any, window: Any, constants: Any) -> Any:
        return step(state, window, constants[0])

    def halves(step: Any, state: Any, window: Any, constants: Any) -> Any:
        state_between, window_between = fold(step, state, window, constants[:half])
        return fold(step, state_between, window_between, constants[half:])

    return halves if half else one
