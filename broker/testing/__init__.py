"""The testing kit: a broker with its cast, as fixtures of pytest, for the tests of application teams (docs/testing-kit.md).

Owns: the fixtures, and a guest's way through the pages in Chromium.
Does not know: the inside of the broker and of the cast; both are in `broker.demo`.
Offers: the plugin `broker.testing.plugin`, which pytest finds by its entry point. It comes with the extra `guest-broker[testing]`.
"""
