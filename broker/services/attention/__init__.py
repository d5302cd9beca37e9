"""What needs a person now.

Owns: which facts of all subjects need somebody, and for whom each is shown.
Does not know: how each is settled, and what a page says about it.
Offers: `NeedsAttention`, which reads and changes nothing; `Queues`, which the navigation of the portal shows.
"""

from __future__ import annotations

from broker.services.attention.needs import QUEUED, NeedsAttention, Queues

__all__ = ["QUEUED", "NeedsAttention", "Queues"]
