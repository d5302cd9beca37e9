// Microsoft's SDK for JavaScript manages guests here, as a program with client credentials. Prints `done` at the end.
import assert from "node:assert/strict";
import { BatchRequestContent, BatchResponseContent, Client, PageIterator } from "@microsoft/microsoft-graph-client";

const { BASE_URL: base, CLIENT_ID: id, CLIENT_SECRET: secret, REDIRECT_URL: landing } = process.env;

async function accessToken() {
  const form = new URLSearchParams({ grant_type: "client_credentials", scope: `${base}/.default` });
  const headers = { Authorization: `Basic ${Buffer.from(`${id}:${secret}`).toString("base64")}` };
  const answer = await fetch(`${base}/token`, { method: "POST", body: form, headers });
  return (await answer.json()).access_token;
}

const token = await accessToken();
const graph = Client.init({
  baseUrl: `${base}/`,
  defaultVersion: "v1.0",
  customHosts: new Set([new URL(base).hostname]),
  authProvider: (done) => done(null, token),
});

// invite, and the same person once more
const ids = [];
for (const name of ["ann", "ben", "cleo"]) {
  const wish = { invitedUserEmailAddress: `${name}@partner.example`, inviteRedirectUrl: landing, sendInvitationMessage: false };
  const made = await graph.api("/invitations").post(wish);
  assert.equal(made.status, "PendingAcceptance");
  ids.push(made.invitedUser.id);
}
const wish = { invitedUserEmailAddress: "ann@partner.example", inviteRedirectUrl: landing };
assert.equal((await graph.api("/invitations").post(wish)).invitedUser.id, ids[0]);

// list with pages
const listed = [];
const first = await graph.api("/users").filter("userType eq 'Guest'").select(["id", "mail"]).top(2).get();
assert.ok(first["@odata.nextLink"]);
await new PageIterator(graph, first, (user) => listed.push(user.id) > 0).iterate();
assert.deepEqual(listed.toSorted(), ids.toSorted());

// get and patch
await graph.api(`/users/${ids[0]}`).patch({ displayName: "Ann Partner", companyName: "Partner" });
const ann = await graph.api(`/users/${ids[0]}`).select("id,displayName,companyName").get();
assert.equal(ann.displayName, "Ann Partner");
assert.equal(ann.companyName, "Partner");

// a group and its members
const group = await graph.api("/groups").post({ displayName: "Partners", mailEnabled: false, mailNickname: "partners", securityEnabled: true });
await graph.api(`/groups/${group.id}/members/$ref`).post({ "@odata.id": `${base}/v1.0/directoryObjects/${ids[0]}` });
const members = await graph.api(`/groups/${group.id}/members`).get();
assert.deepEqual(members.value.map((one) => one.id), [ids[0]]);

// several requests in one; the second waits for the first
const url = `${base}/v1.0/users/${ids[1]}`;
const change = new Request(url, { method: "PATCH", body: JSON.stringify({ displayName: "Ben" }), headers: { "Content-Type": "application/json" } });
const batch = new BatchRequestContent([
  { id: "1", request: change },
  { id: "2", request: new Request(url), dependsOn: ["1"] },
]);
const answers = new BatchResponseContent(await graph.api("/$batch").post(await batch.getContent()));
assert.equal(answers.getResponseById("1").status, 204);
assert.equal((await answers.getResponseById("2").json()).displayName, "Ben");

// an error has Graph's code and the id of its request
const refused = await graph.api("/users/nobody@partner.example").get().catch((error) => error);
assert.equal(refused.statusCode, 404);
assert.equal(refused.code, "Request_ResourceNotFound");
assert.ok(refused.requestId);

console.log("done");
