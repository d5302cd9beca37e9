"""Connectors: how a person proves their identity at a partner, or with a code by e-mail.

Owns: the protocols SAML and OpenID Connect towards partners, the code by e-mail, and the registry of protocols.
Does not know: guests, policies, the database or the browser's session.
Offers: one connector a protocol (`domain.connector.Connector`), the claim mapping, and the one outbound HTTP client.
"""
