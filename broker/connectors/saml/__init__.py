"""Partners over SAML 2.0, on the engine `broker.saml`.

Owns: our requests and metadata, and the checks of a partner's response against the request and the partner's file.
Does not know: which person an assertion belongs to; how XML is parsed and signed.
Offers: `SamlConnector`, the reader of a partner's metadata, and our own metadata.
"""
