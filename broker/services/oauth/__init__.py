"""Grants and tokens.

Owns: grants, codes, tokens and claims of applications, and the authentication of applications.
Does not know: the steps of a login.
Offers: `Grants`, `Clients`, released claims.
"""
