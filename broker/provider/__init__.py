"""The OpenID Provider's protocol.

Owns: validation of authorization, token and logout requests, and the responses to applications.
Does not know: sessions, guests and the database.
Offers: ordered checks of requests, client authentication, grant types, discovery, and the adapter to pyop.
"""
