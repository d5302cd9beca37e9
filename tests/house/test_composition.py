"""Rules about composition: one place constructs the services, and a service is found by its file's name."""

from __future__ import annotations

import ast

from tests.house.source import BROKER, modules, relative, tree

COMPOSERS = {"app.py", "composition"}


def services() -> dict[str, str]:
    """Class -> package of services/, for each class that the core is given to."""
    found = {}
    for path in (BROKER / "services").rglob("*.py"):
        for node in tree(path).body:
            if isinstance(node, ast.ClassDef) and any(takes_core(item) for item in node.body):
                found[node.name] = path.relative_to(BROKER / "services").parts[0]
    return found


def takes_core(node: ast.AST) -> bool:
    """Whether this is a constructor whose first argument is the core."""
    return isinstance(node, ast.FunctionDef) and node.name == "__init__" and [arg.arg for arg in node.args.args][1:2] == ["core"]


def test_only_composition_constructs_services():
    """A service gets its neighbours from broker/composition; it constructs parts of its own package at most."""
    owners = services()
    assert len(owners) > 40
    found = set()
    for path in modules():
        at = path.relative_to(BROKER).parts
        for node in ast.walk(tree(path)):
            name = node.func.id if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) else ""
            if name in owners and at[0] not in COMPOSERS and at[:2] != ("services", owners[name]):
                found.add(f"{relative(path)}: {name}")
    assert found == set()


def test_a_service_is_named_as_its_file():
    """`broker.login.sign_in` is defined in services/login/sign_in.py."""
    wrong = set()
    for path in (BROKER / "composition").glob("*.py"):
        homes = {a.name: n.module for n in ast.walk(tree(path)) if isinstance(n, ast.ImportFrom) and n.module for a in n.names}
        for record in (node for node in tree(path).body if isinstance(node, ast.ClassDef) and node.name.endswith("Services")):
            for field in (node for node in record.body if isinstance(node, ast.AnnAssign)):
                name, home = ast.unparse(field.target), homes[ast.unparse(field.annotation)]
                if home != f"broker.services.{path.stem}.{name}":
                    wrong.add(f"{relative(path)}: {name} is of {home}")
    assert wrong == set()
