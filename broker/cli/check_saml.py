"""The SAML half of `broker check`: metadata files always, addresses with --online; judged by the connector's own rules."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from broker.domain.errors import PartnerFailed
from broker.services.doctor import advice
from broker.services.partners.provider_probe import wall_clock
from broker.settings.errors import ConfigError
from broker.settings.model import PartnerFile, SamlPartner
from broker.settings.sources import Reading

if TYPE_CHECKING:
    from pathlib import Path

    from broker.connectors.outbound.client import HttpClient
    from broker.connectors.saml.metadata import Idp
    from broker.settings.sources import Source


def metadata(home: Path, saml: SamlPartner, client: HttpClient) -> Idp:
    """What the partner publishes, or its file. Raises PartnerFailed."""
    from broker.connectors.saml.fetch import fetch_metadata
    from broker.connectors.saml.metadata import EntityFilter, read_file

    pin = saml.metadata_certificate
    wanted = EntityFilter(
        entity_id=saml.entity_id,
        certificate=(home / str(pin)).read_text("latin-1") if pin is not None else None,
        allows_plain=client.allows_plain,
    )
    now = int(wall_clock())
    if "://" in saml.metadata:
        return fetch_metadata(client, saml.metadata, wanted, now=now)[0]
    return read_file(home / saml.metadata, wanted, now=now)[0]


def section(source: Source, home: Path) -> SamlPartner | None:
    """The section saml: of a partner's file, if that section is good, whatever else is wrong in the file."""
    if isinstance(source.model, PartnerFile):
        return source.model.saml
    raw = source.tree.data.get("saml") if isinstance(source.tree.data, dict) else None
    if not isinstance(raw, dict) or any(error.key.startswith("saml") for error in source.tree.errors):
        return None
    return SamlPartner.model_validate(raw, context={"home": home, "id": source.id, "read": set()})


def refusal(source: Source, error: PartnerFailed) -> ConfigError:
    """The line of a document that is refused (CHECK of the list of attacks)."""
    said = advice.of(error.reason, error.detail)
    return source.tree.error(("saml", "metadata"), f"{error.reason}: {error.detail}; {said.change}")


ENDED = "a certificate has ended, its key still counts"


def has_ended(idp: Idp) -> bool:
    """Whether a certificate is over: only a warning, for its key is what is pinned (SM-14)."""
    return any(key.ends <= wall_clock() for key in idp.keys)


def left_out(idp: Idp) -> str:
    """The keys that do not count although the document holds them (HS-38); empty where there are none."""
    return f"{len(idp.left_out)} of its keys cannot be used: {'; '.join(idp.left_out[:3])}" if idp.left_out else ""


def files(reading: Reading, client: HttpClient) -> Iterator[tuple[bool, ConfigError]]:
    """(whether it is an error, the line) of every metadata file that is not good, or warns; even if other files have mistakes (FC-12)."""
    for source in reading.of("partner"):
        saml = section(source, reading.home)
        if saml is not None and "://" not in saml.metadata:
            try:
                idp = metadata(reading.home, saml, client)
            except PartnerFailed as error:
                yield True, refusal(source, error)
                continue
            if has_ended(idp):
                advice = "ask the partner for its current file before it changes the key"
                yield False, source.tree.error(("saml", "metadata"), f"{ENDED}; {advice}")
            if idp.left_out:
                advice = "ask the partner to remove them, or to replace them by keys that can be used"
                yield False, source.tree.error(("saml", "metadata"), f"{left_out(idp)}; {advice}")
