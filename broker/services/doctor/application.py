"""Examines an application: its file, its keys, who may use it, and the refusals with their reasons (FC-02)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from broker.connectors.oidc.discovery import fetch_issuer, fetch_jwks
from broker.domain.errors import PartnerFailed
from broker.domain.receipt import Outcome, Receipt
from broker.domain.subscription import Subscription
from broker.domain.times import iso
from broker.provider.client_certificate import METHODS
from broker.services.doctor import advice
from broker.services.doctor.finding import Finding, Level, Side, ok
from broker.services.operations.catalog import policies_of
from broker.services.partners.provider_probe import Watching
from broker.settings.application_file import ApplicationFile
from broker.settings.load import Settings
from broker.settings.pending import PENDING
from broker.storage.delivery.delivery_queue import DeliveryCounts

NEWEST = 50
NOTICE_DAYS = 7
_HOW = {
    "public": "a public client, PKCE required",
    "secret": "a client_secret",
    "private_key_jwt": "private_key_jwt",
    "trusted_issuer": "tokens of trusted_issuers",
    **{name: name for name in METHODS},
}


@dataclass(frozen=True, slots=True)
class ApplicationReport:
    """All findings about one application, the worst first."""

    id: str
    name: str
    redirect_uris: tuple[str, ...]
    findings: tuple[Finding, ...]

    @property
    def is_well(self) -> bool:
        """Whether there is no problem."""
        return not any(finding.level is Level.PROBLEM for finding in self.findings)

    @property
    def head(self) -> str:
        """The first line of the report."""
        return f"{self.name} ({self.id}), application"

    def to_json(self) -> dict[str, Any]:
        """For `--json`."""
        found = [finding.to_json() for finding in self.findings]
        names = {"id": self.id, "name": self.name, "redirect_uris": list(self.redirect_uris)}
        return {**names, "ok": self.is_well, "findings": found}


@dataclass(frozen=True, slots=True, kw_only=True)
class ApplicationRecords:
    """The records of the database. refusals: of the log, newest first. assigned: whether anybody is assigned.

    notices: of logout, of the last days.
    """

    receipts: Sequence[Receipt]
    refusals: Sequence[Mapping[str, Any]]
    assigned: bool
    notices: DeliveryCounts


def look(settings: Settings, file: ApplicationFile, known: ApplicationRecords, http: Watching | None) -> Iterator[Finding]:
    """All findings. http: None if nothing is fetched."""
    yield from _paper(file)
    if file.jwks_uri is not None and http is not None:
        yield _keys(str(file.jwks_uri), http)
    if http is not None:
        yield from (_issuer(one, http) for one in dict.fromkeys(trusted.issuer for trusted in file.trusted_issuers))
    yield from _access(file, known)
    yield from _policies(settings, file)
    yield from _told_of_logout(file, known.notices)
    yield from _past(known)


def _paper(file: ApplicationFile) -> Iterator[Finding]:
    name = f"config/applications/{file.client_id}.yaml"
    count = len(file.redirect_uris)
    yield ok("file", f"{name}: {_HOW[file.client_type]}; {count} redirect {'URI' if count == 1 else 'URIs'}")
    if not file.redirect_uris and not file.api_permissions:
        yield Finding(
            Level.PROBLEM,
            "redirect_uris",
            f"{name}: no redirect_uris, so nobody can sign in",
            "the address at which the application takes the answer, character for character",
            Side.OURS,
            "write redirect_uris",
        )
    if file.redirect_uris and file.launch_url is None:
        yield ok("launch_url", f"{name}: no launch_url, so there is no tile at /apps")
    for entry in PENDING:
        key = entry.path.split(".")[0]
        if entry.kind == "application" and getattr(file, key) != type(file).model_fields[key].get_default(
            call_default_factory=True, validated_data={}
        ):
            yield Finding(
                Level.WARNING,
                entry.path,
                f"{name}: {entry.path} has no effect yet: {entry.missing}",
                "",
                Side.OURS,
                "do not rely on it",
            )


def _keys(url: str, http: Watching) -> Finding:
    try:
        count = len(fetch_jwks(http, url)[0]["keys"])
    except PartnerFailed as error:
        said = advice.OF_APPLICATIONS["client_jwks_unavailable"]
        return Finding(Level.PROBLEM, "jwks_uri", f"{error.reason}: {error.detail}", said.expected, said.side, said.change)
    return ok("jwks_uri", f"{url} answers, {count} {'key' if count == 1 else 'keys'}")


def _issuer(issuer: str, http: Watching) -> Finding:
    try:
        count = len(fetch_jwks(http, fetch_issuer(http, issuer)[0]["jwks_uri"])[0]["keys"])
    except PartnerFailed as error:
        said = advice.OF_APPLICATIONS["client_issuer_unavailable"]
        return Finding(Level.PROBLEM, "trusted_issuers", f"{error.reason}: {error.detail}", said.expected, said.side, said.change)
    return ok("trusted_issuers", f"{issuer} answers, {count} {'key' if count == 1 else 'keys'}")


def _access(file: ApplicationFile, known: ApplicationRecords) -> Iterator[Finding]:
    if not file.assignment_required:
        yield ok("assignments", "every guest may use it (assignment_required: false)")
    elif known.assigned:
        yield ok("assignments", "only assigned guests and groups may use it")
    else:
        yield Finding(
            Level.PROBLEM,
            "assignments",
            "assignment_required is true and nobody is assigned, so no guest gets in",
            "an assignment",
            Side.OURS,
            f"broker assign {file.client_id} GUEST-OR-GROUP",
        )


def _policies(settings: Settings, file: ApplicationFile) -> Iterator[Finding]:
    about = [f"{policy.id} ({policy.state})" for policy in policies_of(settings.policies.values(), file.client_id)]
    yield ok("policies", ", ".join(about) if about else "no policy speaks of it")


def _told_of_logout(file: ApplicationFile, known: DeliveryCounts) -> Iterator[Finding]:
    """Whether it hears of ended sessions (Back-Channel Logout 2.5)."""
    if file.backchannel_logout_uri is None:
        return
    check, url = "backchannel_logout_uri", str(file.backchannel_logout_uri)
    expected = f"a POST to {url} is answered with 200 within ten seconds"
    change = "correct the application's endpoint, or backchannel_logout_uri in its file"
    counts = f"{known.delivered} arrived, {known.waiting} wait, {known.given_up} given up in {NOTICE_DAYS} days"
    if known.problem and (known.waiting or known.given_up):
        since = f" since {iso(known.waiting_since)}" if known.waiting_since is not None else ""
        seen = f"notices of logout do not arrive{since}: {known.problem} ({counts})"
        yield Finding(Level.PROBLEM if known.waiting else Level.WARNING, check, seen, expected, Side.APPLICATION, change)
    else:
        yield ok(check, f"notices of logout: {counts}")


def subscribed(known: Sequence[tuple[Subscription, DeliveryCounts]]) -> Iterator[Finding]:
    """Whether its subscriptions are notified, one finding each."""
    for one, counts in known:
        seen = (
            f"subscription {one.id} to {one.resource}, until {iso(one.expires_at)}: {counts.delivered} delivered, "
            f"{counts.waiting} wait, {counts.given_up} given up in {NOTICE_DAYS} days"
        )
        if counts.problem and (counts.waiting or counts.given_up):
            yield Finding(
                Level.WARNING,
                "subscriptions",
                f"{seen}; {counts.problem}",
                "the receiver answers each POST with 202 within ten seconds",
                Side.APPLICATION,
                "correct the receiver, then read the people again: what was given up is not sent again",
            )
        else:
            yield ok("subscriptions", seen)


def _past(known: ApplicationRecords) -> Iterator[Finding]:
    """A summary of sign-ins; refusals are problems until a sign-in succeeds after them."""
    if not known.receipts:
        yield ok("sign_ins", "nobody has signed in here yet, or the receipts are gone (retention.receipts)")
    else:
        number = {outcome: sum(receipt.outcome is outcome for receipt in known.receipts) for outcome in Outcome}
        counts = ", ".join(f"{count} {outcome.value}" for outcome, count in number.items() if count)
        yield ok("sign_ins", f"the newest {len(known.receipts)}: {counts}")
    success = max((receipt.at for receipt in known.receipts if receipt.outcome is Outcome.ALLOWED), default=0)
    yield from _refusals(known.refusals, success)


def _refusals(rows: Sequence[Mapping[str, Any]], success: int) -> Iterator[Finding]:
    """One finding for each reason and sent value, newest first."""
    found: dict[tuple[str, str], list[Mapping[str, Any]]] = {}
    for row in rows:
        found.setdefault((row["reason"], (row["facts"] or {}).get("sent", "")), []).append(row)
    for (reason, sent), same in found.items():
        newest, said = same[0], advice.of(reason)
        times = "once" if len(same) == 1 else f"{len(same)} times"
        seen = f"{reason} {times}, last {iso(newest['at'])} ({newest['request_id']})" + (f"; sent: {sent}" if sent else "")
        registered = ", ".join((newest["facts"] or {}).get("registered", ()))
        expected = said.expected + (f"; registered: {registered}" if registered else "")
        over = said.rule or success > newest["at"]
        yield Finding(Level.WARNING if over else Level.PROBLEM, "refused", seen, expected, said.side, said.change)
