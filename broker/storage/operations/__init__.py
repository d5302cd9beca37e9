"""What nodes share.

Owns: leases, counters of attempts, the outbox, questions by mail, figures, and what a restore must end.
Does not know: when any of it is due.
Offers: functions on one connection.
"""
