"""Signed tokens (JOSE).

Owns: reading, verifying and signing JWS, JWK and JWT by one explicit table of algorithms.
Does not know: what a token is for.
Offers: `verify`, `sign`, keys and claims.
"""
