"""SAML 2.0 messages and metadata, for the service provider and for the identity provider of a sign-in.

Owns: parsing, the closed vocabulary and its gate, signatures, decryption, times, bindings, and metadata as signed XML.
Does not know: partners, applications, logins, or what an assertion is for.
Offers: `gate_response`, `gate_logout`, `verify`, `decrypt`, `sign_root`, the bindings, and the readers of metadata. It is to `connectors/saml`
    what `jose` is to `connectors/oidc`.
"""
