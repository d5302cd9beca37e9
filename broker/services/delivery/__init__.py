"""How notices reach those who listen.

Owns: leases, pauses, retries, their end, and the rests of listeners that do not answer.
Does not know: who listens, what a notice says, what follows when one is given up: each kind of notices has a sender of its own.
Offers: `Dispatcher`, `Sender`, `CallResult`.
"""
