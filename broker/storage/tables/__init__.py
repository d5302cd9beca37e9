"""Every table.

Owns: the tables with their columns, constraints and indexes, by subject.
Does not know: statements and rules.
Offers: `metadata` and one name a table.
"""

from __future__ import annotations

from broker.storage.tables.access_requests import access_requests
from broker.storage.tables.administrator_links import administrator_links
from broker.storage.tables.base import metadata
from broker.storage.tables.changes import change_counter, removed_groups
from broker.storage.tables.directory import accepted_identities, assignments, consents, identities, invitations, people, subjects
from broker.storage.tables.factors import factor_resets, factors, recovery_codes, terms
from broker.storage.tables.federations import federation_entities, federation_words
from broker.storage.tables.groups import group_assignments, group_members, group_owners, groups
from broker.storage.tables.history import (
    audit,
    audit_anchor,
    audit_personal,
    event_deliveries,
    outbox,
    receipts,
    refusals,
    subscriptions,
)
from broker.storage.tables.jobs import job_rows, jobs
from broker.storage.tables.questions import questions
from broker.storage.tables.reviews import review_items, reviews
from broker.storage.tables.setup_links import setup_links
from broker.storage.tables.shared import attempts, documents, keys, leases, listener_rests, metadata_fetches, used
from broker.storage.tables.sign_in import (
    access_tokens,
    api_tokens,
    codes,
    device_codes,
    grants,
    logins,
    logout_notices,
    mail_codes,
    parked,
    pushed_requests,
    refresh_answers,
    refresh_families,
    refresh_tokens,
    sessions,
)

__all__ = [
    "accepted_identities",
    "access_requests",
    "access_tokens",
    "administrator_links",
    "api_tokens",
    "assignments",
    "attempts",
    "audit",
    "audit_anchor",
    "audit_personal",
    "change_counter",
    "codes",
    "consents",
    "device_codes",
    "documents",
    "event_deliveries",
    "factor_resets",
    "factors",
    "federation_entities",
    "federation_words",
    "grants",
    "group_assignments",
    "group_members",
    "group_owners",
    "groups",
    "identities",
    "invitations",
    "job_rows",
    "jobs",
    "keys",
    "leases",
    "listener_rests",
    "logins",
    "logout_notices",
    "mail_codes",
    "metadata",
    "metadata_fetches",
    "outbox",
    "parked",
    "people",
    "pushed_requests",
    "questions",
    "receipts",
    "recovery_codes",
    "refresh_answers",
    "refresh_families",
    "refresh_tokens",
    "refusals",
    "removed_groups",
    "review_items",
    "reviews",
    "sessions",
    "setup_links",
    "subjects",
    "subscriptions",
    "terms",
    "used",
]
