"""What happened.

Owns: audit events with their chain, receipts of sign-ins, and the trail that a login writes.
Does not know: why anything was decided.
Offers: `audit.record`, the chain and its export, `Receipts`.
"""
