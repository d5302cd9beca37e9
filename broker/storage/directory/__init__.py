"""People and what they may use.

Owns: rows of people, identities, subjects, groups, assignments, consents and accepted terms.
Does not know: states and permissions.
Offers: functions on one connection.
"""
