// A relying party with openid-client: /login signs in, / shows the claims, /logout ends both sessions. `npm ci`, then
// HOST=127.0.0.21 PORT=5000 ISSUER=http://localhost:8080 CLIENT_ID=sample CLIENT_SECRET=... node app.mjs
import { randomUUID } from 'node:crypto';
import http from 'node:http';
import * as oidc from 'openid-client';

const { HOST, PORT, ISSUER, CLIENT_ID, CLIENT_SECRET } = process.env;
const site = `http://${HOST}:${PORT}`;
const loopback = ISSUER.startsWith('http:') ? { execute: [oidc.allowInsecureRequests] } : {}; // the demo; elsewhere it is https
const config = await oidc.discovery(new URL(ISSUER), CLIENT_ID, {}, oidc.ClientSecretBasic(CLIENT_SECRET), loopback);
const visits = new Map(); // by the cookie: what belongs to one browser

const visitOf = (request) => visits.get(/(?:^|; )visit=([^;]+)/.exec(request.headers.cookie ?? '')?.[1]) ?? {};
const remember = (visit) => {
  const id = randomUUID(); // a new one at each change of who is here
  visits.set(id, visit);
  return { 'set-cookie': `visit=${id}; Path=/; HttpOnly; SameSite=Lax` };
};

const pages = {
  '/login': async () => {
    const verifier = oidc.randomPKCECodeVerifier(), state = oidc.randomState(), nonce = oidc.randomNonce();
    const target = oidc.buildAuthorizationUrl(config, {
      redirect_uri: `${site}/cb`, scope: 'openid profile email', state, nonce,
      code_challenge: await oidc.calculatePKCECodeChallenge(verifier), code_challenge_method: 'S256',
    });
    return [302, { location: target.href, ...remember({ verifier, state, nonce }) }];
  },
  '/cb': async (url, request) => {
    const { verifier, state, nonce } = visitOf(request);
    const tokens = await oidc.authorizationCodeGrant(config, url, { // compares state and iss, verifies the ID token
      pkceCodeVerifier: verifier, expectedState: state, expectedNonce: nonce, idTokenExpected: true,
    });
    return [302, { location: '/', ...remember({ claims: tokens.claims(), idToken: tokens.id_token }) }];
  },
  '/': async (_url, request) => {
    const { claims } = visitOf(request);
    return claims ? [200, { 'content-type': 'application/json' }, JSON.stringify(claims)] : [302, { location: '/login' }];
  },
  '/logout': async (_url, request) => {
    const { idToken } = visitOf(request);
    const target = oidc.buildEndSessionUrl(config, { id_token_hint: idToken ?? '', post_logout_redirect_uri: `${site}/` });
    return [302, { location: target.href, ...remember({}) }];
  },
};

http.createServer(async (request, response) => {
  const url = new URL(request.url, site);
  const page = pages[url.pathname] ?? (async () => [404, {}, 'not found']);
  const [status, headers, body] = await page(url, request).catch((error) => [400, {}, `sign-in failed: ${error.error ?? error.code}`]);
  response.writeHead(status, headers).end(body);
}).listen(+PORT, HOST);
