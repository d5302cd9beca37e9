"""Where a federation's entities came from: entities of another address or certificate are nobody's partners."""

from __future__ import annotations

import hashlib
import json

from broker.settings.load import Settings
from broker.settings.model import FederationFile

VERSION = 1  # of what is read from an entity: another number reads every entity again


def source_of(settings: Settings, federation: FederationFile) -> str:
    """The address and the pinned certificate, as the document's row keeps them. Raises OSError."""
    pin = hashlib.sha256(certificate_of(settings, federation).encode()).hexdigest()[:16]
    return f"{federation.metadata}#{pin}"


def certificate_of(settings: Settings, federation: FederationFile) -> str:
    """The PEM text. Raises OSError."""
    return settings.path(str(federation.metadata_certificate)).read_text("latin-1")


def selection_of(federation: FederationFile) -> str:
    """Identifies include and exclude."""
    chosen = [federation.include.model_dump(mode="json"), federation.exclude.model_dump(mode="json"), VERSION]
    return hashlib.sha256(json.dumps(chosen).encode()).hexdigest()[:16]
