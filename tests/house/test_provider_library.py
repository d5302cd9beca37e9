"""How the provider's library is held: our reader and client authentication in front, our state behind, one object a request."""

from __future__ import annotations

import ast
import inspect
import re

import pyop.provider

from broker.provider.discovery import document
from broker.provider.grants import GRANT_TYPES
from broker.provider.pyop_adapter.op import Provider
from broker.provider.pyop_adapter.state import GrantState
from tests.house.source import BROKER, modules, relative, tree

UNREACHED = {  # asked for only on ways through pyop that we do not take
    "AuthorizationState",  # its module
    "subject_identifiers",  # set in __init__
    "create_access_token",  # implicit flow
    "use_refresh_token",  # refresh answers are ours (HP-60)
    "delete_state_for_subject_identifier",  # its logout
    "get_extra_id_token_claims_for_code",  # stateless wrapper
    "get_user_info_for_access_token",  # stateless wrapper
    "get_user_info_for_code",  # stateless wrapper
}


def calls(name: str) -> list[tuple[str, ast.Call]]:
    """(file, call) of every call of this name or method in broker/."""
    return [
        (relative(path), node)
        for path in modules()
        for node in ast.walk(tree(path))
        if isinstance(node, ast.Call)
        and (
            (isinstance(node.func, ast.Name) and node.func.id == name)
            or (isinstance(node.func, ast.Attribute) and node.func.attr == name)
        )
    ]


def test_state_offers_all_that_the_library_asks_for():
    """HP-2: whatever pyop's Provider calls on its authorization state is a method of ours, also after an upgrade."""
    asked = set(re.findall(r"authz_state\.(\w+)", inspect.getsource(pyop.provider)))
    assert {name for name in asked if not hasattr(GrantState, name)} == UNREACHED


def test_library_never_reads_a_request():
    """HP-3, HP-14: pyop's parser of authorization requests is not called; messages are built from values that were read."""
    assert calls("parse_authentication_request") == []


def test_library_never_authenticates_a_client():
    """HP-4, HP-60: the method is ours; the library's function is not reached."""
    assert "_verify_client_authentication" in vars(Provider)
    assert "_create_signed_id_token" in vars(Provider)
    assert calls("verify_client_authentication") == []


def test_one_provider_object_a_request():
    """HP-6: built inside a use-case, kept nowhere: not on a module, not on an object."""
    made = [
        (relative(path), node)
        for path in modules()
        if path != BROKER / "provider" / "op.py"
        for node in tree(path).body
        if any(isinstance(inner, ast.Call) and ast.unparse(inner.func) == "Provider" for inner in ast.walk(node))
    ]
    assert made
    assert all(isinstance(node, ast.FunctionDef | ast.ClassDef) for _, node in made)
    kept = [
        relative(path)
        for path in modules()
        for node in ast.walk(tree(path))
        if isinstance(node, ast.Assign)
        and re.match(r"Provider\(", ast.unparse(node.value))
        and isinstance(node.targets[0], ast.Attribute)
    ]
    assert kept == []


def test_a_grant_type_is_a_file():
    """The registry names each file of provider/grants; discovery and the token endpoint read the same registry."""
    files = {path.stem for path in (BROKER / "provider" / "grants").glob("*.py")} - {"__init__", "desk"}
    assert {name.rpartition(":")[2] for name in GRANT_TYPES} == files
    assert document("https://broker.example", ())["grant_types_supported"] == list(GRANT_TYPES)


def test_a_code_is_compared_in_one_place():
    """HP-29, HP-32: one function compares redirect_uri and the PKCE proof of a token request with those of the code."""
    assert [file for file, _ in calls("proves")] == ["broker/provider/grants/authorization_code.py"]
