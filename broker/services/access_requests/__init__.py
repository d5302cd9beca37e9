"""Requests for access.

Owns: what a person may ask for, their requests, the answers of owners and administrators, the end of unanswered requests.
Does not know: how an assignment lets somebody in, and how pages and e-mails look.
Offers: `AccessRequests`.
"""
