"""Partner documents at rest.

Owns: fetched documents, signing keys, and who read our metadata.
Does not know: what the documents say.
Offers: functions on one connection.
"""
