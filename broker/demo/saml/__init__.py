"""A partner over SAML 2.0 that plays fair until one of its faults is switched on.

Owns: its messages, signatures and encryption, its pages, and the faults that it commits on purpose.
Does not know: the broker's SAML code: it is written from the standard, so that both sides check each other.
Offers: `identity.SamlIdentityProvider` and `partner.create_saml_partner`.
"""
