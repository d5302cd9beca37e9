"""Applications as staff look at them.

Owns: the list of applications with their health, one application with its people, and the check of a draft of a new file.
Does not know: how an application signs people in (`provider`, `services/oauth`), and how an assignment is given (`services/access`).
Offers: `staff_view`, `drafts`.
"""
