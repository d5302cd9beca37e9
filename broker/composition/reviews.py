"""Constructs the services of reviews."""

from __future__ import annotations

from dataclasses import dataclass

from broker.services.core import Core
from broker.services.messages.outbox import Outbox
from broker.services.reviews.campaigns import Reviews
from broker.services.reviews.upkeep import ReviewUpkeep


@dataclass(frozen=True, slots=True, kw_only=True)
class ReviewServices:
    """What members do in a review, and what housekeeping does about it."""

    campaigns: Reviews
    upkeep: ReviewUpkeep


def wire_reviews(core: Core, outbox: Outbox) -> ReviewServices:
    """Members decide who keeps access; what nobody keeps ends."""
    return ReviewServices(campaigns=Reviews(core, outbox), upkeep=ReviewUpkeep(core, outbox))
