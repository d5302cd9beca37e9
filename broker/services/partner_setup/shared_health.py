"""How a partner does that was set up behind a link, in words that its own IT may read.

Both sides see the same. Only findings of a closed list are shared: nothing of other partners, of our nodes and files, or of a person.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from broker.domain.receipt import Outcome, Receipt, Search
from broker.domain.setup_link import SetupAnswer, SetupDecision, SetupLink
from broker.domain.times import iso
from broker.services.core import Core
from broker.services.doctor import Doctor, advice
from broker.services.doctor.finding import Finding, Level, Side, in_order
from broker.services.doctor.rollover import Rehearsed
from broker.services.operations.catalog import Catalog
from broker.services.partner_setup.sandbox import draft_of
from broker.services.partners.health import CertificateEnd
from broker.settings.model import PartnerFile
from broker.storage.login import receipts
from broker.storage.partners import setup_links

SHARED = frozenset({"keys", "key_changes", "own_keys", "metadata", "clock_in_tokens", "left_at_partner"})  # of doctor's checks
SOURCES = ("issuer", "metadata")  # the keys of a partner's file that say who the partner is
NEWEST = 20  # failures among which one is looked for that the partner can mend


@dataclass(frozen=True, slots=True, kw_only=True)
class SharedHealth:
    """last_sign_in: seconds since 1970, UTC; None before. certificates: of the partner's metadata, the first to end first.

    rehearsal: what would happen at the next change of keys.
    """

    last_sign_in: int | None
    certificates: tuple[CertificateEnd, ...]
    findings: tuple[Finding, ...]
    rehearsal: tuple[Rehearsed, ...] = ()


class PartnerHealth:
    """Reads what is stored here and visits nobody."""

    def __init__(self, core: Core, doctor: Doctor, catalog: Catalog) -> None:
        self._db = core.db
        self._settings = core.settings
        self._doctor = doctor
        self._catalog = catalog

    def of(self, link: SetupLink) -> SharedHealth | None:
        """None before the acceptance, and unless the file in force names what was entered behind this very link."""
        if link.decision is not SetupDecision.ACCEPTED:
            return None
        with self._db.read() as tx:
            answer = setup_links.answer_of(tx, link.id)
            failed = [one for one, _ in receipts.newest(tx, Search(partner=link.partner, outcome=Outcome.FAILED), NEWEST)]
        file = self._settings().partners.get(link.partner)
        if file is None or answer is None or not _is_of(file, link, answer):
            return None
        report = self._doctor.examine(link.partner, offline=True)
        found = [one for one in report.findings if one.check in SHARED]
        return SharedHealth(
            last_sign_in=self._catalog.partner(link.partner).last_sign_in,
            certificates=tuple(one for one in self._catalog.certificates() if one.partner == link.partner),
            findings=tuple(in_order([*found, *_last_failure(failed)])),
            rehearsal=self._doctor.rehearse(file),
        )


def _is_of(file: PartnerFile, link: SetupLink, answer: SetupAnswer) -> bool:
    """A file of the same name can be another organization's: then its health is nothing for the holder of this link."""
    entered = {key: value for key, value in draft_of(link, answer).keys.items() if key in SOURCES}
    return bool(entered) and all(getattr(file.section, key, None) == value for key, value in entered.items())


def _last_failure(failed: Sequence[Receipt]) -> list[Finding]:
    """The newest failure that the partner can mend, without its detail, which may name a person."""
    for receipt in failed:
        said = advice.of(receipt.reason)
        if said.side is Side.PARTNER:
            seen = f"the last failure that you can mend: {receipt.reason}, {iso(receipt.at)}"
            return [Finding(Level.WARNING, "last_failure", seen, said.expected, said.side, said.change)]
    return []
