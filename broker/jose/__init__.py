"""Signed tokens (JOSE).

Owns: reading, verifying and signing JWS, JWK and JWT by one explicit table of algorithms, and encrypting JWE by another.
Does not know: what a token is for.
Offers: `verify`, `sign`, `encrypt`, keys and claims.
"""
