"""A provider without a browser's journey: grants are opened as the dispatcher opens them, the rest is HTTP."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import Table, event, func, select
from werkzeug.test import TestResponse

from broker.app import Broker
from broker.domain.guest import Person, PersonKind
from broker.domain.ids import digest, new_secret
from broker.domain.login import Grant, Session
from broker.domain.request import AuthorizationRequest
from broker.jose.keys import PrivateKey, public_keys
from broker.jose.sign import sign
from broker.jose.verify import verify
from broker.storage.directory import assignments, consents
from broker.storage.oauth import sessions
from broker.storage.tables import metadata
from broker.web.cookies import CookiePurpose, Cookies
from tests import factories
from tests.clock import Clock

ISSUER = "https://login.contoso.example"
SECRETS = {"payroll": "payroll-secret-0123456789", "travel": "travel:secret %-0123456789", "tight": "tight-secret-0123456789"}
CALLBACK = {name: f"https://{name}.contoso.example/callback" for name in ("payroll", "travel", "tight", "spa", "bank", "native")}
ALL_SCOPES = "openid profile email address phone groups roles offline_access"
VERIFIER = "verifier-" * 6
CHALLENGE = base64.urlsafe_b64encode(hashlib.sha256(VERIFIER.encode()).digest()).rstrip(b"=").decode()


@dataclass
class Signed:
    """A person with a session in a browser."""

    person: Person
    session: Session
    cookie: str


@dataclass
class Stage:
    """The broker, its web application and a clock."""

    home: Path
    broker: Broker
    app: Flask
    clock: Clock
    bank_key: PrivateKey
    web: FlaskClient = field(init=False)

    def __post_init__(self) -> None:
        self.web = self.app.test_client(use_cookies=False)

    # --- people

    def person(self, scopes: str = ALL_SCOPES, application: str = "payroll", **values: Any) -> Signed:
        """An active guest who agreed to these scopes at the application, signed in."""
        with self.broker.core.db.write() as tx:
            person = factories.saved_person(tx, **values)
            if person.kind is PersonKind.GUEST and scopes:
                consents.record(tx, person.id, application, scopes.split(), self.clock())
        return self.sign_in(person)

    def sign_in(self, person: Person, **values: Any) -> Signed:
        """A session of that person, in a browser of its own; the partner said just now what stands in the profile."""
        now = self.clock()
        values = {"claims": dict(person.profile), **values}
        times = {"auth_time": now, "created_at": now, "last_seen_at": now, "expires_at": now + 12 * 3600}
        session, cookie = factories.session(person.id, **{**times, **values}), new_secret()
        with self.broker.core.db.write() as tx:
            sessions.add(tx, session, digest(cookie))
        return Signed(person, session, cookie)

    # --- grants

    def request(self, client_id: str = "payroll", **values: Any) -> AuthorizationRequest:
        """A request that the reader has passed, with a challenge."""
        plain = {
            "scopes": tuple(ALL_SCOPES.split()),
            "code_challenge": CHALLENGE,
            "nonce": "n-1",
            "redirect_uri": CALLBACK[client_id],
        }
        return AuthorizationRequest(client_id=client_id, **{**plain, **values})

    def grant(self, who: Signed | None = None, client_id: str = "payroll", **values: Any) -> tuple[Grant, str]:
        """What the dispatcher does when no gate objects: a grant and its code."""
        who = who or self.person(application=client_id)
        now = self.clock()
        with self.broker.core.db.write() as tx:
            agreed = consents.given(tx, who.person.id, client_id)
            held = assignments.holdings(tx, who.person.id, client_id, now)
            return self.broker.oauth.grants.open(
                tx,
                request=self.request(client_id, **values),
                person=who.person,
                session=who.session,
                facts=factories.facts(now=now, consented=agreed, acr=who.session.acr, amr=who.session.amr),
                roles=[row.role for row in held],
                groups=[row.group for row in held if row.group_id],
                address="192.0.2.1",
                now=now,
            )

    # --- HTTP

    def basic(self, client_id: str = "payroll") -> dict[str, str]:
        """The Authorization header of client_secret_basic."""
        pair = urlencode({client_id: SECRETS[client_id]}).replace("=", ":", 1)
        return {"Authorization": "Basic " + base64.b64encode(pair.encode()).decode()}

    def post(self, path: str, form: Mapping[str, str], client_id: str | None = "payroll", **more: Any) -> TestResponse:
        """A form, authenticated by the secret unless client_id is None."""
        headers = {**(self.basic(client_id) if client_id else {}), **more.pop("headers", {})}
        return self.web.post(path, data=dict(form), base_url=ISSUER, headers=headers, **more)

    def exchange(self, code: str, client_id: str = "payroll", /, **form: str) -> TestResponse:
        """A code at the token endpoint; a form value "" leaves the parameter out."""
        plain = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": CALLBACK[client_id],
            "code_verifier": VERIFIER,
        }
        sent = {name: value for name, value in {**plain, **form}.items() if value}
        public = client_id not in SECRETS
        return self.post("/token", {**sent, **({"client_id": client_id} if public else {})}, None if public else client_id)

    def refresh(self, token: str, client_id: str = "payroll", /, **form: str) -> TestResponse:
        """A refresh token at the token endpoint."""
        public = client_id not in SECRETS
        sent = {"grant_type": "refresh_token", "refresh_token": token, **form, **({"client_id": client_id} if public else {})}
        return self.post("/token", sent, None if public else client_id)

    def tokens(self, who: Signed | None = None, client_id: str = "payroll", **values: Any) -> dict[str, Any]:
        """The token response of a whole sign-in."""
        _, code = self.grant(who, client_id, **values)
        answer = self.exchange(code, client_id)
        assert answer.status_code == 200, answer.text
        return dict(answer.get_json())

    def userinfo(self, token: str, **more: Any) -> TestResponse:
        """GET with the token in the header."""
        headers = {"Authorization": f"Bearer {token}", **more.pop("headers", {})}
        return self.web.get("/userinfo", base_url=ISSUER, headers=headers, **more)

    def get(self, path: str, query: Mapping[str, str] | None = None, **more: Any) -> TestResponse:
        """GET of a path of the broker."""
        return self.web.get(path, query_string=dict(query or {}), base_url=ISSUER, **more)

    def authorize(self, client_id: str = "payroll", *, drop: str = "", **params: str) -> TestResponse:
        """An authorization request that is right but for what is given."""
        plain = {
            "client_id": client_id,
            "redirect_uri": CALLBACK.get(client_id, CALLBACK["payroll"]),
            "response_type": "code",
            "scope": "openid",
            "state": "s-1",
            "nonce": "n-1",
            "code_challenge": CHALLENGE,
            "code_challenge_method": "S256",
        }
        return self.get("/authorize", {name: value for name, value in {**plain, **params}.items() if name not in drop.split()})

    def cookie(self, who: Signed) -> dict[str, str]:
        """The header of a browser in which that person is signed in."""
        return {"Cookie": f"{Cookies(ISSUER).name(CookiePurpose.SESSION)}={who.cookie}"}

    def claims(self, id_token: str) -> dict[str, Any]:
        """The claims of an ID token, verified by the JWKS."""
        keys = public_keys(self.get("/jwks").get_json())
        return dict(verify(id_token, keys, {"RS256", "ES256", "PS256", "EdDSA"}).claims)

    def silent(self, who: Signed | None = None, client_id: str = "payroll", **params: str) -> tuple[str, dict[str, str]]:
        """An authorization request with prompt=none, followed through the dispatcher; where it ends."""
        first = self.authorize(client_id, **{"prompt": "none", **params})
        if not first.headers["Location"].startswith("/signin/"):
            return sent_to(first)
        cookies = [first.headers["Set-Cookie"].split(";")[0], *([self.cookie(who)["Cookie"]] if who else [])]
        return sent_to(self.get(first.headers["Location"], headers={"Cookie": "; ".join(cookies)}))

    # --- the home

    def write(self, name: str, text: str) -> None:
        """Write a config file, then load the files anew."""
        (self.home / "config" / name).write_text(text, "utf-8")
        self.reload()

    def remove(self, name: str) -> None:
        """Remove a config file, then load the files anew."""
        (self.home / "config" / name).unlink()
        self.reload()

    def reload(self) -> None:
        """Take the files as they are."""
        assert self.broker.files.refresh() == []

    def assertion(self, key: PrivateKey | None = None, typ: str | None = None, **claims: Any) -> dict[str, str]:
        """The form fields of private_key_jwt for the application `bank`."""
        said = {"iss": "bank", "sub": "bank", "aud": ISSUER, "jti": new_secret(), "iat": self.clock(), "exp": self.clock() + 60}
        said = {name: value for name, value in {**said, **claims}.items() if value is not None}
        token = sign(key or self.bank_key, said, typ=typ)
        return {"client_assertion": token, "client_assertion_type": "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"}

    # --- looking

    def counts(self, *leave_out: str) -> dict[str, int]:
        """How many rows every table has."""
        with self.broker.core.db.read() as tx:
            tables: list[Table] = [t for t in metadata.sorted_tables if t.name not in leave_out]
            return {t.name: tx.execute(select(func.count()).select_from(t)).scalar_one() for t in tables}

    @contextmanager
    def unchanged(self) -> Iterator[None]:
        """NC: nothing is created; audit, attempts and refusals may move."""
        before = self.counts("audit", "audit_personal", "attempts", "refusals")
        yield
        assert self.counts("audit", "audit_personal", "attempts", "refusals") == before

    @contextmanager
    def statements(self) -> Iterator[list[str]]:
        """The SQL of a block, BEGIN not counted."""
        seen: list[str] = []

        def note(_connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
            if not statement.startswith("BEGIN"):
                seen.append(statement)

        engines = {self.broker.core.db.writer, self.broker.core.db.reader}
        for engine in engines:
            event.listen(engine, "before_cursor_execute", note)
        try:
            yield seen
        finally:
            for engine in engines:
                event.remove(engine, "before_cursor_execute", note)

    def audited(self) -> list[str]:
        """The names of audit events, newest first."""
        from broker.storage.history import audit

        with self.broker.core.db.read() as tx:
            return [row["name"] for row in audit.newest(tx)]


def sent_to(response: TestResponse) -> tuple[str, dict[str, str]]:
    """Where a redirect goes, and its parameters."""
    assert response.status_code == 303, response.text
    parts = urlsplit(response.headers["Location"])
    return parts._replace(query="").geturl(), dict(parse_qsl(parts.query, keep_blank_values=True))


def page_error(response: TestResponse) -> str:
    """The code of an error page."""
    assert "Location" not in response.headers
    return response.text.split('data-error="', 1)[1].split('"', 1)[0]


def oauth_error(response: TestResponse) -> tuple[int, str]:
    """Status and word of a JSON error; it is not stored and says no more than the table."""
    body = response.get_json()
    assert set(body) == {"error", "error_description"}, body
    assert response.headers["Cache-Control"] == "no-store"
    return response.status_code, body["error"]


def write_home(home: Path, database: str, bank_jwk: Mapping[str, Any]) -> None:
    """Two confidential applications, one that asks for assignments, one with a key, two public ones."""
    config = home / "config"
    for folder in ("partners", "applications", "policies"):
        (config / folder).mkdir(parents=True, exist_ok=True)
    (config / "broker.yaml").write_text(f"issuer: {ISSUER}\norganization: {{name: Contoso}}\ndatabase: {json.dumps(database)}\n")
    (config / "partners" / "fabrikam.yaml").write_text(
        "name: Fabrikam\ndomains: [fabrikam.example]\noidc:\n  issuer: https://login.fabrikam.example\n"
        "  client_id: contoso\n  client_secret: fabrikam-secret-0123456789\n"
    )
    scopes = f"scopes: [{ALL_SCOPES.replace(' ', ', ')}]\n"
    files = {
        "payroll": f"client_secret: {SECRETS['payroll']}\n{scopes}roles: [viewer, approver]\naudiences: [travel]\n"
        "claims: {department: org_unit}\npost_logout_redirect_uris: ['https://payroll.contoso.example/bye']\n",
        "travel": f"client_secret: '{SECRETS['travel']}'\n{scopes}id_token_signed_response_alg: ES256\n"
        "post_logout_redirect_uris: ['https://travel.contoso.example/bye?a=b']\n",
        "tight": f"client_secret: {SECRETS['tight']}\n{scopes}assignment_required: true\nroles: [viewer]\nsubject_type: public\n",
        "spa": "scopes: [openid, profile, email, offline_access]\nsubject_type: public\n",
        "bank": f"jwks: {json.dumps({'keys': [dict(bank_jwk)]})}\n{scopes}id_token_signed_response_alg: PS256\n",
        "native": "redirect_uris: ['http://127.0.0.1/cb', 'http://[::1]/cb', 'com.example.app:/cb', "
        f"'{CALLBACK['native']}']\nid_token_signed_response_alg: EdDSA\n",
    }
    for name, text in files.items():
        uris = "" if "\nredirect_uris" in f"\n{text}" else f"redirect_uris: ['{CALLBACK[name]}']\n"
        (config / "applications" / f"{name}.yaml").write_text(f"name: {name.title()}\n{uris}{text}")
