"""One database for all that outlives a gateway: SQLite in a file, or PostgreSQL."""
