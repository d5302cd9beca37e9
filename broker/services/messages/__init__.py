"""E-mail messages that leave.

Owns: the outbox, questions that a person answers by a link in a mail, and notices about factors.
Does not know: what the answers change.
Offers: `Outbox`, `Questions`.
"""
