"""The OpenID Provider's protocol.

Owns: what an authorization, token or logout request must be, and the answers to applications.
Does not know: sessions, guests and the database.
Offers: ordered checks of requests, client authentication, discovery, and the adapter to pyop.
"""
