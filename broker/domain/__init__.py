"""The terms and rules of the broker.

Owns: frozen records and pure functions on the standard library: gates, states, policies, claims, errors.
Does not know: clocks, randomness except in ids, files, network, the database, HTTP.
Offers: one module for each term.
"""
