"""Running the broker.

Owns: background work, housekeeping, health, figures, nodes, reload, and what follows a restore.
Does not know: single logins.
Offers: `Housekeeping`, `Background`, `Health`, `Figures`, `Nodes`, `Reload`.
"""
