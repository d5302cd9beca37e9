"""Subscriptions of applications to changes of people (graph subscription)."""

from __future__ import annotations

from dataclasses import dataclass

from broker.domain.guest_event import UserChange


@dataclass(frozen=True, slots=True, kw_only=True)
class Subscription:
    """One subscription. application: its client id. resource: `users`, or `users/` and an id. Times: seconds since 1970.

    lifecycle_url: "" without one. client_state: sealed by the service; "" without one.
    """

    id: str
    application: str
    resource: str
    changes: frozenset[UserChange]
    notification_url: str
    lifecycle_url: str
    client_state: str
    created_at: int
    expires_at: int

    @property
    def change_types(self) -> str:
        """As Graph writes them: comma-separated, in the order of the specification."""
        return ",".join(one.value for one in UserChange if one in self.changes)

    def wants(self, person_id: str, change: UserChange | None) -> UserChange | None:
        """The change that this subscription reports of a person, None if it does not.

        A creation is an update to a subscription that does not ask for creations, as at Graph.
        """
        if change is None or self.resource not in ("users", f"users/{person_id}"):
            return None
        if change is UserChange.CREATED and change not in self.changes:
            change = UserChange.UPDATED
        return change if change in self.changes else None
