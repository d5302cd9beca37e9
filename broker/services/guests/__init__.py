"""The directory of guests.

Owns: guest records, their states and ends of access, sponsors, self-service, and the views of guests.
Does not know: invitations and logins.
Offers: `Guests`, `GuestLife`, `Sponsors`, `SelfService`.
"""
