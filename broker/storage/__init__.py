"""The database.

Owns: every table and every SQL statement, on SQLite and PostgreSQL.
Does not know: rules and permissions.
Offers: a package a subject, each function one statement or a few; `engine` opens transactions.
"""
