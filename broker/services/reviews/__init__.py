"""Reviews of access.

Owns: campaigns: their rows, who is asked, the decisions, and what ends at the due date.
Does not know: how an assignment lets somebody in, and how pages and e-mails look.
Offers: `Reviews`.
"""
