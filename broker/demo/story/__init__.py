"""`broker demo --once`: the life of a guest as a run of steps.

Owns: the steps and their order; each proves something, or fails with the page that it saw instead.
Does not know: how the servers of the cast work; it uses them as a person with a browser does.
Offers: `steps` and `tell`.
"""

from broker.demo.story.play import steps, tell

__all__ = ["steps", "tell"]
