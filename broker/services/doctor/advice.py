"""For each reason of a failed sign-in: which side can change it, the expected state, and the change."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from broker.services.doctor.advice_applications import OF_APPLICATIONS
from broker.services.doctor.finding import Advice, Side

__all__ = ["OF_APPLICATIONS", "REASONS", "Advice", "of"]

_P, _O, _A, _G = Side.PARTNER, Side.OURS, Side.APPLICATION, Side.PERSON

REASONS: Final[Mapping[str, Advice]] = {
    # the partner's documents
    "upstream_unavailable": Advice(_P, "an answer within 10 seconds, over a certificate that is trusted", "ask whether the service is up, and whether our network may reach it; the detail names the host"),
    "upstream_busy": Advice(_P, "an answer within moments: so many calls at a time wait for one host, further ones are refused at once", "ask why the service answers slowly; where it does not, give `broker serve` more --threads"),
    "url_not_allowed": Advice(_O, "a public https: address that does not redirect", "write the final address; list a private host in network.allow_private_addresses"),
    "discovery_format": Advice(_O, "the discovery document of an OpenID provider with the code flow and one of our algorithms", "check oidc.issuer by opening its /.well-known/openid-configuration; where the detail names what is missing, the partner changes it"),
    "discovery_issuer": Advice(_O, "oidc.issuer exactly as the document names it, slash and all", "write the issuer that the document names, if it is that one tenant's"),
    "discovery_endpoint": Advice(_P, "authorization_endpoint, token_endpoint and jwks_uri at https:", "publish the endpoints at https:"),
    "discovery_pkce": Advice(_P, "code_challenge_methods_supported with S256", "allow PKCE with S256 for our client"),
    "jwks_format": Advice(_P, "at least one signing key: RSA from 2048 bits, P-256 or Ed25519", "publish the public signing keys at jwks_uri"),
    "client_assertion": Advice(_O, "oidc.client_assertion.certificate is a PEM certificate", "name the PEM file of the certificate that the partner knows our key by"),
    # the answers
    "upstream_error": Advice(_P, "an answer without an error", "look for this time in the provider's own sign-in log; it names the cause"),
    "upstream_response": Advice(_P, "a code in the answer, and an id_token of type Bearer for it", "keep openid among the scopes, and register us as a web client with the code flow"),
    "upstream_partner": Advice(_P, "the answer at the redirect URI of this partner", "register the redirect URI of this partner only, at the client of this partner only"),
    "upstream_iss": Advice(_P, "iss of the answer is the issuer of the file", "send the issuer as iss, the same as in discovery (RFC 9207); behind a proxy, set the provider's public address"),
    # the ID token
    "idtoken_alg": Advice(_P, "RS256, PS256, ES256, EdDSA, RS512, PS384, ES384 or ES512, as the discovery document announces", "sign ID tokens for our client with one of these"),
    "idtoken_header": Advice(_P, "a signed JWT (JWS, compact), not encrypted and without critical extensions", "switch ID token encryption off for our client"),
    "idtoken_key": Advice(_P, "the key that signs stands in the published key set", "publish a new key before signing with it, and do not use a key of one application only (Entra ID: no claims-mapping key)"),
    "idtoken_key_pause": Advice(_O, "a key set that is asked for at most once a minute, however many unknown keys come", "nothing, if sign-ins succeed again after a minute: the partner changed its key twice within one; if it lasts, look at the next failure", rule=True),
    "idtoken_signature": Advice(_P, "the signature verifies with the published key of that kid", "publish the key that signs; a kid must never be used for two keys"),
    "idtoken_iss": Advice(_O, "iss of the token is oidc.issuer", "write the issuer of this one tenant; a template or common endpoint is none"),
    "idtoken_aud": Advice(_O, "aud of the token is oidc.client_id", "write the client_id of our registration; where it is right, the partner's client issues tokens for another audience"),
    "idtoken_nonce": Advice(_P, "the nonce of the request comes back unchanged", "return the nonce; a page that stores and replays sign-ins breaks it"),
    "idtoken_time": Advice(_P, "iat and exp by the right time; 60 s of difference are allowed", "set the provider's clock by NTP, and check ours; the distances in the detail say which one is wrong"),
    "idtoken_at_hash": Advice(_P, "at_hash belongs to the access token of the same answer", "let one component issue both tokens"),
    "idtoken_sub": Advice(_P, "sub: a text of at most 255 characters", "send a stable, never reassigned identifier as sub"),
    "idtoken_claims": Advice(_P, "the claims of oidc.require_claims with these values", "let people of that organization only sign in, or change oidc.require_claims"),
    "userinfo_sub": Advice(_P, "userinfo speaks of the person of the ID token", "have the userinfo endpoint looked at: it mixes people up"),
    "claim_ambiguous": Advice(_O, "one value for a claim that can only have one", "map a claim that has one value (the detail names it)"),
    # the logout token
    "logout_events": Advice(_P, "events with the event of back-channel logout", "send a logout token as OpenID Connect Back-Channel Logout 1.0 has it"),
    "logout_nonce": Advice(_P, "a logout token without nonce", "send a logout token, not an ID token"),
    "logout_claims": Advice(_P, "jti, and sub or sid", "name the sign-out by jti, and the person or the session by sub or sid"),
    # SAML: metadata
    "metadata_fetch": Advice(_P, "the metadata at its address, by https: and without a redirect", "ask whether the address has changed; a file is read from saml.metadata"),
    "metadata_structure": Advice(_P, "one EntityDescriptor of an identity provider, well-formed, in UTF-8, without a document type", "publish the metadata of the one entity; the detail says what is wrong with it"),
    "metadata_signature": Advice(_P, "a root that is signed by saml.metadata_certificate", "sign the metadata with that key; where the partner changed it, ask for the new certificate by another way"),
    "metadata_entity": Advice(_O, "an entity that the metadata holds", "write saml.entity_id as the metadata has it"),
    "metadata_expired": Advice(_P, "a validUntil that is not over", "publish the metadata anew; a file of ours must be replaced"),
    "metadata_endpoint": Advice(_P, "a SingleSignOnService by HTTP-Redirect or HTTP-POST, at https:", "publish one"),
    "metadata_key": Advice(_P, "signing keys: RSA from 2048 bits, P-256 or P-384, at most eight", "replace keys that are too weak, and remove what is not used"),
    "partner_unsigned": Advice(_P, "a certificate for signing", "publish the signing certificate in the metadata"),
    # SAML: responses; the detail names the element and its required value
    "saml_partner": Advice(_O, "an answer at the address of the partner that was asked", "give each partner its own entry; a copied registration sends answers elsewhere"),
    "saml_decode": Advice(_P, "one SAMLResponse, in Base64, of an ordinary size", "send the response by HTTP-POST as the bindings say; leave out large attributes (groups, photographs)"),
    "saml_busy": Advice(_O, "room for one more message", "look at the load of the nodes: too many answers were being verified at once"),
    "saml_structure": Advice(_P, "a samlp:Response as the standard has it", "change what the detail names; keep extensions out of responses for us"),
    "saml_algorithm": Advice(_P, "algorithms of today: RSA or ECDSA with SHA-256 or better, AES-GCM", "switch SHA-1 and the like off for our service"),
    "saml_unsigned": Advice(_P, "a signature over what saml.signed names", "sign assertions (or responses) for our service; or write in saml.signed what the partner does sign"),
    "saml_signature": Advice(_P, "a signature by a key of the metadata that we hold", "publish the key that signs; with metadata as a file, get us the new file"),
    "saml_key_pause": Advice(_O, "metadata that is fetched at most once a minute, however many unknown keys come", "nothing, if sign-ins succeed again after a minute: the partner changed its key twice within one; at once: broker partners refresh PARTNER", rule=True),
    "saml_signature_profile": Advice(_P, "a signature over the whole element, by its ID, as SAML core 5.4 says", "use the product's own signing, without extra transforms or references"),
    "saml_encryption": Advice(_P, "an assertion encrypted with the key of our current metadata", "load our metadata anew; it holds the key"),
    "saml_wrong_idp": Advice(_O, "saml:Issuer is the partner's entity id", "write saml.entity_id as the partner sends it, if it is that one's"),
    "saml_issuer_mismatch": Advice(_P, "the same issuer in response and assertion", "set one entity id for both"),
    "saml_destination": Advice(_P, "Destination and Recipient are our assertion consumer service", "register the address of our metadata, exactly so"),
    "saml_in_response_to": Advice(_P, "InResponseTo names the request of this sign-in", "answer our request; a page that stores and replays sign-ins breaks it"),
    "saml_unsolicited": Advice(_P, "an answer to our request", "let sign-ins begin here, or write allow_idp_initiated: true for a tile of a portal"),
    "saml_audience": Advice(_P, "an audience that is our entity id", "set our entity id as audience (identifier, relying party identifier)"),
    "saml_confirmation": Advice(_P, "a bearer confirmation with Recipient and NotOnOrAfter, without NotBefore", "send it so"),
    "saml_time": Advice(_P, "times by the right clock; 60 s of difference are allowed", "set the provider's clock by NTP, and check ours"),
    "saml_replay": Advice(_P, "each assertion once", "let every sign-in have an assertion of its own; somebody who pressed Back or Reload is no fault", rule=True),
    "saml_status": Advice(_P, "the status Success", "look for this time in the provider's own log; the detail has the standard's word"),
    "saml_nameid": Advice(_P, "one NameID that identifies the account", "release a persistent NameID to us"),
    "saml_nameid_format": Advice(_P, "a NameID that stays the same at every sign-in", "send a persistent NameID, or name an attribute in saml.subject (pairwise-id, subject-id)"),
    "saml_attribute": Advice(_P, "attributes with plain text, scoped ones inside the partner's scopes", "release the attribute that the detail names; complete domains here, or shibmd:Scope there"),
    # our own files
    "partner_removed": Advice(_O, "a file for the partner as long as people sign in there", "restore the file, or tell the people"),
    "partner_protocol": Advice(_O, "a section oidc: for a partner that answers over OIDC", "check the partner's file"),
    # our rules
    "not_invited": Advice(_O, "an invitation, or an assignment that came before", "invite the person: broker invite EMAIL", rule=True),
    "invitation_identity": Advice(_O, "the invited address, vouched for as verified by the authority for its domain", "set trust.email, if the partner's word about addresses in `domains` is to count; else invite the address that the partner sends", rule=True),
    "identity_taken": Advice(_O, "an account at the partner that belongs to no other guest", "find the other guest by its address; broker guests show", rule=True),
    "guest_blocked": Advice(_O, "a guest who is active", "broker guests unblock, if it was a mistake", rule=True),
    "guest_expired": Advice(_O, "a guest whose time is not over", "broker guests renew", rule=True),
    "not_assigned": Advice(_O, "an assignment to the application that holds now, of the person or of a group", "broker assign APPLICATION GUEST-OR-GROUP; where a rule should have matched, the step `groups` says what it found", rule=True),
    "subject_differs": Advice(_A, "the person whom the application named", "send id_token_hint or sub only for the person who is to sign in", rule=True),
    "auth_time_missing": Advice(_P, "auth_time in the ID token whenever max_age or prompt=login is sent (Core 3.1.2.1)", "switch auth_time on for our client; without it no application can ask for a fresh sign-in"),
    "auth_time_too_old": Advice(_P, "a new proof by the person when prompt=login and max_age are sent", "honour prompt=login and max_age for our client, or set the clock"),
    "policy_blocked": Advice(_O, "a sign-in that no policy blocks", "the receipt names the policy; try a change with broker policy what-if and replay before it goes in", rule=True),
    "policy_error": Advice(_O, "a sign-in that every policy can judge", "the receipt names the policy and what could not be told: mostly an address that a proxy hides (network.trusted_proxies)"),
    "terms_of_use_missing": Advice(_O, "terms of use in broker.yaml, where a policy asks for them", "write terms_of_use: in broker.yaml, or take the demand out of the policy"),
    "acr_not_reached": Advice(_O, "the strength that the application calls essential", "list the partner's acr or amr values in trust.mfa, or add a second factor of ours", rule=True),
}  # fmt: skip

WORDS: Final[Mapping[str, Advice]] = {  # upstream_error: the standard's error code is more precise
    "access_denied": Advice(_P, "a person who may use our client and agrees", "assign the people, or everybody, to our client at the provider; somebody who pressed Cancel is no fault", rule=True),
    "invalid_client": Advice(_O, "client_id and secret (or key) as the provider has them on file", "renew oidc.client_secret: it may have run out; with private_key_jwt give them our key again (broker keys list)"),
    "unauthorized_client": Advice(_P, "a client that may use the code flow", "allow the authorization code grant for our client"),
    "invalid_grant": Advice(_P, "a code that is redeemed once, within its time, at the redirect URI that it was issued for", "register exactly our redirect URI; check that nothing rewrites it"),
    "invalid_scope": Advice(_O, "scopes that the provider knows and allows our client", "remove from oidc.scopes what the provider does not know, or have it allowed"),
    "invalid_request": Advice(_O, "a request that the provider accepts", "look in the provider's log: mostly a redirect URI that is not registered, or a parameter that it refuses"),
    "login_required": Advice(_P, "a person who can sign in there", "look whether the provider lets our client show its sign-in page"),
    "interaction_required": Advice(_P, "a person who can go through the provider's own pages", "look whether a rule there (consent, terms, second factor) waits for somebody"),
    "consent_required": Advice(_P, "consent given by an administrator there or by the person", "have an administrator there grant consent for our client's scopes"),
    "temporarily_unavailable": Advice(_P, "a provider that is up", "try again; ask the partner if it lasts"),
    "server_error": Advice(_P, "a provider without an internal error", "look for this time in the provider's own log"),
}  # fmt: skip

FALLBACK: Final = Advice(
    _O, "a sign-in that ends in the application", "read the whole receipt: broker sign-ins --request REFERENCE"
)


def of(reason: str, detail: str = "") -> Advice:
    """The advice for a reason; for the partner's error code if the detail has one."""
    if reason == "upstream_error":
        found = next((word for word in WORDS if word in detail.replace(",", " ").replace(":", " ").split()), None)
        if found is not None:
            return WORDS[found]
    return REASONS.get(reason) or OF_APPLICATIONS.get(reason, FALLBACK)
