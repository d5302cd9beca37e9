"""A federation of ten thousand: the first index, an unchanged refresh, one changed entity, look-ups and searches. Prints JSON.

    .venv/bin/python bench/federations.py [--entities 10000] [--database postgresql+psycopg://...]

The aggregate has the shape of eduGAIN's (about 6 KB an entity) and is signed by xmlsec, in a process of its own. CPU is this
process's, without the database's where that is PostgreSQL; peak_mb is how much more memory it held than before.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import resource
import sys
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from _cpu import milliseconds

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from broker.domain.audit import Actor
from broker.domain.federation import entity_hash
from broker.services.core import Core
from broker.services.partners.federation_index import FederationIndex
from broker.services.partners.federation_search import FederationSearch
from broker.services.partners.federations.partners import FederatedPartners
from broker.services.partners.outbound_clients import OutboundClients
from broker.storage import migrate
from broker.storage.engine import Database
from tests.aggregates import aggregate, entity
from tests.connectors.saml.metadata_documents import pem, rsa_key
from tests.core import make_settings

LANGUAGES = {"en": "University", "nl": "Universiteit", "de": "Universität", "fr": "Université"}
ABOUT = '<md:Organization><md:OrganizationName xml:lang="en">{text}</md:OrganizationName></md:Organization>'
FILLER = 2600  # characters of text in which real entities describe themselves


def publish(home: str, entities: int) -> None:
    """The federation's key and its aggregates of two days, of which one entity differs."""
    key, filler = rsa_key(name="federation"), ABOUT.format(text="of the place " * (FILLER // 13))
    (Path(home) / "md.pem").write_text(pem(key))
    for day in (1, 2):
        found = [
            entity(f"idp{n}", names={at: f"{word} {n}" + ("!" if (n, day) == (7, 2) else "") for at, word in LANGUAGES.items()})
            for n in range(entities)
        ]
        texts = (one.replace("</md:EntityDescriptor>", f"{filler}</md:EntityDescriptor>") for one in found)
        (Path(home) / f"day{day}.xml").write_bytes(aggregate(texts, key, created=f"2026-11-0{day}T00:00:00Z"))


def figures(home: Path, database: str) -> dict[str, Any]:
    """Everything on one database."""
    (home / "md.xml").write_bytes(b"")
    file = {"metadata": "md.xml", "metadata_certificate": "md.pem", "trust": {"email": True}}
    settings, db = make_settings(home, database, {"federations/edu": file}), Database(database, base=home)
    migrate.upgrade(db)

    def clock() -> int:
        return int(time.time())

    now = FederatedPartners(db, clock, lambda: settings).settings
    core = Core(db, clock, now)
    index, search = FederationIndex(core, OutboundClients(now, None)), FederationSearch(core)

    def refresh() -> None:
        index.refresh(Actor.system(), "edu")

    (home / "day1.xml").replace(home / "md.xml")
    found: dict[str, Any] = {"aggregate_mb": round((home / "md.xml").stat().st_size / 1e6, 1), "first_index": measured(refresh)}
    found["unchanged"] = measured(refresh)
    (home / "day2.xml").replace(home / "md.xml")
    found["one_changed"] = measured(refresh)
    ids = iter(f"edu/{entity_hash(f'https://idp{n}.example/idp')}" for n in range(10**6))
    found["look_up_ms"] = milliseconds(lambda: now().partners[next(ids)], 100)
    for name, query in {"all": "", "common": "univ", "two_words": "univ 7", "scope": "idp77.example", "nobody": "zzz"}.items():
        found[f"search_{name}_ms"] = milliseconds(partial(search.find, query, ["nl"], limit=31), 20)
    found["by_address_ms"] = milliseconds(lambda: search.of_domain("idp77.example"), 20)
    db.close()
    return found


def measured(work: Callable[[], None]) -> dict[str, float]:
    """CPU in seconds, and the memory that the peak was above what was held before."""
    cpu, peak = time.process_time(), resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    work()
    more = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - peak
    return {"cpu_s": round(time.process_time() - cpu, 3), "peak_mb": round(more / 1024, 1)}


def main() -> None:
    """Prints the figures."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--entities", type=int, default=10_000)
    parser.add_argument("--database", default="sqlite:///var/broker.db")
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as home:
        maker = multiprocessing.get_context("spawn").Process(target=publish, args=(home, chosen.entities))
        maker.start()
        maker.join()
        print(json.dumps({"entities": chosen.entities, **figures(Path(home), chosen.database)}, indent=2))


if __name__ == "__main__":
    main()
