"""Notices of guest events: who listens, what they receive, and how it reaches them.

Owns: webhooks of broker.yaml, subscriptions of applications, the signature of their notices, and the delivery with its order, its repetitions and its end.
Does not know: which act causes an event. The audit's row is the event, stored in the transaction of its cause.
Offers: `EventDeliveries`, `Subscriptions`, `Webhooks`.
"""
