"""Partners over SAML 2.0.

Owns: metadata, from an address or a file; our own metadata and keys towards partners; who read our metadata.
Does not know: logins.
Offers: `SamlPartners`, `MetadataFetches`.
"""
