"""`broker doctor`: each thing that goes wrong at a partner is named, with what was expected and who changes what."""

from __future__ import annotations

import ast
import json
import re
import time

import pytest
from click.testing import CliRunner
from sqlalchemy import update

from broker.cli import broker as command
from broker.domain.errors import NotFound
from broker.services.doctor import Level, advice
from broker.storage import tables as t
from broker.storage.login import logins
from broker.storage.operations import rate_limits
from tests import factories
from tests.clock import START
from tests.house.source import BROKER
from tests.journeys.world import ADA, SECRET, World, partner_file
from tests.services.examined import examine, found, only

# --- a partner that is well -----------------------------------------------------------------------------------------------


def test_a_partner_that_is_well(small: World) -> None:
    """Issue 4: every check is made, none finds anything; documents, keys, clock, credentials and redirect URI are looked at."""
    small.redeem(small.visitor(ADA))
    small.sign_in(small.visitor(ADA), max_age="100")
    small.broker.operations.nodes.note()
    report = examine(small, offline=False)
    assert [finding for finding in report.findings if finding.level is not Level.OK] == []
    assert report.is_well
    assert report.redirect_uri == f"{small.url}/oidc/fabrikam/callback"
    checks = {finding.check for finding in report.findings}
    assert checks == {
        "file", "discovery", "clock", "offers", "certificate", "keys", "redirect_uri", "credentials", "stored_documents",
        "sign_ins", "clock_in_tokens", "claims", "email", "auth_time", "mfa", "nodes",
    }  # fmt: skip
    assert "takes our client_id" in only(report, "credentials").seen


def test_a_visit_changes_nothing(small: World) -> None:
    """Nobody is signed in, no row is written, no receipt appears."""
    before = small.counts()
    examine(small, offline=False)
    assert small.counts() == before


def test_a_partner_that_nobody_used(small: World) -> None:
    """Nothing is known yet, and that is no problem."""
    report = examine(small)
    assert report.is_well
    assert "nobody has signed in" in only(report, "sign_ins").seen
    assert "none yet" in only(report, "stored_documents").seen


def test_an_unknown_partner(small: World) -> None:
    """The partners that there are, are named."""
    with pytest.raises(NotFound, match="partners: fabrikam, northwind, staff"):
        examine(small, "nobody")


# --- the provider, looked at now ----------------------------------------------------------------------------------------------


def test_a_provider_that_is_away(small: World) -> None:
    """Reachability: the reason, whose side, what to do."""
    small.partners["fabrikam"].fault = "down"
    finding = only(examine(small, offline=False), "reachable")
    assert (finding.level, finding.side) == (Level.PROBLEM, "partner")
    assert finding.seen.startswith("upstream_unavailable: the discovery document")


def test_a_secret_that_ran_out(small: World) -> None:
    """The token endpoint does not know us any more: seen before a person does."""
    small.write("partners/fabrikam.yaml", partner_file("Fabrikam", "fabrikam.example", small.partners["fabrikam"].issuer).replace(
        "${env:SECRET}", "another-secret-0123456789"))  # fmt: skip
    finding = only(examine(small, offline=False), "credentials")
    assert (finding.level, finding.side) == (Level.PROBLEM, "ours")
    assert "invalid_client" in finding.seen
    assert "renew oidc.client_secret" in finding.change
    assert "another-secret" not in json.dumps(examine(small, offline=False).to_json())


def test_a_redirect_uri_that_is_not_registered(small: World) -> None:
    """The provider shows its own error page instead of sending the browser back."""
    text = partner_file("Adatum", "adatum.example", small.partners["fabrikam"].issuer)
    small.write("partners/adatum.yaml", text.replace("client_id: contoso", "client_id: other"))
    finding = only(examine(small, "adatum", offline=False), "redirect_uri")
    assert (finding.level, finding.side) == (Level.PROBLEM, "partner")
    assert f"{small.url}/oidc/adatum/callback registered" in finding.expected


# --- what is stored ---------------------------------------------------------------------------------------------------------------


def test_stored_documents(small: World) -> None:
    """HT-20: age, the last problem and whether a copy serves."""
    small.partners["fabrikam"].fault = "down"
    small.arrive(small.visitor(ADA))
    finding = only(examine(small), "stored_documents")
    assert (finding.level, finding.side) == (Level.PROBLEM, "partner")
    assert "nobody can sign in" in finding.seen
    small.partners["fabrikam"].fault = "none"
    small.clock.advance(10)
    small.arrive(small.visitor(ADA))
    assert {finding.level for finding in found(examine(small), "stored_documents")} == {Level.OK}
    small.clock.advance(3 * 3600)
    assert {finding.side for finding in found(examine(small), "stored_documents")} == {"ours"}
    small.partners["fabrikam"].fault = "down"
    small.arrive(small.visitor(ADA))
    finding = next(f for f in found(examine(small), "stored_documents") if "failed" in f.seen)
    assert finding.level is Level.WARNING
    assert "serves" in finding.seen
    with small.broker.core.db.write() as tx:
        tx.execute(update(t.documents).values(body=None, problem=None))
    assert all("being fetched" in finding.seen for finding in found(examine(small), "stored_documents"))


def test_key_changes(small: World) -> None:
    """SM-12: the newest changes from the audit; keys that are published but not yet taken up."""
    small.arrive(small.visitor(ADA))
    small.partners["fabrikam"].rotate_key(keep=False)
    new = small.partners["fabrikam"].jwks()["keys"][0]["kid"]
    assert f"new: {new}" in only(examine(small, offline=False), "key_changes").seen
    small.clock.advance(3600)
    small.broker.operations.housekeeping.run()
    finding = only(examine(small), "key_changes")
    assert finding.level is Level.OK
    assert f"added {new}" in finding.seen
    with small.broker.core.db.write() as tx:
        changed = {"added": ["0123456789abcdef0123"], "removed": [], "reused": ["k1"]}
        tx.execute(update(t.audit).where(t.audit.c.name == "partner.keys_changed").values(data=changed))
    finding = only(examine(small), "key_changes")
    assert (finding.level, finding.side) == (Level.WARNING, "partner")
    assert "the name k1 was given to another key" in finding.seen


def test_nodes_with_other_files(small: World) -> None:
    """HT-20: processes whose config digest differs from the files here."""
    with small.broker.core.db.write() as tx:
        rate_limits.note_node(tx, "elsewhere:7", "0123456789abcdef", START + 60)
    finding = only(examine(small), "nodes")
    assert (finding.level, finding.side) == (Level.WARNING, "ours")
    assert "elsewhere:7 (0123456789abcdef)" in finding.seen


# --- the file -----------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "check", "level"),
    [
        ("trust: {email: true}\noidc: {issuer: 'https://a.example', client_id: x, client_secret: SECRET}\n", "trust.email", Level.PROBLEM),
        ("oidc: {issuer: 'https://a.example', client_id: x, client_secret: SECRET}\n", "domains", Level.WARNING),
        ("domains: [a.example]\ntrust: {step_up: true}\noidc: {issuer: 'https://a.example', client_id: x, client_secret: SECRET}\n", "trust.step_up", Level.WARNING),
        ("domains: [a.example]\noidc: {issuer: 'https://a.example', client_id: x, client_secret: SECRET, scopes: [openid]}\n", "scopes", Level.WARNING),
        ("domains: [a.example]\noidc: {issuer: 'https://accounts.google.com', client_id: x, client_secret: SECRET}\n", "require_claims", Level.PROBLEM),
        ("domains: [a.example]\noidc: {issuer: 'https://login.microsoftonline.com/9188040d-6c67-4c5b-b112-36a304b66dad/v2.0', client_id: x, client_secret: SECRET}\n", "require_claims", Level.PROBLEM),
        ("domains: [a.example]\noidc: {issuer: 'https://login.microsoftonline.com/11111111-2222-3333-4444-555555555555/v2.0', client_id: x, client_authentication: private_key_jwt}\n", "client_assertion", Level.PROBLEM),
    ],
)  # fmt: skip
def test_keys_worth_changing(small: World, text: str, check: str, level: Level) -> None:
    """Valid files that do not do what was meant; the finding names file and key."""
    small.write("partners/adatum.yaml", "name: Adatum\n" + text.replace("SECRET", SECRET))
    findings = found(examine(small, "adatum"), check)
    assert {finding.level for finding in findings} == {level}
    assert all(finding.side == "ours" and "config/partners/adatum.yaml" in finding.seen for finding in findings)


@pytest.mark.parametrize("claims", ["require_claims: {hd: a.example}", ""])
def test_a_shared_issuer_that_is_kept_apart(small: World, claims: str) -> None:
    """Google Workspace with hd, and one tenant of Entra ID, are one organization each."""
    issuer = (
        "https://accounts.google.com" if claims else "https://login.microsoftonline.com/11111111-2222-3333-4444-555555555555/v2.0"
    )
    text = f"name: A\ndomains: [a.example]\noidc:\n  issuer: {issuer}\n  client_id: x\n  client_secret: {SECRET}\n  {claims}\n"
    small.write("partners/adatum.yaml", text)
    assert found(examine(small, "adatum"), "require_claims") == []


# --- the table, the command ---------------------------------------------------------------------------------------------------------


def raised_reasons() -> set[str]:
    """Every reason with which a connector or the way to a partner refuses, read from the source."""
    reasons: set[str] = set()
    files = [*(BROKER / "connectors" / "oidc").glob("*.py"), BROKER / "connectors" / "mapping.py", BROKER / "connectors" / "outbound" / "client.py",
             *(BROKER / "services" / "partners").glob("*.py"), BROKER / "services" / "login" / "upstream.py", BROKER / "jose" / "claims.py", BROKER / "jose" / "verify.py"]  # fmt: skip
    for path in files:
        for node in ast.walk(ast.parse(path.read_text())):
            if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Name) or not node.args:
                continue
            first = node.args[0]
            if node.func.id in {"PartnerFailed", "PartnerUntrusted", "HttpFailure", "JoseError"} and isinstance(
                first, ast.Constant
            ):
                reasons.add(str(first.value))
    return reasons - {"idtoken_claim", "idtoken_format"}  # renamed by id_token._REASONS


def test_every_reason_has_advice() -> None:
    """A reason that a receipt can name is one that doctor can explain."""
    assert {reason for reason in raised_reasons() if reason not in advice.REASONS} == set()
    assert {"idtoken_aud", "upstream_iss", "discovery_issuer"} <= raised_reasons()
    assert all(said.expected and said.change for said in [*advice.REASONS.values(), *advice.WORDS.values()])
    assert advice.of("never heard of") is advice.FALLBACK


def test_the_command(small: World) -> None:
    """Groups with the worst first; exit 1 for a problem; `--json` is one object; an unknown partner is one line."""
    small.partners["fabrikam"].fault = "down"
    small.arrive(small.visitor(ADA))
    runner, environ = CliRunner(), {"SECRET": SECRET, "BROKER_HOME": str(small.home)}
    said = runner.invoke(command, ["doctor", "fabrikam", "--offline"], env=environ)
    assert said.exit_code == 1
    heads = re.findall(r"^(Problems|Warnings|OK)$", said.stdout, re.MULTILINE)
    assert heads == ["Problems", "Warnings", "OK"]
    assert "to fix (on the partner's side): " in said.stdout
    answer = runner.invoke(command, ["doctor", "fabrikam", "--json"], env=environ)
    document = json.loads(answer.stdout)
    assert (answer.exit_code, document["ok"], document["id"]) == (1, False, "fabrikam")
    assert {"level", "check", "seen", "expected", "side", "change"} == set(document["findings"][0])
    well = runner.invoke(command, ["doctor", "northwind", "--offline"], env=environ)
    assert well.exit_code == 0
    assert "No problem found." in well.stdout
    unknown = runner.invoke(command, ["doctor", "nobody"], env=environ)
    assert (unknown.exit_code, len(unknown.stderr.splitlines())) == (1, 1)


def test_maintain_command(small: World) -> None:
    """`broker maintain` explains what was abandoned and says what it did; `--json` has every kind."""
    with small.broker.core.db.write() as tx:
        logins.add(tx, factories.login(expires_at=int(time.time()) - 100), browser="b", address="192.0.2.1")
    runner, environ = CliRunner(), {"SECRET": SECRET, "BROKER_HOME": str(small.home)}
    said = runner.invoke(command, ["maintain"], env=environ)
    done = said.stdout.splitlines()
    assert (said.exit_code, done[0], done[-1]) == (0, "abandoned: 1", "done")  # between them what else was due: the audit's chain
    document = json.loads(runner.invoke(command, ["maintain", "--json"], env=environ).stdout)
    assert (document["failed"], document["abandoned"]) == (0, 0)
