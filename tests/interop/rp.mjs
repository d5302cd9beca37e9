// An application that nobody here wrote: npm openid-client (OpenID Certified) behind plain node http.
// HOST, PORT, ISSUER, CLIENT_JSON (client metadata); METHOD is client_secret_basic, client_secret_post, private_key_jwt or none.
// PROFILE=fapi2 pushes requests (RFC 9126) and binds tokens to a key (RFC 9449).
// GET /login (prompt, max_age, login_hint, acr_values, claims are passed on), /cb, /refresh, /userinfo, /revoke, /logout, /bye; all
// answer JSON. With private_key_jwt, /jwks shows its public key. Prints "READY <address>".
import { generateKeyPairSync } from 'node:crypto';
import http from 'node:http';
import * as oidc from 'openid-client';

const env = process.env;
const self = `http://${env.HOST}:${env.PORT}`;
const client = JSON.parse(env.CLIENT_JSON);
const pair = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const privateKey = await crypto.subtle.importKey(
  'jwk', pair.privateKey.export({ format: 'jwk' }), { name: 'ECDSA', namedCurve: 'P-256' }, false, ['sign'],
);
const methods = {
  client_secret_basic: () => oidc.ClientSecretBasic(client.client_secret),
  client_secret_post: () => oidc.ClientSecretPost(client.client_secret),
  private_key_jwt: () => oidc.PrivateKeyJwt({ key: privateKey, kid: 'rp' }),
  none: () => oidc.None(),
};
const fapi = env.PROFILE === 'fapi2';
const proofKey = fapi ? await oidc.randomDPoPKeyPair('ES256') : undefined;
const bound = () => (fapi ? { DPoP: oidc.getDPoPHandle(config, proofKey) } : undefined);
let config;
const configuration = async () => {
  config ??= await oidc.discovery(new URL(env.ISSUER), client.client_id, client, methods[env.METHOD](), {
    execute: [oidc.allowInsecureRequests],
  });
  return config;
};
const pending = new Map();
let last;

const pages = {
  '/jwks': async () => ({ keys: [{ ...pair.publicKey.export({ format: 'jwk' }), kid: 'rp', alg: 'ES256', use: 'sig' }] }),
  '/login': async (url, res) => {
    const verifier = oidc.randomPKCECodeVerifier(), state = oidc.randomState(), nonce = oidc.randomNonce();
    const params = {
      redirect_uri: `${self}/cb`, scope: env.SCOPE ?? 'openid email profile offline_access', state, nonce,
      code_challenge: await oidc.calculatePKCECodeChallenge(verifier), code_challenge_method: 'S256',
    };
    for (const name of ['login_hint', 'prompt', 'max_age', 'acr_values', 'domain_hint', 'claims', 'ui_locales']) {
      if (url.searchParams.has(name)) params[name] = url.searchParams.get(name);
    }
    pending.set(state, { verifier, nonce, maxAge: params.max_age === undefined ? undefined : +params.max_age });
    await configuration();
    const target = fapi ? await oidc.buildAuthorizationUrlWithPAR(config, params, bound()) : oidc.buildAuthorizationUrl(config, params);
    res.writeHead(302, { location: target.href });
  },
  '/cb': async (url) => {
    const state = url.searchParams.get('state'), known = pending.get(state);
    pending.delete(state);
    const tokens = await oidc.authorizationCodeGrant(config, url, {
      pkceCodeVerifier: known?.verifier, expectedState: state, expectedNonce: known?.nonce, maxAge: known?.maxAge, idTokenExpected: true,
    }, undefined, bound());
    last = tokens;
    const claims = tokens.claims();
    return { claims, userinfo: await oidc.fetchUserInfo(config, tokens.access_token, claims.sub, bound()), has_refresh: !!tokens.refresh_token, token_type: tokens.token_type };
  },
  '/refresh': async () => {
    const before = last.refresh_token;
    last = await oidc.refreshTokenGrant(await configuration(), before, undefined, bound());
    return { claims: last.claims() ?? null, rotated: !!last.refresh_token && last.refresh_token !== before, token_type: last.token_type };
  },
  '/userinfo': async () => oidc.fetchUserInfo(await configuration(), last.access_token, oidc.skipSubjectCheck),
  '/introspect': async () => oidc.tokenIntrospection(await configuration(), last.access_token),
  '/revoke': async () => { await oidc.tokenRevocation(await configuration(), last.refresh_token); return {}; },
  '/logout': async (url, res) => {
    const target = oidc.buildEndSessionUrl(await configuration(), { id_token_hint: last.id_token, post_logout_redirect_uri: `${self}/bye`, state: 's-1' });
    res.writeHead(302, { location: target.href });
  },
  '/bye': async (url) => ({ bye: true, state: url.searchParams.get('state') }),
};

http.createServer(async (req, res) => {
  const url = new URL(req.url, self);
  try {
    const said = await (pages[url.pathname] ?? (async () => ({ rp: 'openid-client' })))(url, res);
    if (said === undefined) return res.end();
    res.writeHead(200, { 'content-type': 'application/json' });
    return res.end(JSON.stringify({ ok: true, ...said }));
  } catch (error) {
    res.writeHead(500, { 'content-type': 'application/json' });
    return res.end(JSON.stringify({ ok: false, error: error.error ?? error.code ?? error.name, why: error.message, cause: String(error.cause ?? '') }));
  }
}).listen(+env.PORT, env.HOST, () => console.log('READY', self));
