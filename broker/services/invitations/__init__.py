"""Invitations.

Owns: who may be invited to what, the link, its renewal, and an identity that differs from the invited address.
Does not know: the pages of redemption.
Offers: `Invitations`, links, validity.
"""
