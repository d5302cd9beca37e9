"""Composition: one module a subject, which constructs the services of that subject.

Owns: which service gets which other service.
Does not know: rules, requests, commands.
Offers: `wire_SUBJECT(core, ...)`; `app.Broker` calls each at the first use of its subject. A field is named after the module that defines its service.
"""
