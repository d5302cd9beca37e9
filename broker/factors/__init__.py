"""Factors of our own: codes by time, passkeys, recovery codes. What they check, not who asks or what follows."""
