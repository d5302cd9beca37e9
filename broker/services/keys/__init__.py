"""The signing keys in use.

Owns: the ring as rows of the database, rotation, and the audit of changes.
Does not know: how keys are sealed.
Offers: `Keys`.
"""
