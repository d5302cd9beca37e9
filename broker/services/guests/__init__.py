"""The people.

Owns: guest records, their states and ends, sponsors, and what guests do for themselves.
Does not know: invitations and logins.
Offers: `Guests`, `GuestLifecycle`, `Sponsors`, `SelfService`.
"""
