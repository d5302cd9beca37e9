"""Connectors to home organizations.

Owns: the protocols by which a partner's people prove who they are: SAML, OpenID Connect, a code by e-mail.
Does not know: guests, policies, the database or the browser's session.
Offers: one connector a protocol (`domain.connector.Connector`), the claim mapping, and the one outbound HTTP client.
"""
