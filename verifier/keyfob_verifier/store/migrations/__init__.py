"""Alembic migrations: one file for each released schema."""
