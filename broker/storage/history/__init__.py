"""The audit at rest.

Owns: audit events, personal values beside them, and the chain.
Does not know: what is worth an event.
Offers: functions on one connection.
"""
