"""The database: SQLAlchemy Core on SQLite or PostgreSQL. One module an aggregate; functions take the transaction first."""
