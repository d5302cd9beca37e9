"""The audit at rest.

Owns: audit events, their personal values, and the chain.
Does not know: what is worth an event.
Offers: functions on one connection.
"""
