"""Second factors at rest.

Owns: rows of factors, pending resets and values that count once.
Does not know: how a factor is checked.
Offers: functions on one connection.
"""
