"""config/broker.yaml: the broker itself. Every default is the closed one, or the one the contract names."""

from __future__ import annotations

import re
from email.headerregistry import Address
from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field

from broker.settings.errors import Wrong
from broker.settings.values import (
    Contact,
    Domain,
    Duration,
    Email,
    File,
    Grace,
    HeaderName,
    HostOrNetwork,
    Issuer,
    Link,
    Listed,
    Mailbox,
    Network,
    Origin,
    Section,
    StaffOrGroup,
    Text,
    Version,
)
from broker.settings.webhook_section import Webhooks

Language = Literal["en", "nl", "de", "fr"]
LANGUAGES: tuple[Language, ...] = ("en", "nl", "de", "fr")
_SMTP = re.compile(r"(smtp|smtps|smtp\+starttls)://([^/?#@\s]+@)?(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._-]+)(:[0-9]{1,5})?/?")


def _database(value: str) -> str:
    if re.fullmatch(r"sqlite:///[^?#]+", value) or re.fullmatch(r"postgresql\+psycopg://[^\s]+", value):
        return value
    if re.match(r"postgres(ql)?(\+\w+)?:", value):
        raise Wrong(
            "names another driver; write postgresql+psycopg://USER:PASSWORD@HOST/DATABASE"
        )  # no value: it holds a password
    raise Wrong("is no database we know; write sqlite:///var/broker.db or postgresql+psycopg://USER:PASSWORD@HOST/DATABASE")


def _server(value: str) -> str:
    if value.startswith("folder:") and value.removeprefix("folder:").strip("/ "):
        return value
    match = _SMTP.fullmatch(value)
    if match is None or (match[4] and not 0 < int(match[4][1:]) < 65536):
        raise Wrong("is no mail server; write smtp://HOST:PORT, smtps://, smtp+starttls:// or folder:var/mail")
    return value


def _languages(value: tuple[Language, ...]) -> tuple[Language, ...]:
    if not value:
        raise Wrong("is empty; write at least one of en, nl, de, fr")
    return value


class Organization(Section):
    """Who invites: shown on pages and in mails."""

    name: Text = Field(description="The company's name, as guests know it.", examples=["Contoso"])
    support_url: Contact | None = Field(default=None, description="Where a guest gets help: https:, mailto: or tel:.")
    privacy_url: Link | None = Field(default=None, description="The privacy statement.")


class MailSettings(Section):
    """How invitations leave."""

    sender: Mailbox | None = Field(
        default=None, alias="from", description="The From of every mail; by default no-reply at the issuer's host."
    )
    server: Annotated[Text, AfterValidator(_server)] = Field(
        default="folder:var/mail",
        repr=False,
        description="smtp://, smtps://, smtp+starttls://, or folder:PATH for one .eml a message.",
    )


class InvitationSettings(Section):
    """Who may be invited, and for how long a link lives."""

    lifetime: Duration = Field(default="30d", validate_default=True, description="How long an invitation can be redeemed.")
    allow_domains: Listed[Domain] = Field(default=(), description="If given, only addresses of these domains can be invited.")
    deny_domains: Listed[Domain] = Field(default=(), description="Addresses of these domains are never invited.")
    redirect_origins: Listed[Origin] = Field(
        default=(),
        description="Origins (https://HOST) that an invitation may lead to, in addition to those of applications and our pages.",
        examples=[["https://intranet.contoso.example"]],
    )


class GuestSettings(Section):
    """What holds for every guest."""

    email_one_time_code: bool = Field(
        default=True, description="Guests without an identity provider prove themselves by a code sent by mail."
    )
    lifetime: Duration | None = Field(
        default=None, description="Access ends after this time unless it is renewed; null: it does not end."
    )
    inactive: Duration | None = Field(
        default=None, description="Access ends after this time without a sign-in; null: it does not end, and is only reported."
    )
    sponsor_required: bool = Field(default=False, description="Access ends when nobody has answered for a guest for 30 days.")
    restore: Duration = Field(
        default="30d",
        validate_default=True,
        description="For so long after its end an access can be restored; then the guest's personal data is deleted.",
    )


class TermsOfUse(Section):
    """What guests accept before they get in."""

    version: Version = Field(description="Guests accept each new version.", examples=["2026-01"])
    file: File = Field(description="The text, Markdown, relative to the home.", examples=["config/terms.md"])


class SessionSettings(Section):
    """How long one sign-in in one browser lasts."""

    lifetime: Duration = Field(default="12h", validate_default=True, description="Over at the latest after this time.")
    idle: Duration = Field(default="1h", validate_default=True, description="Over after this time without use.")


class TokenSettings(Section):
    """How long what applications hold is good."""

    access: Duration = Field(default="10m", validate_default=True, description="Access tokens.")
    id: Duration = Field(default="10m", validate_default=True, description="ID tokens.")
    refresh: Duration = Field(default="30d", validate_default=True, description="The absolute end of a family of refresh tokens.")
    refresh_idle: Duration = Field(
        default="7d", validate_default=True, description="A refresh token that is not used for this time is over."
    )
    refresh_grace: Grace = Field(
        default="30s",
        validate_default=True,
        description="A refresh token that was just replaced gets the same response again for this time, at most 5m; 0: never. Not for public clients.",
    )


class Roles(Section):
    """Members who may do a part of what administrators do: addresses, or the members of a group as group:NAME."""

    guest_inviters: Listed[StaffOrGroup] = Field(default=(), description="May invite guests.")
    help_desk: Listed[StaffOrGroup] = Field(default=(), description="May look at guests and sign-ins, and help them.")
    auditors: Listed[StaffOrGroup] = Field(default=(), description="May read everything, and change nothing.")


class Retention(Section):
    """How long records are kept."""

    receipts: Duration = Field(default="30d", validate_default=True, description="The explained records of sign-ins.")
    audit: Duration = Field(default="400d", validate_default=True, description="Audit events.")


class NetworkRules(Section):
    """Trusted proxies and allowed outbound targets."""

    trusted_proxies: Listed[Network] = Field(default=(), description="Addresses whose X-Forwarded-* are believed.")
    client_certificate_header: HeaderName | None = Field(
        default=None,
        description="The header in which a trusted proxy passes the certificate of a TLS client (RFC 8705); null: none is read.",
        examples=["Client-Cert"],
    )
    allow_private_addresses: Listed[HostOrNetwork] = Field(
        default=(),
        description="Hosts and networks, with a port or without, that may be called although private, and by http:; for a partner or application whose own URL is among them.",
    )
    metrics_from: Listed[Network] = Field(default=("127.0.0.0/8", "::1"), description="Addresses that may read /metrics.")


class BrokerFile(Section):
    """config/broker.yaml."""

    issuer: Issuer = Field(
        description="The public base URL, exact. http:// only for loopback hosts.", examples=["https://login.contoso.example"]
    )
    organization: Organization = Field(
        default_factory=lambda data: Organization(name=urlsplit(data.get("issuer", "")).hostname or "broker"),
        description="Who invites; by default named after the issuer's host.",
    )
    database: Annotated[Text, AfterValidator(_database)] = Field(
        default="sqlite:///var/broker.db",
        repr=False,
        description="sqlite:///PATH, or postgresql+psycopg://USER:PASSWORD@HOST/DATABASE.",
    )
    administrators: Listed[Email] = Field(default=(), description="Members with these verified addresses run the admin portal.")
    roles: Roles = Field(default_factory=Roles, description="Members who may do a part of what administrators do.")
    mail: MailSettings = Field(default_factory=MailSettings, description="How invitations leave.")
    invitations: InvitationSettings = Field(default_factory=InvitationSettings, description="Who may be invited.")
    guests: GuestSettings = Field(default_factory=GuestSettings, description="What holds for every guest.")
    terms_of_use: TermsOfUse | None = Field(default=None, description="What guests accept before they get in.")
    sessions: SessionSettings = Field(default_factory=SessionSettings, description="How long one sign-in lasts.")
    tokens: TokenSettings = Field(default_factory=TokenSettings, description="How long what applications hold is good.")
    languages: Annotated[Listed[Language], AfterValidator(_languages)] = Field(
        default=LANGUAGES, description="The first is the fallback."
    )
    retention: Retention = Field(default_factory=Retention, description="How long records are kept.")
    webhooks: Webhooks = Field(default=(), description="Receivers of signed notices of guest events.")
    network: NetworkRules = Field(default_factory=NetworkRules, description="Trusted proxies and allowed outbound targets.")

    @property
    def mail_from(self) -> str:
        """The From of every mail."""
        if self.mail.sender is not None:
            return self.mail.sender
        return str(Address(display_name=self.organization.name, username="no-reply", domain=urlsplit(self.issuer).hostname or ""))
