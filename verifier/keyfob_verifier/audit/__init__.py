"""The record: entries in chains, checkpoints that are signed, and how both are proved."""
