"""Partners over SAML 2.0.

Owns: our requests and metadata, and the gate that a partner's response and metadata must pass.
Does not know: which person the assertion belongs to.
Offers: `SamlConnector`, the reader of partner metadata and our own metadata.
"""
