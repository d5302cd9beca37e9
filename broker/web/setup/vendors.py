"""How our values are entered at the identity providers that most partners have: the data of the page, a line a step.

The names of a provider's own menus and fields stay English, as its documentation has them. An administrator's guide a provider is in
docs/partners.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from broker.web.i18n import _

OPEN = _("Open %(path)s.")
CHOOSE = _("Choose %(choice)s.")
ENTER = _("Enter at %(field)s: %(value)s")
IMPORT = _("At %(path)s, import our metadata file: %(metadata)s")
SEND = _("At %(path)s, send the e-mail address as %(mail)s and the name as %(name)s.")
SUBJECT = _("At %(path)s, send an identifier that never goes to another person: %(choice)s.")
ASSIGN = _("At %(path)s, choose the people who may come to us.")
COPY = _("At %(path)s, copy %(what)s: we need it from you.")
ENDS = _("Note the day on which the secret ends: nobody can sign in after it.")

REDIRECT, ENTITY, ACS, SLO, METADATA = "redirect", "entity", "acs", "slo", "metadata"  # our values, by which a step names them

Step = tuple[str, dict[str, str]]


def enter(place: str, value: str) -> Step:
    """A value of ours into a field of theirs."""
    return ENTER, {"field": place, "value": value}


def at(text: str, path: str, **more: str) -> Step:
    """A step at a place of their console."""
    return text, {"path": path, **more}


@dataclass(frozen=True, slots=True, kw_only=True)
class Vendor:
    """One product. ways: the steps, by the protocol's section of a partner's file; none over a protocol that we do not advise there."""

    key: str
    name: str
    ways: Mapping[str, tuple[Step, ...]]


ENTRA = Vendor(
    key="entra",
    name="Microsoft Entra ID",
    ways={
        "oidc": (
            at(OPEN, "Entra admin center > App registrations > New registration"),
            (CHOOSE, {"choice": "Supported account types: Accounts in this organizational directory only"}),
            enter("Redirect URI (Web)", REDIRECT),
            at(COPY, "Overview", what="Application (client) ID, Directory (tenant) ID"),
            at(COPY, "Certificates & secrets > New client secret", what="Value"),
            (ENDS, {}),
            (CHOOSE, {"choice": "Token configuration > Add optional claim > ID: email, auth_time"}),
            at(ASSIGN, "Enterprise applications > Properties > Assignment required, Users and groups"),
        ),
        "saml": (
            at(OPEN, "Entra admin center > Enterprise applications > New application > Create your own application"),
            (CHOOSE, {"choice": "Single sign-on > SAML"}),
            enter("Identifier (Entity ID)", ENTITY),
            enter("Reply URL (Assertion Consumer Service URL)", ACS),
            at(SUBJECT, "Attributes & Claims > Unique User Identifier", choice="Persistent, user.objectid"),
            at(SEND, "Attributes & Claims", mail="mail = user.mail", name="displayName = user.displayname"),
            at(COPY, "SAML Certificates", what="App Federation Metadata Url"),
            at(ASSIGN, "Users and groups"),
        ),
    },
)
OKTA = Vendor(
    key="okta",
    name="Okta",
    ways={
        "oidc": (
            at(OPEN, "Admin Console > Applications > Create App Integration"),
            (CHOOSE, {"choice": "OIDC - OpenID Connect, Web Application, Authorization Code"}),
            enter("Sign-in redirect URIs", REDIRECT),
            at(ASSIGN, "Assignments"),
            at(COPY, "General", what="Client ID, Client secret"),
        ),
        "saml": (
            at(OPEN, "Admin Console > Applications > Create App Integration"),
            (CHOOSE, {"choice": "SAML 2.0"}),
            enter("Single sign-on URL", ACS),
            enter("Audience URI (SP Entity ID)", ENTITY),
            at(SUBJECT, "Name ID format, Application username", choice="Persistent"),
            at(SEND, "Attribute Statements", mail="mail = user.email", name="displayName = user.displayName"),
            at(ASSIGN, "Assignments"),
            at(COPY, "Sign On > SAML 2.0", what="Metadata URL"),
        ),
    },
)
GOOGLE = Vendor(
    key="google",
    name="Google Workspace",
    ways={
        "oidc": (
            at(OPEN, "Google Cloud console > Google Auth Platform"),
            (CHOOSE, {"choice": "Audience: Internal"}),
            at(OPEN, "Clients > Create client > Web application"),
            enter("Authorized redirect URIs", REDIRECT),
            at(COPY, "Clients", what="Client ID, Client secret"),
        ),
        "saml": (
            at(OPEN, "Google Admin console > Apps > Web and mobile apps > Add app > Add custom SAML app"),
            at(COPY, "Google Identity Provider details", what="IdP metadata (Download)"),
            enter("ACS URL", ACS),
            enter("Entity ID", ENTITY),
            (CHOOSE, {"choice": "Signed response"}),
            at(SUBJECT, "Name ID", choice="PERSISTENT"),
            at(SEND, "Attributes", mail="mail = Primary email", name="displayName = First name"),
            at(ASSIGN, "User access"),
        ),
    },
)
AD_FS = Vendor(
    key="ad-fs",
    name="AD FS",
    ways={
        "saml": (
            at(OPEN, "AD FS Management > Relying Party Trusts > Add Relying Party Trust > Claims aware"),
            (IMPORT, {"path": "Import data about the relying party published online", "metadata": METADATA}),
            at(ASSIGN, "Access Control Policy"),
            at(SUBJECT, "Edit Claim Issuance Policy", choice="primarysid -> nameidentifier, persistent"),
            at(SEND, "Edit Claim Issuance Policy", mail="emailaddress", name="name"),
            (CHOOSE, {"choice": "Properties > Advanced > SHA-256"}),
            at(COPY, "https://HOST/FederationMetadata/2007-06/FederationMetadata.xml", what="URL"),
        ),
    },
)
KEYCLOAK = Vendor(
    key="keycloak",
    name="Keycloak",
    ways={
        "oidc": (
            at(OPEN, "Clients > Create client > OpenID Connect"),
            (CHOOSE, {"choice": "Client authentication: On, Standard flow"}),
            enter("Valid redirect URIs", REDIRECT),
            at(COPY, "Credentials", what="Client Secret"),
            at(COPY, "Realm settings > OpenID Endpoint Configuration", what="issuer"),
        ),
        "saml": (
            at(OPEN, "Clients > Create client > SAML"),
            enter("Client ID", ENTITY),
            enter("Valid redirect URIs", ACS),
            enter("Master SAML Processing URL", ACS),
            at(SUBJECT, "Settings > Name ID format, Force name ID format: On", choice="persistent"),
            at(SEND, "Client scopes > Mappers > User Property", mail="mail = email", name="displayName = firstName"),
            at(COPY, "Realm settings > SAML 2.0 Identity Provider Metadata", what="URL"),
        ),
    },
)
SHIBBOLETH = Vendor(
    key="shibboleth",
    name="Shibboleth",
    ways={
        "saml": (
            (IMPORT, {"path": "conf/metadata-providers.xml (FileBackedHTTPMetadataProvider, metadataURL)", "metadata": METADATA}),
            enter("conf/attribute-filter.xml (AttributeFilterPolicy, Requester)", ENTITY),
            at(SEND, "conf/attribute-filter.xml", mail="mail", name="displayName"),
            at(SUBJECT, "conf/attribute-filter.xml, conf/saml-nameid.xml", choice="samlPairwiseID, persistent"),
            at(COPY, "https://HOST/idp/shibboleth", what="URL"),
        ),
    },
)
PING = Vendor(
    key="ping",
    name="Ping",
    ways={
        "oidc": (
            at(OPEN, "PingOne > Applications > Add Application > OIDC Web App"),
            (CHOOSE, {"choice": "Response Type: Code, PKCE: S256_REQUIRED"}),
            enter("Redirect URIs", REDIRECT),
            at(ASSIGN, "Access"),
            at(COPY, "Overview", what="Client ID, Client Secret, Issuer ID"),
        ),
        "saml": (
            at(OPEN, "PingOne > Applications > Add Application > SAML Application"),
            enter("ACS URLs", ACS),
            enter("Entity ID", ENTITY),
            at(SUBJECT, "Attribute Mappings > saml_subject", choice="User ID"),
            at(SEND, "Attribute Mappings", mail="mail = Email Address", name="displayName = Formatted"),
            at(ASSIGN, "Access"),
            at(COPY, "Configuration", what="IDP Metadata URL"),
        ),
    },
)
ONELOGIN = Vendor(
    key="onelogin",
    name="OneLogin",
    ways={
        "oidc": (
            at(OPEN, "Administration > Applications > Add App > OpenId Connect (OIDC)"),
            enter("Configuration > Redirect URIs", REDIRECT),
            (CHOOSE, {"choice": "SSO > Application Type: Web, Token Endpoint: POST"}),
            at(ASSIGN, "Access, Users"),
            at(COPY, "SSO", what="Client ID, Client Secret, Issuer URL"),
        ),
        "saml": (
            at(OPEN, "Administration > Applications > Add App > SAML Custom Connector (Advanced)"),
            enter("Configuration > Audience (EntityID)", ENTITY),
            enter("Configuration > ACS (Consumer) URL", ACS),
            at(SUBJECT, "Configuration > SAML nameID format, Parameters > NameID value", choice="Persistent, OneLogin ID"),
            at(SEND, "Parameters", mail="mail = Email", name="displayName = Name"),
            at(ASSIGN, "Access, Users"),
            at(COPY, "More Actions > SAML Metadata", what="XML"),
        ),
    },
)
VENDORS = {one.key: one for one in (ENTRA, OKTA, GOOGLE, AD_FS, KEYCLOAK, SHIBBOLETH, PING, ONELOGIN)}
