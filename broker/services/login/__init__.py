"""One login.

Owns: from the application's request to its answer: facts, gates, every step between, and the receipt.
Does not know: HTTP.
Offers: `SignIn` (begin, step), `LoginContexts` (the one way to load a login), `Completion` (its end), and one module a step.
"""
