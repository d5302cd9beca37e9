"""A partner that is not in force: its draft judged and examined as if its file were there, on copies that nobody else sees."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from types import MappingProxyType

from broker.connectors.outbound.client import HttpClient
from broker.domain.setup_link import SetupAnswer, SetupLink
from broker.services.core import Core
from broker.services.doctor.finding import Finding
from broker.services.doctor.protocols import CHECKS, Examined
from broker.services.keys.ring import Keys
from broker.services.partners.families import Partners
from broker.services.partners.outbound_clients import USER_AGENT
from broker.services.partners.provider_probe import Watching
from broker.settings.draft import JudgedDraft, judge
from broker.settings.load import Settings
from broker.settings.model import PartnerFile
from broker.settings.partner_draft import PartnerDraft

Families = Callable[[Core, Callable[[Sequence[str]], HttpClient]], Partners]  # constructs the services of a sandbox
SECRET_KEY, METADATA_KEY = "client_secret", "metadata"  # the keys of a section whose values stand elsewhere


def metadata_file(partner: str) -> str:
    """Where the metadata that was pasted belongs, relative to the home."""
    return f"config/partners/{partner}-metadata.xml"


def variable(partner: str) -> str:
    """The environment variable that holds the secret of a partner's file."""
    word = "".join(c if c.isalnum() else "_" for c in partner.upper()).strip("_")
    return f"{word}_SECRET" if word[:1].isalpha() else f"PARTNER_{word}_SECRET"


def draft_of(link: SetupLink, answer: SetupAnswer) -> PartnerDraft:
    """The file that an answer makes. Whom to trust with what is the administrator's to add."""
    keys: dict[str, object] = dict(answer.keys)
    if answer.metadata is not None:
        keys[METADATA_KEY] = metadata_file(link.partner)
    if answer.secret is not None:
        keys[SECRET_KEY] = f"${{env:{variable(link.partner)}}}"
    return PartnerDraft(id=link.partner, name=link.name, section=answer.section, keys=keys, domains=answer.domains)


@dataclass(frozen=True, slots=True)
class Sandbox:
    """The draft, judged; without errors it can be visited."""

    judged: JudgedDraft
    core: Core
    settings: Settings
    partners: Partners
    keys: Keys
    allowed: tuple[str, ...]

    @property
    def partner(self) -> PartnerFile | None:
        """As the broker would read its file; None if there are errors."""
        return self.judged.model if isinstance(self.judged.model, PartnerFile) else None

    @contextmanager
    def http(self) -> Iterator[Watching]:
        """An outbound client that may call what this partner may, and no private address of others (FA-15)."""
        client = Watching(self.allowed, USER_AGENT)
        try:
            yield client
        finally:
            client.close()

    def visit(self) -> tuple[Finding, ...]:
        """Doctor's checks of the partner's documents, as they are now. Nothing is kept."""
        partner = self.partner
        if partner is None:
            return ()
        examined = Examined(
            core=self.core,
            settings=self.settings,
            partner=partner,
            partners=self.partners,
            keys=self.keys,
            now=self.core.clock(),
        )
        with self.http() as http:
            return tuple(CHECKS[partner.protocol](examined).visit(http, {}))


@contextmanager
def sandbox(core: Core, keys: Keys, families: Families, link: SetupLink, answer: SetupAnswer, secret: str) -> Iterator[Sandbox]:
    """The draft of an answer on a copy of the settings, its metadata in a folder of its own. secret: in clear, "" for none."""
    settings = core.settings()
    allowed = tuple(settings.broker.network.allow_private_addresses) if link.private else ()
    with tempfile.TemporaryDirectory(prefix="broker-setup-") as folder:
        beside = Path(folder)
        if answer.metadata is not None:
            path = beside / metadata_file(link.partner)
            path.parent.mkdir(parents=True)
            path.write_text(answer.metadata, "utf-8")
        environ: Mapping[str, str] = {variable(link.partner): secret} if secret else {}
        judged = judge(settings.home, environ, draft_of(link, answer).draft, beside=beside)
        files = {link.partner: judged.model} if isinstance(judged.model, PartnerFile) else {}
        own = replace(settings, home=beside, partners=MappingProxyType(files))
        own_core = Core(core.db, core.clock, lambda: own)
        partners = families(own_core, lambda _own: HttpClient(allowed, USER_AGENT))
        yield Sandbox(judged, own_core, own, partners, keys, allowed)
