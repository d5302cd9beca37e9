"""Pages about who has access, for the gallery: requests, reviews and groups, and the form that asks."""

from __future__ import annotations

from typing import Any

from broker.domain.access_request import RequestState
from broker.domain.review import AccessSource, Asked, ItemOutcome, ReviewState, Verdict
from broker.services.access.rule_preview import RuleChange, RuleEffect, RulePreview
from broker.services.access.views import GroupRow, GroupUses, MemberView
from broker.services.access_requests.views import HeldAccess, RequestView
from broker.services.reviews.views import ReviewItemView, ReviewRow
from tests.browser.sample import NOW, Sample

ACCESS = (
    "question-access", "question-sign-up", "admin-requests", "admin-requests-empty", "admin-request", "admin-request-sign-up", "admin-request-wrong",
    "admin-request-approved", "admin-reviews", "admin-reviews-empty", "admin-review", "admin-review-closed", "admin-groups", "admin-group",
    "admin-group-rule", "admin-group-delete", "admin-group-in-use",
)  # fmt: skip
DAY = 86_400
ID = "7f3b6f0e-6f6f-4b7e-9d7c-2c1d54b9a0c1"
REASON = "Lena is away in December.\nI sign off the hours for her."
ASKED = RequestView(
    id=ID, state=RequestState.OPEN, person_id=ID, email="gerda@fabrikam.example", name="Gerda Guest", is_member=False, partner="Fabrikam",
    since=NOW - 200 * DAY, last_sign_in=NOW - 3600, application="payroll", application_name="Payroll", role="approver", reason=REASON, signed_up=False, attributes={},
    wanted_until=NOW + 30 * DAY, created_at=NOW - 2 * DAY, expires_at=NOW + 12 * DAY, decided_at=None, decided_by="", ends_at=None, answer="",
)  # fmt: skip
APPROVED = RequestView(
    **{name: getattr(ASKED, name) for name in ASKED.__slots__}
    | {"state": RequestState.APPROVED, "decided_at": NOW, "decided_by": "bob@contoso.example", "ends_at": NOW + 30 * DAY, "answer": "Welcome."}
)  # fmt: skip
SIGNED_UP = RequestView(
    **{name: getattr(ASKED, name) for name in ASKED.__slots__}
    | {"signed_up": True, "attributes": {"company": "Fabrikam", "phone": "+31 20 123 4567"}, "last_sign_in": None, "since": NOW - 2 * DAY, "wanted_until": None}
)  # fmt: skip
GROUP = GroupRow(
    id=ID, name="Lisbon project", rule=None, partner=None, owners=("gerda.lund@contoso.example", "bob@contoso.example"), created_at=NOW - 90 * DAY,
    member_count=2,
)  # fmt: skip
RULED = GroupRow(
    id=ID, name="Fabrikam finance", rule='partner = fabrikam and groups contains "finance"', partner="fabrikam", owners=(), created_at=NOW,
    member_count=12,
)  # fmt: skip
WORDS = [{"field": "words", "message": "Write one sentence, so that they know why."}]


def _review(**values: Any) -> ReviewRow:
    plain = {
        "id": ID, "application": "payroll", "application_name": "Payroll", "asks": Asked.SPONSORS, "state": ReviewState.RUNNING,
        "created_at": NOW - 5 * DAY, "due_at": NOW + 5 * DAY, "closed_at": None, "reminded_at": None, "by_rule": 3, "kept": 19, "ended": 5,
        "undecided": 14,
    }  # fmt: skip
    return ReviewRow(**{**plain, **values})


def _item(name: str, **values: Any) -> ReviewItemView:
    plain = {
        "id": name.lower(), "person_id": ID, "email": f"{name.lower()}@fabrikam.example", "name": f"{name} Fabrik", "partner": "Fabrikam",
        "sponsor": "alice@contoso.example", "source": AccessSource.ASSIGNMENT, "application": "payroll", "role": "viewer", "group": "",
        "since": NOW - 100 * DAY, "last_used": NOW - 7200, "reviewer": "alice@contoso.example", "verdict": None, "decided_at": None,
        "decided_by": "", "outcome": None,
    }  # fmt: skip
    return ReviewItemView(**{**plain, **values})


ITEMS = (
    _item("Ada", verdict=Verdict.KEEP, decided_by="alice@contoso.example"),
    _item("Bo", last_used=None),
    _item(
        "Tom",
        source=AccessSource.MEMBERSHIP,
        group="Lisbon project",
        role="",
        last_used=NOW - 60 * DAY,
        reviewer="bob@contoso.example",
    ),
)
CLOSED = (
    _item("Ada", verdict=Verdict.KEEP, outcome=ItemOutcome.KEPT),
    _item("Bo", outcome=ItemOutcome.ENDED),
    _item("Tom", outcome=ItemOutcome.GONE),
    _item("Uma", outcome=ItemOutcome.RENEWED),
)


TOLD = [
    {"label": "Guest", "value": "Not yet. If you approve, they become one."},
    {"label": "Company", "value": "Fabrikam"},
    {"label": "Telephone number", "value": "+31 20 123 4567"},
]


def asking_samples(form: dict[str, Any]) -> dict[str, Sample]:
    """The page of the owner who answers by e-mail."""
    question = {
        **form,
        "title": "May Gerda Guest use Payroll?",
        "lines": ["Gerda Guest (gerda@fabrikam.example) asks for access. They wrote:", "If nobody answers, the request expires."],
        "choices": [{"answer": "approve", "label": "Approve"}, {"answer": "refuse", "label": "Refuse"}],
        "fields": {"until": "2026-12-31", "words": ""},
        "quoted": REASON,
        "errors": WORDS,
    }
    return {
        "question-access": Sample("question.html", "question", question),
        "question-sign-up": Sample("question.html", "question", {**question, "errors": [], "details": TOLD}),
    }


def request_samples(frame: dict[str, Any]) -> dict[str, Sample]:
    """Requests in the portal. frame: of the place Requests."""
    views = [
        {"name": name, "url": "?", "current": name == "Open", "count": count}
        for name, count in (("Open", "2"), ("Approved", "118"), ("Refused", "9"), ("Expired", "0"))
    ]
    listed = {
        **frame, "state": "open", "views": views, "waiting": 2, "requests": [ASKED, ASKED], "request_url": "/admin/requests", "next_url": "?",
        "first_url": "", "said": "",
    }  # fmt: skip
    one = {
        **frame, "asked": ASKED, "attributes": [], "held": [HeldAccess(role="viewer", group="", ends_at=NOW + 90 * DAY)], "colleagues": (3, 14), "is_open": True,
        "may_answer": True, "until": "2026-06-16", "words": "", "first_day": "2026-05-18", "latest_day": "2026-08-15", "errors": [],
        "back_url": "/admin/requests",
    }  # fmt: skip
    return {
        "admin-requests": Sample("admin_requests.html", "admin-requests", {**listed, "said": "Approved. The person has an e-mail with the link."}),
        "admin-requests-empty": Sample("admin_requests.html", "admin-requests", {**listed, "requests": [], "waiting": 0, "next_url": ""}),
        "admin-request": Sample("admin_request.html", "admin-request", one),
        "admin-request-sign-up": Sample("admin_request.html", "admin-request", {**one, "asked": SIGNED_UP, "attributes": TOLD[1:], "held": [], "until": ""}),
        "admin-request-wrong": Sample("admin_request.html", "admin-request", {**one, "errors": WORDS}),
        "admin-request-approved": Sample("admin_request.html", "admin-request", {**one, "asked": APPROVED, "is_open": False}),
    }  # fmt: skip


def review_samples(frame: dict[str, Any]) -> dict[str, Sample]:
    """Reviews in the portal. frame: of the place Reviews."""
    listed = {
        **frame, "reviews": [_review(), _review(application_name="", state=ReviewState.CLOSED, undecided=0)], "running": 1, "may_start": True,
        "may_start_all": True, "applications": [("Payroll", "payroll"), ("Travel", "travel")],
        "form": {"application": "payroll", "due": "2026-06-01", "asks": "sponsors"}, "errors": [], "next_url": "", "first_url": "", "said": "",
    }  # fmt: skip
    views = [
        {"name": name, "url": "?", "current": name == "All", "count": count}
        for name, count in (("Yours", "6"), ("Open", "14"), ("All", "38"))
    ]
    one = {
        **frame, "review": _review(), "items": ITEMS, "names": {"payroll": "Payroll"}, "views": views, "now": NOW, "own": 6, "reviewers": 3,
        "is_open": True, "may_decide_all": True, "me": "alice@contoso.example", "export_url": "?", "remind_url": "?", "back_url": "?",
        "next_url": "?", "first_url": "", "said": "Decisions recorded: 2. They take effect at the due date, and can change until then.",
    }  # fmt: skip
    over = {"items": CLOSED, "is_open": False, "said": "", "review": _review(state=ReviewState.CLOSED, closed_at=NOW, by_rule=0)}
    return {
        "admin-reviews": Sample("admin_reviews.html", "admin-reviews", listed),
        "admin-reviews-empty": Sample(
            "admin_reviews.html", "admin-reviews", {**listed, "reviews": [], "running": 0, "may_start": False}
        ),
        "admin-review": Sample("admin_review.html", "admin-review", one),
        "admin-review-closed": Sample("admin_review.html", "admin-review", {**one, **over}),
    }


def group_samples(frame: dict[str, Any]) -> dict[str, Sample]:
    """Groups in the portal. frame: of the place Groups."""
    listed = {
        **frame, "groups": [GROUP, RULED], "may_create": True, "form": {"name": "", "rule": ""}, "errors": [], "next_url": "", "first_url": "",
        "said": "",
    }  # fmt: skip
    people = [
        MemberView(id=f"{ID[:-1]}{n}", email=f"{name.lower()}@fabrikam.example", name=f"{name} Fabrik", since=NOW - n * DAY)
        for n, name in enumerate(("Ada", "Bo"))
    ]
    one = {
        **frame, "group": GROUP, "members": people, "opens": [{"name": "Project wiki", "url": "/x"}, {"name": "Travel and expenses", "url": ""}], "now": NOW, "may_fill": True,
        "may_keep": True, "form": {"email": "", "owner": ""}, "errors": [], "path": "/admin/groups/1", "back_url": "/admin/groups", "next_url": "",
        "first_url": "", "said": "People added: 1.",
    }  # fmt: skip
    changes = (
        RuleChange(
            person_id="1", email="mei@fabrikam.example", name="Mei Tanaka", effect=RuleEffect.JOIN, because=("groups: matched",)
        ),
        RuleChange(
            person_id="2", email="tom@fabrikam.example", name="Tom Adler", effect=RuleEffect.LEAVE, because=("groups: differs",)
        ),
    )
    preview = RulePreview(
        rule='partner = fabrikam and groups contains "lisbon"',
        stay=9,
        join=3,
        leave=1,
        looked_at=5000,
        is_whole=False,
        changes=changes,
    )
    rule = {**frame, "group": RULED, "draft": preview.rule, "preview": preview, "may_keep": True, "errors": [], "back_url": "?"}
    end = {**frame, "group": GROUP, "uses": GroupUses(policies=(), applications=(), members=2), "back_url": "?"}
    used = GroupUses(policies=("nda",), applications=("payroll",), members=2)
    return {
        "admin-groups": Sample("admin_groups.html", "admin-groups", listed),
        "admin-group": Sample("admin_group.html", "admin-group", one),
        "admin-group-rule": Sample("admin_group_rule.html", "admin-group-rule", rule),
        "admin-group-delete": Sample("admin_group_delete.html", "admin-group-delete", end),
        "admin-group-in-use": Sample("admin_group_delete.html", "admin-group-delete", {**end, "uses": used}),
    }
