"""Self-service sign-up: a person without an invitation asks for an application.

Owns: the form and its checks, who may sign up, what a proven sign-up stores, and what is removed when nobody gave access.
Does not know: how the address is proven (a login does it), who answers a request, and how pages look.
Offers: `checked_form`, `sign_up_facts`, `SignUps`.
"""
