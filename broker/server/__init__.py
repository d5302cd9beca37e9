"""`broker serve` as a server: gunicorn's master, and a worker that reads whole requests before a thread sees them."""
