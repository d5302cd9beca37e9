// Auth0's samlp as a SAML identity provider of one person, on express. HOST, PORT, ACS, KEY, CERTIFICATE (files), USER_JSON.
// Prints "READY ADDRESS".
import { readFileSync } from 'node:fs';
import express from 'express';
import samlp from 'samlp';

const env = process.env;
const address = `http://${env.HOST}:${env.PORT}`;
const options = {
  issuer: `${address}/metadata`, cert: readFileSync(env.CERTIFICATE), key: readFileSync(env.KEY),
  destination: env.ACS, recipient: env.ACS, signatureAlgorithm: 'rsa-sha256', digestAlgorithm: 'sha256',
  getPostURL: (audience, request, req, callback) => callback(null, env.ACS),
  getUserFromRequest: () => JSON.parse(env.USER_JSON),
};
const app = express();
app.get('/metadata', samlp.metadata({ ...options, redirectEndpointPath: '/sso', postEndpointPath: '/sso' }));
app.get('/sso', samlp.auth(options));
app.listen(+env.PORT, env.HOST, () => console.log('READY', address));
