"""A protocol is a family: no other part of the broker asks which one a partner speaks (docs/adding.md, a connector)."""

from __future__ import annotations

import ast
import typing

from broker.cli.check_online import PARTNERS
from broker.connectors.registry import FAMILIES
from broker.services.doctor.protocols import CHECKS
from broker.settings.model import PartnerFile
from tests.house.source import BROKER, modules, relative, tree

SECTIONS = {"saml", "oidc"}
HOMES = (  # where a protocol may be named
    "broker/settings/",  # the sections of a partner's file
    "broker/connectors/oidc/",
    "broker/connectors/saml/",
    "broker/demo/",  # plays partners
)
ASKS = {  # files outside those, each with its reason
    "broker/services/partners/oidc/view.py": "gives the family its section, or refuses a partner of another protocol",
    "broker/services/partners/saml/view.py": "gives the family its section, or refuses a partner of another protocol",
    "broker/services/partners/saml/family.py": "/saml/PARTNER addresses are answered for SAML partners only",
    "broker/cli/check_saml.py": "reads the section of a file that is otherwise not good",
}


def asking() -> set[str]:
    """Files that look at a section by name, or compare the name of a protocol."""
    found = set()
    for path in modules("broker"):
        for node in ast.walk(tree(path)):
            section = isinstance(node, ast.Attribute) and node.attr in SECTIONS
            compared = isinstance(node, ast.Compare) and any(
                isinstance(part, ast.Attribute) and part.attr == "protocol" for part in (node.left, *node.comparators)
            )
            if section or compared:
                found.add(relative(path))
    return found


def test_only_a_family_asks_for_its_section() -> None:
    """A third protocol adds a family; it changes no question elsewhere."""
    assert {name for name in asking() if not name.startswith(HOMES)} == set(ASKS)


def test_every_table_has_every_protocol() -> None:
    """The registry, a partner's file, the doctor's checks and `check --online` know the same protocols."""
    named = set(typing.get_args(typing.get_type_hints(PartnerFile.protocol.fget)["return"]))  # type: ignore[attr-defined]
    assert set(FAMILIES) == named == set(CHECKS) == set(PARTNERS)
    assert {kind for kind in named if (BROKER / "connectors" / kind).is_dir()} == named
    assert {kind for kind in named if (BROKER / "services" / "partners" / kind).is_dir()} == named
