"""Rules about the source itself that no other tool keeps."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

from tests.house.source import BROKER, ROOT, committed, imports, modules, relative, text_of, tree

# HP-5: what is used of pyop, oic and jwkest. A name more is a decision: look at what it does with input, then add it.
LIBRARIES = {"pyop", "oic", "jwkest"}
PYOP = {
    ("pyop.access_token", "AccessToken"),
    ("pyop.exceptions", "OAuthError"),
    ("pyop.message", "AuthorizationRequest"),
    ("pyop.provider", "Provider"),
    ("pyop.userinfo", "Userinfo"),
}

# HS-1, HS-5: element classes, and nothing that verifies, parses a message, reads a configuration or starts a process
SAML2 = {("saml2", name) for name in ("md", "saml", "samlp", "xmldsig", "xmlenc")}

LARGEST = {"broker": 300, "scripts": 300, "tests": 500}  # lines; a file beyond it misses a room
GROWN = {  # files that may be larger, up to here, each with its reason
    "broker/storage/migrations/versions/v0001_first.py": 450,  # the same list, written by alembic
    "broker/demo/identity.py": 380,  # a whole identity provider in one file, so that it can be read as an example
    "broker/demo/saml/identity.py": 380,  # the same over SAML
}

LONGEST = 60  # lines of a function, so that it fits a screen
LONG = {  # functions that may be longer, up to here, each with its reason
    "broker/storage/migrations/versions/v0001_first.py upgrade": 340,  # one long list
    "tests/browser/gallery.py samples": 310,  # a sample of every page
}
LOOSE = 5  # files of a hall that stand in none of its rooms
HALLS = ("broker/services", "broker/storage")
TO_DOCUMENT = {"to_json", "to_data"}  # of a view: the same values as JSON
DOCUMENTS = {  # what these return is a JSON document of its own format, or stays below services
    "guests/directory.py Guests.export": "GDPR 15: everything about a person",
    "guests/self_service.py SelfService.export": "the same, taken by the person",
    "history/audit_export.py AuditLog.events": "lines of an export",
    "history/audit_export.py AuditLog.lines": "the same, of a search, for staff",
    "oauth/fetched_documents.py FetchedDocuments.get": "a key set or discovery document",
    "oauth/grants.py Grants.tokens": "RFC 6749 5.1",
    "oauth/grants.py Grants.userinfo": "OpenID Connect Core 5.3.2",
    "oauth/grants.py Grants.introspect": "RFC 7662 2.2",
    "partners/documents.py PartnerDocuments.fetch_now": "a partner's discovery document and JWKS",
    "partners/documents.py PartnerDocuments.document": "the same",
    "partners/documents.py PartnerDocuments.read": "the same",
    "partners/documents.py PartnerDocuments.rows": "stored documents, for the services of partners",
    "partners/oidc/documents.py OidcDocuments.discovery": "a partner's discovery document",
    "partners/oidc/documents.py OidcDocuments.keys": "a partner's JWKS",
}
PAGE = ("Owns: ", "Does not know: ", "Offers: ")  # lines that open a package

ELSEWHERE = re.compile(r"(?<![\w./~-])/(root|Users|home/(?!broker\b))")  # somebody's own machine; the image's user is `broker`
UNFINISHED = re.compile(r"\b(TODO|FIXME|XXX|NotImplementedError)\b")


def dotted(node: ast.AST) -> str:
    """`a.b.c` of an attribute chain; empty for anything else."""
    if isinstance(node, ast.Name):
        return node.id
    inner = dotted(node.value) if isinstance(node, ast.Attribute) else ""
    return f"{inner}.{node.attr}" if inner and isinstance(node, ast.Attribute) else ""


def library_names() -> set[tuple[str, str]]:
    """Every name of the provider libraries that broker/ imports, or reaches through an imported module."""
    found: set[tuple[str, str]] = set()
    for path in modules():
        whole = {module for module, name in imports(path) if not name and module.split(".")[0] in LIBRARIES}
        found |= {pair for pair in imports(path) if pair[1] and pair[0].split(".")[0] in LIBRARIES}
        chains = {dotted(node) for node in ast.walk(tree(path)) if isinstance(node, ast.Attribute)}
        reached = {chain for chain in chains if chain.split(".")[0] in {module.split(".")[0] for module in whole}}
        found |= {(chain.rpartition(".")[0], chain.rpartition(".")[2]) for chain in reached if chain not in whole}
    return found


def test_provider_libraries_are_used_by_an_allow_list():
    """HP-5, HP-1: pyop, oic and jwkest are reached by these names only."""
    assert library_names() == PYOP


def test_dangerous_parts_of_the_libraries_are_never_reached():
    """HP-5: dynamic registration, the stateless wrapper, from_jwt and to_error_url."""
    reached = {
        f"{relative(path)}: {node.attr}"
        for path in (BROKER / "provider").rglob("*.py")
        for node in ast.walk(tree(path))
        if isinstance(node, ast.Attribute) and node.attr in {"from_jwt", "to_error_url", "handle_client_registration_request"}
    }
    assert reached == set()


def test_saml_library_is_used_for_element_classes_only():
    """HS-1, HS-5: no client, no configuration, no signature code of pysaml2."""
    names = {pair for path in modules() for pair in imports(path) if pair[0].split(".")[0] == "saml2"}
    assert {(module, name) for module, name in names if module not in {f"saml2.{element}" for _, element in SAML2}} <= SAML2


def test_pyop_is_pinned_exactly():
    """HP-60: our subclass overrides private methods, so the version is one."""
    assert '"pyop==' in (ROOT / "pyproject.toml").read_text()


def test_no_assert_decides_anything():
    """HT-11: `python -O` removes assert statements; broker/ has none."""
    found = [relative(p) for p in modules() if any(isinstance(node, ast.Assert) for node in ast.walk(tree(p)))]
    assert found == []


def test_nothing_is_pickled():
    """HT-10: no pickle, marshal, shelve, eval or exec."""
    names = {
        (relative(p), module) for p in modules() for module, _ in imports(p) if module in {"pickle", "marshal", "shelve", "dill"}
    }
    calls = {
        (relative(path), node.func.id)
        for path in modules()
        for node in ast.walk(tree(path))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in {"eval", "exec"}
    }
    assert names | calls == set()


def test_the_domain_asks_nobody():
    """HT-12: no clock, randomness aside from ids, no I/O below broker/domain; `times` writes a given time as text."""
    asked = {(path.name, module) for path in (BROKER / "domain").glob("*.py") for module, _ in imports(path)}
    assert {pair for pair in asked if pair[1].split(".")[0] in {"time", "datetime", "os", "socket", "pathlib", "random"}} == {
        ("times.py", "datetime")
    }
    assert not {node.attr for node in ast.walk(tree(BROKER / "domain" / "times.py")) if isinstance(node, ast.Attribute)} & {
        "now",
        "utcnow",
        "today",
    }


def test_files_are_small():
    """A file of more than 300 lines (tests: 500) misses a room."""
    sizes = {relative(p): p.read_text().count("\n") for p in modules(*LARGEST)}
    limits = {name: GROWN.get(name, LARGEST[name.split("/")[0]]) for name in sizes}
    assert {name: size for name, size in sizes.items() if size > limits[name]} == {}


def test_lengths_of_time_have_one_home():
    """HT-12: MINUTE, HOUR and DAY, and the format of a time, stand in broker/domain/times.py alone (the cast is on its own)."""
    files = [p for p in modules() if "demo" not in p.parts and "versions" not in p.parts and p.name != "times.py"]
    named = {(relative(p), t.id) for p in files for n in tree(p).body if isinstance(n, ast.Assign) for t in n.targets
             if isinstance(t, ast.Name) and t.id in {"MINUTE", "HOUR", "DAY", "_MINUTE", "_HOUR", "_DAY"}}  # fmt: skip
    assert named == set()
    assert [relative(p) for p in files if "%Y-%m-%dT%H:%M:%SZ" in p.read_text()] == []
    numbers = {(relative(p), n.value) for p in files for n in ast.walk(tree(p)) if isinstance(n, ast.Constant) and type(n.value) is int
               and n.value in {3_600, 86_400}}  # fmt: skip
    assert numbers == set()


def test_functions_fit_a_screen():
    """A function of more than 60 lines does more than its name says."""
    sizes = {
        f"{relative(path)} {node.name}": (node.end_lineno or 0) - node.lineno + 1
        for path in modules("broker", "scripts", "tests", "bench")
        for node in ast.walk(tree(path))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    }
    assert {name: size for name, size in sizes.items() if size > LONG.get(name, LONGEST)} == {}
    assert {name for name in LONG if sizes.get(name, 0) <= LONGEST} == set()


def test_a_subject_is_a_package():
    """services/ and storage/ hold packages: a sixth loose file belongs to a subject."""
    loose = {hall: [p.name for p in (ROOT / hall).glob("*.py") if p.name != "__init__.py"] for hall in HALLS}
    assert {hall: names for hall, names in loose.items() if len(names) > LOOSE} == {}


def test_every_package_says_what_it_owns():
    """The docstring of a package says what it owns, what it does not know, and what it offers."""
    packages = [p for p in modules() if p.name == "__init__.py" and p.parent.name != "versions"]
    found = {relative(p): (ast.get_docstring(tree(p)) or "").splitlines() for p in packages}
    unsaid = {
        name: [start for start in PAGE if not any(line.startswith(start) for line in lines)] for name, lines in found.items()
    }
    assert {name: starts for name, starts in unsaid.items() if starts} == {}


def test_a_class_has_a_name_of_its_own():
    """The name of a public class stands once in broker/, so that a reader and a search find one thing."""
    places: dict[str, list[str]] = {}
    for path in modules():
        for node in tree(path).body:
            if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
                places.setdefault(node.name, []).append(relative(path))
    assert {name: where for name, where in places.items() if len(where) > 1} == {}


def test_an_actor_is_made_by_name():
    """Actor.person, .application, .command and .system are the only ways to name who acts in the audit."""
    calls = [
        f"{relative(path)}:{node.lineno}"
        for path in modules("broker", "tests", "bench")
        for node in ast.walk(tree(path))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "Actor"
    ]
    assert calls == []


def test_services_return_frozen_views():
    """A public method of a service returns no dict, no Any and no row: those above render a frozen view, or a document."""
    found = {}
    for path in modules():
        if "services" not in path.parts:
            continue
        stored = {name for module, name in imports(path) if module.startswith("broker.storage") and name and name[0].isupper()}
        for owner in tree(path).body:
            if not isinstance(owner, ast.ClassDef) or owner.name.startswith("_"):
                continue
            for node in owner.body:
                if isinstance(node, ast.FunctionDef) and not node.name.startswith("_") and node.name not in TO_DOCUMENT:
                    words = {n.id for n in ast.walk(node.returns) if isinstance(n, ast.Name)} if node.returns else {"nothing"}
                    name = f"{relative(path).removeprefix('broker/services/')} {owner.name}.{node.name}"
                    if words & ({"dict", "Any", "nothing"} | stored):
                        found[name] = sorted(words)
    assert set(found) == set(DOCUMENTS), found


def test_no_drawer_for_everything():
    """No utils.py, helpers.py, common.py, misc.py."""
    assert [relative(p) for p in modules("broker", "tests") if p.stem in {"utils", "helpers", "common", "misc", "util"}] == []


def test_no_file_names_a_workplace():
    """Nothing depends on where it was written."""
    own = Path(__file__)
    assert [relative(p) for p in committed() if p != own and (f"{ROOT}/" in text_of(p) or ELSEWHERE.search(text_of(p)))] == []


def test_nothing_is_left_undone():
    """No promise in a comment, no stub."""
    own = Path(__file__)
    found = [relative(p) for p in committed() if p.suffix == ".py" and p != own and UNFINISHED.search(text_of(p))]
    assert found == []


def test_lock_files_have_hashes_and_no_addresses():
    """`make install` fetches what was reviewed, from whatever index the machine uses."""
    for path in sorted((ROOT / "requirements").glob("*.txt")):
        text = path.read_text()
        assert "://" not in text
        pins = re.findall(r"^([a-z0-9-]+)==\S+", text, re.MULTILINE)
        blocks = re.findall(r"^[a-z0-9-]+==.*(?:\n    --hash=sha256:[0-9a-f]{64}.*)+", text, re.MULTILINE)
        assert len(pins) == len(blocks) > 0


@pytest.mark.parametrize("name", ["package-lock.json"])
def test_npm_lock_files_have_no_addresses(name: str):
    """The same for what the interop and browser tests take from npm."""
    found = [p for p in committed() if p.name == name and re.search(r'"resolved":\s*"http', text_of(p))]
    assert [relative(p) for p in found] == []


def test_every_test_has_a_sentence():
    """Each test says in one line what it proves."""
    missing = [
        f"{relative(path)}::{node.name}"
        for path in modules("tests")
        for node in ast.walk(tree(path))
        if isinstance(node, ast.FunctionDef) and node.name.startswith("test_") and not ast.get_docstring(node)
    ]
    assert missing == []


def test_a_trail_is_only_written():
    """A trail reports what happened, and nothing is decided by it: two files read it, to store it and to extend it."""
    readers = {
        relative(path)
        for path in modules()
        for node in ast.walk(tree(path))
        if isinstance(node, ast.Attribute) and node.attr == "trail" and isinstance(node.ctx, ast.Load)
    }
    assert readers == {"broker/services/history/login_trail.py", "broker/storage/login/logins.py"}
