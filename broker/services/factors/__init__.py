"""A person's own second factors.

Owns: adding, removing and resetting them outside of a login's challenge.
Does not know: the arithmetic of a factor.
Offers: `Methods`, `FactorResets`.
"""
