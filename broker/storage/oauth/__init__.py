"""Sessions, grants and tokens at rest.

Owns: their rows, and the single statements that spend codes and tokens.
Does not know: the protocol.
Offers: functions on one connection.
"""
