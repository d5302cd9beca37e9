"""Partners over OpenID Connect.

Owns: discovery, the authorization request, the code exchange, and the verification of a partner's ID token.
Does not know: which person the assertion belongs to.
Offers: `OidcConnector`.
"""
