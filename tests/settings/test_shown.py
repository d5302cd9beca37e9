"""What staff read of a config file holds no secret, however the file writes it."""

from __future__ import annotations

import pytest

from broker.settings.shown import HIDDEN, without_values

SECRET = "sec-ret-0123456789"
WAYS = {
    "plain": f"oidc:\n  client_secret: {SECRET}\n  scopes: [openid]\n",
    "quoted": f'oidc:\n  "client_secret" : "{SECRET}"\n  scopes: [openid]\n',
    "flow": f"name: Å\noidc: {{client_id: contoso, client_secret: {SECRET}, scopes: [openid]}}\n",
    "json": f'{{"oidc": {{"client_secret": "{SECRET}", "scopes": ["openid"]}}}}',
    "next line": f"oidc:\n  client_secret:\n    {SECRET}\n  scopes: [openid]\n",
    "block": f"oidc:\n  client_secret: >-\n    {SECRET}\n  scopes: [openid]\n",
    "mixed": f"oidc:\n  client_secret: ${{env:PREFIX}}{SECRET}\n  scopes: [openid]\n",
}


@pytest.mark.parametrize("way", WAYS)
def test_the_value_is_hidden(way: str) -> None:
    """SL-16: in every style of YAML; all else stays."""
    found = without_values(WAYS[way], "client_secret")
    assert found is not None
    assert SECRET not in found
    assert HIDDEN in found
    assert "openid" in found


def test_a_reference_stays() -> None:
    """It names a variable and is no secret."""
    text = "oidc:\n  client_secret: ${env:FABRIKAM_SECRET}\n"
    assert without_values(text, "client_secret") == text


def test_what_is_no_yaml_is_not_shown() -> None:
    """Nobody can say where its values are."""
    assert without_values(f"oidc: {{client_secret: {SECRET}", "client_secret") is None
