"""Constructs the services of the audit and of receipts."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from broker.keyring.seal import Sealer
from broker.services.core import Core
from broker.services.history.audit_chain import AuditChain
from broker.services.history.audit_export import AuditLog
from broker.services.history.audit_heads import Heads
from broker.services.history.receipts import Receipts


@dataclass(frozen=True, slots=True, kw_only=True)
class HistoryServices:
    """Who did what, and why a sign-in ended as it did."""

    audit_chain: AuditChain
    audit_export: AuditLog
    receipts: Receipts


def wire_history(core: Core, sealer: Sealer, home: Path) -> HistoryServices:
    """home: where this machine keeps the end of the audit that it saw last."""
    return HistoryServices(
        audit_chain=AuditChain(core.db, core.clock, sealer, lambda: core.settings().broker.retention.audit, Heads(home)),
        audit_export=AuditLog(core),
        receipts=Receipts(core),
    )
