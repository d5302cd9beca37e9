"""Invitations.

Owns: invitations and their links, renewal of links, sign-ins of an identity that was not invited, and moving guests to another
  identity.
Does not know: the pages of redemption.
Offers: `Invitations`, `SentInvitations`, `GuestRebinding`, and their views.
"""
