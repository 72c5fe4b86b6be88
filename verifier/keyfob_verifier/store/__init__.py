"""Where tokens, keys and the record last: SQLAlchemy lives here only."""
