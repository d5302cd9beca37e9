"""A browser's sign-in.

Owns: sessions, their proofs, and ending them with their grants.
Does not know: the login that opens a session.
Offers: `Sessions`, assurance, revocation.
"""
