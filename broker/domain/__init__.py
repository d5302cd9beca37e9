"""The words and rules of the broker: frozen records and pure functions on the standard library. No clock, no I/O."""
