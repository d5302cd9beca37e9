// A partner that asks for a second factor: npm oidc-provider with login pages of its own, where a password and a code are typed.
// HOST, PORT, CLIENT_JSON (client metadata), USERS_JSON: claims of each user, and `second`, what its sign-in with a code ends in:
//   does (acr and amr say so)   by_amr (no acr, amr says so)   old (says so, of two days ago)   cannot (password only)
//   mute (neither acr nor amr)  refuses (access_denied)
// GET /asked answers with the authorization requests that came, and forgets them. Prints "READY <issuer>".
import { generateKeyPairSync } from 'node:crypto';
import { createServer } from 'node:http';
import { interactionPolicy, Provider } from 'oidc-provider';

const MFA = 'https://refeds.org/profile/mfa', SFA = 'https://refeds.org/profile/sfa';
const env = process.env;
const issuer = `http://${env.HOST}:${env.PORT}`;
const users = JSON.parse(env.USERS_JSON);
const { Check, base } = interactionPolicy;

const policy = base(); // with the checks of prompt and max_age; what acr_values ask for is left to whoever runs the provider
policy.get('login').checks.add(new Check('acr_values', 'a second factor is asked for', ({ oidc }) => {
  const wanted = (oidc.params.acr_values ?? '').split(' ').includes(MFA);
  return wanted && oidc.session.acr !== MFA && !oidc.result?.login ? Check.REQUEST_PROMPT : Check.NO_NEED_TO_PROMPT;
}));

const provider = new Provider(issuer, {
  clients: [{ grant_types: ['authorization_code'], response_types: ['code'], ...JSON.parse(env.CLIENT_JSON) }],
  jwks: { keys: [{
    ...generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey.export({ format: 'jwk' }), kid: 'mfa', alg: 'RS256', use: 'sig',
  }] },
  acrValues: [SFA, MFA],
  conformIdTokenClaims: false,
  claims: { openid: ['sub', 'amr', 'acr', 'auth_time'], email: ['email', 'email_verified'], profile: ['name'] },
  async findAccount(ctx, id) {
    const { second, ...claims } = users[id];
    return { accountId: id, claims: () => ({ sub: id, ...claims }) };
  },
  async loadExistingGrant(ctx) { // nobody is asked to consent
    const grant = new ctx.oidc.provider.Grant({ clientId: ctx.oidc.client.clientId, accountId: ctx.oidc.session.accountId });
    grant.addOIDCScope('openid email profile');
    await grant.save();
    return grant;
  },
  pkce: { required: () => true },
  features: { devInteractions: { enabled: false } },
  interactions: { policy, url: (ctx, interaction) => `/interaction/${interaction.uid}` },
  cookies: { keys: ['only-for-tests'] },
  ttl: { AccessToken: 600, IdToken: 600, Session: 3600, Interaction: 600, Grant: 3600 },
});
provider.on('server_error', (ctx, error) => console.error('server_error', error));
for (const name of ['authorization.error', 'grant.error']) {
  provider.on(name, (ctx, error) => console.error(name, error.error, error.error_description, error.error_detail ?? ''));
}

const proven = {
  does: () => ({ acr: MFA, amr: ['pwd', 'otp', 'mfa'] }),
  by_amr: () => ({ amr: ['pwd', 'mfa'] }),
  old: () => ({ acr: MFA, amr: ['pwd', 'otp', 'mfa'], ts: Math.floor(Date.now() / 1000) - 2 * 86400 }),
  cannot: () => ({ acr: SFA, amr: ['pwd'] }),
  mute: () => ({}),
};

async function interaction(req, res) {
  const { params } = await provider.interactionDetails(req, res);
  const wanted = (params.acr_values ?? '').split(' ').includes(MFA);
  if (req.method === 'GET') {
    res.setHeader('content-type', 'text/html');
    res.end(`<!doctype html><title>Sign in</title><form method="post"><input name="login"><input name="password" type="password">
      ${wanted ? '<input name="otp">' : ''}<button>Sign in</button></form>`);
    return;
  }
  let body = '';
  for await (const part of req) body += part;
  const typed = new URLSearchParams(body), who = typed.get('login'), how = users[who].second;
  const denied = { error: 'access_denied', error_description: 'no second factor' };
  const said = typed.get('otp') ? proven[how]?.() : proven[how === 'mute' ? 'mute' : 'cannot']();
  await provider.interactionFinished(req, res, said ? { login: { accountId: who, ...said } } : denied);
}

let asked = [];
const serve = provider.callback();
createServer(async (req, res) => {
  const url = new URL(req.url, issuer);
  if (url.pathname === '/auth') asked.push(Object.fromEntries(url.searchParams));
  if (url.pathname === '/asked') {
    res.setHeader('content-type', 'application/json');
    res.end(JSON.stringify({ asked }));
    asked = [];
  } else if (url.pathname.startsWith('/interaction/')) {
    await interaction(req, res).catch((error) => { console.error(error); res.statusCode = 500; res.end(); });
  } else serve(req, res);
}).listen(+env.PORT, env.HOST, () => console.log('READY', issuer));
