"""The use-cases.

Owns: what the broker does: one class a subject, one public method a use-case, one transaction.
Does not know: HTTP, HTML and SQL.
Offers: a package a subject; the floors between them are an import contract in pyproject.toml.
"""
