"""The cast: everybody around the broker, small and honest, for `broker demo` and for the tests of application teams.

Owns: partners, applications, a browser, a mailbox and a visitor, all on loopback, and the story that they play.
Does not know: the inside of the broker: it runs as a process of its own and is reached as anybody reaches it.
Offers: `cast` and `story`, and the parts below, bottom up:

    serving      a WSGI application on an address of its own, in a thread
    page         the plain HTML that these servers share
    faults       what a partner can get wrong on purpose
    switches     the page on which a person switches a fault on
    protocol     a partner's people, clients, requests and errors, as records
    identity     the OpenID Provider of a partner, as a class that knows no HTTP server
    partner      the same as pages: `python -m broker.demo.partner`
    saml/        a partner over SAML: its faults, messages, identity provider, and pages
    relying      an OpenID relying party by hand, given nothing but the issuer and its credentials
    application  the same as a sample application
    mailbox      the mails that the broker sent, readable in a browser
    browser/     a small browser: cookies as Chromium keeps them, redirects, forms
    person       a person with that browser, who walks through a sign-in
    process      the broker as a process of its own, and its command line
    home         the demo's config files, secrets and keys
    cast         starts and stops all of it
    story/       the run of `broker demo --once`: each step says what it proved
"""
