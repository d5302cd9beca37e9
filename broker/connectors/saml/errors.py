"""The one refusal of the SAML connector: a reason for the receipt, and a sentence for whoever has to change something."""

from __future__ import annotations

from broker.domain.errors import PartnerUntrusted


class SamlRefused(PartnerUntrusted):
    """A message failed a rule.

    rule: its id in docs/rules.md. detail: which element, what was expected, whose side must change what. No value that came
    is in it, for those are the sender's words or a person's; only an address of ours is, as the partner wrote it.
    """

    def __init__(self, reason: str, rule: str, detail: str) -> None:
        super().__init__(reason, f"{rule}: {detail}")
        self.rule = rule
