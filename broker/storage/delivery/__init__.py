"""Queues of notices.

Owns: the leases, retries and ends of notices, and the rests of listeners.
Does not know: the notices themselves; each queue names the table that holds them.
Offers: `DeliveryQueue` and the functions of `delivery_queue`.
"""
