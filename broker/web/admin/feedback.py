"""What an act of the portal did, told on the page that follows it: see broker/web/feedback.py."""

from broker.web.feedback import FIELD, address, read

__all__ = ["FIELD", "address", "read"]
