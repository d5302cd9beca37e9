// A partner that nobody here wrote: npm oidc-provider (OpenID Certified) with its built-in login pages (any password).
// HOST, PORT, CLIENT_JSON (client metadata), USERS_JSON; OPTIONS_JSON is merged into its configuration.
// PKCE=required refuses requests without a code challenge. Prints "READY <issuer>".
import { generateKeyPairSync } from 'node:crypto';
import { Provider } from 'oidc-provider';

const env = process.env;
const issuer = `http://${env.HOST}:${env.PORT}`;
const users = JSON.parse(env.USERS_JSON);
const key = (kind, options, alg) => ({
  ...generateKeyPairSync(kind, options).privateKey.export({ format: 'jwk' }), kid: `interop-${alg}`, alg, use: 'sig',
});
const provider = new Provider(issuer, {
  clients: [{
    grant_types: ['authorization_code'], response_types: ['code'], ...JSON.parse(env.CLIENT_JSON),
  }],
  jwks: { keys: [
    key('rsa', { modulusLength: 2048 }, 'RS256'), key('rsa', { modulusLength: 2048 }, 'PS256'),
    key('ec', { namedCurve: 'P-256' }, 'ES256'), key('ed25519', {}, 'EdDSA'),
  ] },
  enabledJWA: { idTokenSigningAlgValues: ['RS256', 'PS256', 'ES256', 'EdDSA'] },
  conformIdTokenClaims: false,
  claims: {
    openid: ['sub', 'tid', 'amr', 'acr', 'auth_time'], email: ['email', 'email_verified'], profile: ['name', 'given_name', 'family_name'],
  },
  async findAccount(ctx, id) {
    const user = users[id];
    return user && { accountId: id, claims: () => ({ sub: id, ...user }) };
  },
  pkce: { required: () => env.PKCE === 'required' },
  features: { devInteractions: { enabled: true }, backchannelLogout: { enabled: true } },
  fetch: (url, options) => fetch(url, { ...options, dispatcher: undefined }), // the broker's jwks_uri is on loopback
  cookies: { keys: ['only-for-tests'] },
  ttl: { AccessToken: 600, IdToken: 600, Session: 3600, Interaction: 600, Grant: 3600 },
  ...JSON.parse(env.OPTIONS_JSON ?? '{}'),
});
provider.on('server_error', (ctx, error) => console.error('server_error', error));
for (const name of ['authorization.error', 'grant.error', 'userinfo.error']) {
  provider.on(name, (ctx, error) => console.error(name, error.error, error.error_description, error.error_detail ?? ''));
}
provider.listen(+env.PORT, env.HOST, () => console.log('READY', issuer));
