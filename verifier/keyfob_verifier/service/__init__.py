"""The use cases of the verifier; each takes a store and a clock."""
