"""Partners over OpenID Connect.

Owns: the view of a partner's file that the connector reads, discovery documents and key sets, and the sign-out address.
Does not know: logins.
Offers: `OidcPartners`.
"""
