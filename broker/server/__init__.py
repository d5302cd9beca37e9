"""`broker serve` as a server.

Owns: gunicorn's master, and a worker that reads whole requests, within limits, before a thread handles them.
Does not know: the application that it serves.
Offers: `master.run`.
"""
