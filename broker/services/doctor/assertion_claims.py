"""Finds what a partner's assertions lack: claims, verified addresses, the time of the sign-in, its strength."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from broker.connectors.mapping import DEFAULTS, wire_names
from broker.connectors.registry import FAMILIES
from broker.services.doctor.finding import Finding, Level, Side, ok
from broker.settings.federated_partner import FederatedPartner
from broker.settings.model import PartnerFile

Vouched = Sequence[Mapping[str, Any]]  # the steps of receipts in which the partner vouched, names only

_REUSED = frozenset(("mail", "email", "uid", "upn", "cn", "preferred_username", "eduPersonPrincipalName", "displayName", "name"))
_MFA_WORDS = re.compile(r"mfa|multi|otp|hwk|phr|fido|aal[23]", re.IGNORECASE)


def look(vouched: Vouched, forced: Sequence[bool], partner: PartnerFile) -> Iterator[Finding]:
    """forced: for each sign-in that required a fresh proof, whether auth_time arrived."""
    yield from _mapped(vouched, partner)
    yield from _left_out(vouched)
    yield from _subject(vouched, partner)
    yield from _address(vouched, partner)
    yield from _auth_time(vouched, forced)
    yield from _mfa(vouched, partner)


def _mapped(vouched: Vouched, partner: PartnerFile) -> Iterator[Finding]:
    """Claims of the file that never arrived under any of their names, or arrived in a type that cannot be used."""
    came = {name for step in vouched for name in step.get("arrived", [])}
    usable = {name for step in vouched for name in step.get("mapped", [])} | {"email", "name"}
    family = FAMILIES[partner.protocol]
    missing = 0
    for claim, source in partner.claims.items():
        names = wire_names(source, family.wire)
        if not came & {*names, *family.heads(source)}:
            missing += 1
            near = difflib.get_close_matches(source, came, n=3, cutoff=0.5)
            hint = f"; these are near: {', '.join(near)}" if near else ""
            yield Finding(
                Level.WARNING,
                "missing_claim",
                f"claims.{claim} reads {source}: in {len(vouched)} sign-ins it never came{hint}",
                f"one of {', '.join(names)}",
                Side.PARTNER,
                f"release it to our client, or map a name that does come: {_listed(came)}",
            )
        elif claim not in usable:
            missing += 1
            yield Finding(
                Level.WARNING,
                "unusable_claim",
                f"claims.{claim} reads {source}: it came, but never in a form that {claim} can take",
                "a text, number, list of texts or flat object",
                Side.PARTNER,
                f"release {source} in another form, or map another claim",
            )
    if not missing:
        custom = f"; all {len(partner.claims)} mapped ones came" if partner.claims else ""
        yield ok("claims", f"these names came: {_listed(came)}{custom}")


def _left_out(vouched: Vouched) -> Iterator[Finding]:
    """Claims that neither file nor rule names, and whose values could not be used: sign-ins continued without them (HS-29)."""
    names = {str(name) for step in vouched for name in step.get("left_out", [])}
    if names:
        yield Finding(
            Level.WARNING,
            "left_out",
            f"{_listed(names)} came with several values, or in a form that cannot be used, and nothing here names it: it was left out",
            "one plain value, where it is wanted",
            Side.PARTNER,
            "nothing, if nobody needs it; else send one value, and name the claim under claims: in the partner's file",
        )


def _subject(vouched: Vouched, partner: PartnerFile) -> Iterator[Finding]:
    """An identifier that the partner may give to another person later, who then gets the account (HS-28)."""
    forms = {str(step["subject_form"]) for step in vouched if step.get("subject_form")} - {"persistent"}
    source = partner.section.account_source
    reused = source in _REUSED
    if not forms and not reused:
        return
    what = f"saml.subject names {source}" if reused else f"the NameID that names the account has the format {_listed(forms)}"
    yield Finding(
        Level.WARNING,
        "subject",
        f"{what}: mostly a user name or an address, which a partner may give to another person later",
        "a persistent NameID, or an attribute that is never given to anybody else (pairwise-id, subject-id)",
        Side.PARTNER,
        "send a persistent NameID before the first guest signs in; our metadata and saml.name_id_format ask for it. Who is bound already is invited once more after the change",
    )


def _address(vouched: Vouched, partner: PartnerFile) -> Iterator[Finding]:
    """No address, or no verified one: invitations cannot be redeemed (HO-14)."""
    came = {name for step in vouched for name in step.get("arrived", [])}
    source = partner.claims.get("email", DEFAULTS["email"])
    family = FAMILIES[partner.protocol]
    cost = (
        "without a verified address no guest is bound at the first visit, and an invitation stays pending (invitation_identity)"
    )
    if not came & {*wire_names(source, family.wire), *family.heads(source)}:
        yield Finding(
            Level.PROBLEM,
            "email",
            f"no address ever came (claims.email reads {source}); {cost}",
            "the address of the person, inside `domains`",
            Side.PARTNER,
            "release the mail address to our client (scope email); on our side map the claim that holds it: claims.email",
        )
    elif any(step.get("email_verified") for step in vouched):
        yield ok("email", "addresses come, and count as verified")
    elif not partner.trust.email:
        yield Finding(
            Level.WARNING,
            "email",
            f"addresses come, but the file does not trust them; {cost}",
            "trust.email: true, if the partner is the authority for its people's addresses",
            Side.OURS,
            f"write trust: {{email: true}} and domains in {partner.file}"
            if not isinstance(partner, FederatedPartner)
            else f"write trust: {{email: true}} in {partner.file}",
        )
    elif "email_verified" in came:
        yield Finding(
            Level.WARNING,
            "email",
            f"addresses come, but email_verified was never true, or they lie outside {', '.join(partner.domains) or 'domains'}; {cost}",
            "email_verified: true (the boolean), and an address inside `domains`",
            Side.PARTNER,
            "send email_verified: true for addresses that you manage, or leave it out; complete domains on our side",
        )
    else:
        yield Finding(
            Level.WARNING,
            "email",
            f"addresses come without email_verified, and outside {', '.join(partner.domains) or 'domains'}; {cost}",
            "an address inside `domains`",
            Side.OURS,
            "complete domains with the domains that this partner is the authority for",
        )


def _auth_time(vouched: Vouched, forced: Sequence[bool]) -> Iterator[Finding]:
    """Whether auth_time arrives: max_age and prompt=login depend on it (HP-17)."""
    came = sum("auth_time" in step for step in vouched)
    useless = sum("auth_time" not in step and "auth_time" in step.get("arrived", []) for step in vouched)
    if useless:
        yield Finding(
            Level.PROBLEM if forced and not all(forced) else Level.WARNING,
            "auth_time",
            f"auth_time came in {useless} of {len(vouched)} sign-ins as 0 or as no time at all, which says nothing",
            "auth_time: the second of the sign-in, a number (Core 2)",
            Side.PARTNER,
            "send the time of the sign-in, or leave auth_time out where it is not known",
        )
        return
    if came == len(vouched):
        yield ok("auth_time", "every sign-in says when the person proved himself")
    elif forced and not all(forced):
        yield Finding(
            Level.PROBLEM,
            "auth_time",
            f"max_age was sent {len(forced)} times, and {forced.count(False)} times no auth_time came back",
            "auth_time whenever max_age is sent (Core 3.1.2.1)",
            Side.PARTNER,
            "switch auth_time on for our client: until then every application that asks for a fresh sign-in is refused (auth_time_missing)",
        )
    else:
        yield Finding(
            Level.WARNING,
            "auth_time",
            f"auth_time came in {came} of {len(vouched)} sign-ins; max_age was never sent, so it was not due",
            "auth_time, at least whenever max_age is sent",
            Side.PARTNER,
            "make sure that max_age is honoured: applications that use max_age or prompt=login depend on it",
        )


def _mfa(vouched: Vouched, partner: PartnerFile) -> Iterator[Finding]:
    """The acr and amr values that arrived, against those that the file accepts as multi-factor authentication (HO-15)."""
    came = {str(value) for step in vouched for value in (step.get("acr"), *step.get("amr", [])) if value}
    trusted = {*partner.trust.mfa}
    if trusted and not trusted & came:
        yield Finding(
            Level.WARNING,
            "mfa",
            f"trust.mfa names {', '.join(sorted(trusted))}, but what came was {_listed(came)}",
            "one of these as acr or amr after multi-factor authentication",
            Side.PARTNER,
            "send acr or amr for our client, or write in trust.mfa what does come",
        )
    elif not trusted and (strong := {value for value in came if _MFA_WORDS.search(value)}):
        yield Finding(
            Level.WARNING,
            "mfa",
            f"{_listed(strong)} came, but trust.mfa is empty: the partner's multi-factor authentication never counts",
            "trust.mfa with the values that mean multi-factor authentication there",
            Side.OURS,
            f"ask the partner what they stand for, then write trust: {{mfa: [{', '.join(sorted(strong))}]}}",
        )
    else:
        yield ok("mfa", f"acr and amr that came: {_listed(came)}")


def _listed(names: set[str]) -> str:
    shown = sorted(names)
    return ", ".join(shown[:30]) + (f" and {len(shown) - 30} more" if len(shown) > 30 else "") if shown else "none"
