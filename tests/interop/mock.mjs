// A hostile partner: npm oauth2-mock-server signs whatever it is told to. It asks nobody: /authorize answers at once.
// HOST, PORT, CONTROL (a port on HOST). POST CONTROL/ with JSON sets what the next logins get:
//   claims: merged into the ID token (null removes one)    header: merged into its header    forge: alg_none, alg_NONE, no_alg, hs256_public_key, no_signature
//   response: merged into the token answer (null removes)  status: of the token answer       userinfo: merged into userinfo
//   redirect: merged into the query of the answer (null removes one)    discovery: merged into the discovery document
// Prints "READY <issuer>".
import { createHmac, createPublicKey } from 'node:crypto';
import http from 'node:http';
import { OAuth2Issuer, OAuth2Service } from 'oauth2-mock-server';

const env = process.env;
const issuer = new OAuth2Issuer();
issuer.url = `http://${env.HOST}:${env.PORT}`;
const key = await issuer.keys.generate('RS256');
const service = new OAuth2Service(issuer);
let mode = {};

const person = { sub: 'mock-1', name: 'Moa Mock', email: 'moa@mock.example', email_verified: true };
const merge = (into, from) => {
  for (const [name, value] of Object.entries(from ?? {})) if (value === null) delete into[name]; else into[name] = value;
};
const segment = (value) => Buffer.from(JSON.stringify(value)).toString('base64url');

const forged = {
  alg_none: (head, body) => `${segment({ alg: 'none' })}.${body}.`,
  alg_NONE: (head, body) => `${segment({ alg: 'nOnE' })}.${body}.`,
  no_alg: (head, body) => `${segment({ kid: key.kid })}.${body}.`,
  no_signature: (head, body) => `${head}.${body}.`,
  hs256_public_key: (head, body) => {
    const pem = createPublicKey({ key, format: 'jwk' }).export({ type: 'spki', format: 'pem' });
    const input = `${segment({ alg: 'HS256', kid: key.kid, typ: 'JWT' })}.${body}`;
    return `${input}.${createHmac('sha256', pem).update(input).digest('base64url')}`;
  },
};

service.on('beforeTokenSigning', (token) => {
  merge(token.payload, { ...person, ...mode.claims });
  merge(token.header, mode.header);
});
service.on('beforeResponse', (answer) => {
  if (mode.forge && answer.body.id_token) answer.body.id_token = forged[mode.forge](...answer.body.id_token.split('.'));
  merge(answer.body, mode.response);
  if (mode.status) answer.statusCode = mode.status;
});
service.on('beforeUserinfo', (answer) => { answer.body = { ...person }; merge(answer.body, mode.userinfo); });
service.on('beforeAuthorizeRedirect', (answer) => {
  for (const [name, value] of Object.entries(mode.redirect ?? {})) {
    if (value === null) answer.url.searchParams.delete(name); else answer.url.searchParams.set(name, value);
  }
});

http.createServer((req, res) => {
  if (req.url === '/.well-known/openid-configuration') {
    res.json = (body) => { // it advertises no client authentication, which its token endpoint never looks at
      merge(body, { token_endpoint_auth_methods_supported: ['client_secret_basic'], ...mode.discovery });
      res.setHeader('content-type', 'application/json');
      res.end(JSON.stringify(body));
    };
  }
  service.requestHandler(req, res);
}).listen(+env.PORT, env.HOST);
http.createServer(async (req, res) => {
  let text = '';
  for await (const part of req) text += part;
  mode = JSON.parse(text || '{}');
  res.writeHead(200, { 'content-type': 'application/json' });
  res.end('{}');
}).listen(+env.CONTROL, env.HOST, () => console.log('READY', issuer.url));
