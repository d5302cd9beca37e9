"""Running the broker.

Owns: background work, housekeeping, health, nodes, reload, and what follows a restore.
Does not know: single logins.
Offers: `Housekeeping`, `Background`, `Health`, `Nodes`, `Reload`.
"""
