"""`keyfob demo`: the whole of a token's life on real parts, in simulated time."""
