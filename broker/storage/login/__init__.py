"""Logins under way and what came of them.

Owns: rows of logins, codes by e-mail, invitations and receipts.
Does not know: gates.
Offers: functions on one connection.
"""
