"""`make conformance`: drives the OpenID Foundation's conformance suite through its API.

Owns: the plans and our configurations for them, the person in Chromium, the table in docs/conformance.md.
Does not know: how the suite judges; it asks the suite for each result.
Offers: `python -m tests.conformance SUITE`.
"""
