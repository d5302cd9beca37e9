"""A browser's sign-in.

Owns: sessions, what was proven in them, and ending them with all that hangs on them.
Does not know: the login that opens a session.
Offers: `Sessions`, assurance, revocation.
"""
