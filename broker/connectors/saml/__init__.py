"""Partners over SAML 2.0: requests, metadata, and the one way in for a response."""
