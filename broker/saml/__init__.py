"""SAML 2.0 messages and metadata, for whichever side of a sign-in the broker plays.

Owns: parsing, the closed vocabulary and its gate, signatures, decryption, times, bindings, and metadata as signed XML.
Does not know: partners, applications, logins, or what an assertion is for.
Offers: `gate_response`, `verify`, `decrypt`, `sign_root`, the bindings, and the readers of metadata.
"""
