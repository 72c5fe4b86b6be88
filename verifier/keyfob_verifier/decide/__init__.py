"""Deciding a code: pure functions, no I/O and no clock."""
