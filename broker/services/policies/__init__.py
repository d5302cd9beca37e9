"""Conditional access.

Owns: which policies are in force, what they would decide, and the replay of past sign-ins.
Does not know: how a login carries a decision out.
Offers: `Policies`, export, replay.
"""
