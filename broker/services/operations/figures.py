"""The figures of `/metrics` that the database knows: the same from every node."""

from __future__ import annotations

from collections.abc import Mapping

from broker.domain.times import DAY, MINUTE
from broker.keyring.create import certificate_end
from broker.keyring.ring import KeyState
from broker.services.core import Core
from broker.services.keys.ring import Keys
from broker.services.metrics import Figure, FigureKind, FigureReading
from broker.services.operations.health import Health
from broker.services.operations.nodes import Nodes
from broker.services.partners import health as partners
from broker.storage.operations import figures
from broker.storage.partners import documents

SOON = 90 * DAY  # seconds before its end in which a partner's certificate is a figure; without a limit there is one a partner
_READ_AGAIN = 5 * MINUTE  # the documents of ten thousand partners take a moment to read

Samples = Mapping[tuple[str, ...], tuple[float, ...]]

_KEY_LEFT = Figure(
    name="broker_key_days_left",
    kind=FigureKind.GAUGE,
    help="Days until the certificate of a key of ours ends",
    labels=("use", "kid"),
)
_KEY_AGE = Figure(
    name="broker_key_age_days", kind=FigureKind.GAUGE, help="Days since an active key of ours was made", labels=("use", "kid")
)
_CERTIFICATES = Figure(
    name="broker_partner_certificate_days_left",
    kind=FigureKind.GAUGE,
    help="Days until the last signing certificate of a partner ends, within the next 90 days",
    labels=("partner",),
)
_FAULTS = Figure(
    name="broker_partner_unavailable",
    kind=FigureKind.GAUGE,
    help="Partners and federations with a document that could not be fetched; works: whether an older copy serves sign-ins",
    labels=("partner", "document", "works"),
)
_UP = Figure(name="broker_database_up", kind=FigureKind.GAUGE, help="Whether the database answers")
_READY = Figure(name="broker_ready", kind=FigureKind.GAUGE, help="Whether /readyz is 200")
_DIFFERING = Figure(name="broker_nodes_differing", kind=FigureKind.GAUGE, help="Processes that serve with other files")


class Figures:
    """Reads what operators watch. Nothing is asked of the database before `/metrics` is."""

    def __init__(self, core: Core, keys: Keys, health: Health, nodes: Nodes) -> None:
        self._db = core.db
        self._clock = core.clock
        self._settings = core.settings
        self._keys = keys
        self._health = health
        self._nodes = nodes
        self._of_documents: tuple[int, Samples, Samples] | None = None

    def readings(self) -> tuple[FigureReading, ...]:
        """Every figure. If the database does not answer, only `broker_database_up` and `broker_ready` have a value."""
        checks = self._health.checks()
        found = (_single(_UP, checks["database"]), _single(_READY, all(checks.values())))
        return (*found, *self._stored()) if checks["schema"] else found

    def _stored(self) -> list[FigureReading]:
        now = self._clock()
        with self._db.read() as tx:
            counted = figures.figures(tx, now)
        ends, faults = self._documents(now)
        keys = [key for key in self._keys.list() if key.published]
        left: Samples = {(key.use, key.kid): _days(certificate_end(key.certificate) - now) for key in keys if key.certificate}
        age: Samples = {(key.use, key.kid): _days(now - key.created_at) for key in keys if key.state == KeyState.ACTIVE}
        return [
            *(
                _single(Figure(name=f"broker_{name}", kind=FigureKind.GAUGE, help=text), value)
                for name, (text, value) in counted.items()
            ),
            FigureReading(_KEY_LEFT, left),
            FigureReading(_KEY_AGE, age),
            FigureReading(_CERTIFICATES, ends),
            FigureReading(_FAULTS, faults),
            _single(_DIFFERING, len(self._nodes.differing())),
        ]

    def _documents(self, now: int) -> tuple[Samples, Samples]:
        """(days left of certificates, partners that are unavailable), read again after a while."""
        held = self._of_documents
        if held is None or not 0 <= now - held[0] < _READ_AGAIN:
            settings = self._settings()
            with self._db.read() as tx:
                rows = documents.all_of(tx)
            ends: Samples = {
                (one.partner,): _days(one.ends - now)
                for one in partners.certificates(settings, rows)
                if one.newest and one.ends - now < SOON
            }
            failed = (*partners.faults(settings, rows), *partners.federation_faults(settings, rows, now))
            faults: Samples = {(one.partner, one.document, str(one.works).lower()): (1.0,) for one in failed}
            held = self._of_documents = (now, ends, faults)
        return held[1], held[2]


def _single(figure: Figure, value: float) -> FigureReading:
    return FigureReading(figure, {(): (float(value),)})


def _days(seconds: int) -> tuple[float]:
    return (round(seconds / DAY, 2),)
