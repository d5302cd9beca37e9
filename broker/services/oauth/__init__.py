"""Grants and tokens.

Owns: what a sign-in gives an application: grant, code, tokens, claims; and the authentication of applications.
Does not know: how the sign-in came about.
Offers: `Grants`, `Clients`, released claims.
"""
