"""Access to applications.

Owns: applications as the files define them, groups with their members and rules, assignments.
Does not know: how a person signs in.
Offers: `Applications`, `Groups`, `Assignments`, and their views.
"""
