"""Codes by the million: HMAC for many keys at once, on all the lanes and cores that the processor has.

It needs the extra `fleet` (NumPy and Numba); `import keyfob` does not import it. The first call with an algorithm compiles
for some seconds, and what was compiled is kept on disk. Single codes are the business of `keyfob.hotp`.
"""

from keyfob.extras import needs_extra

with needs_extra("fleet"):
    from keyfob.batch.keys import prepare
    from keyfob.batch.midstates import MidStates
    from keyfob.batch.pairs import codes, window_matches
    from keyfob.batch.search import find_steps

__all__ = ["MidStates", "codes", "find_steps", "prepare", "window_matches"]
