import assert from "node:assert/strict";
import { test } from "node:test";
import { Commands, csrfToken, freshKey, problem, whoami } from "../../static/js/console/actions.js";
import { card, OMAR, RITA } from "./cards.js";

/** Commands over a scripted network: each entry is a status with a body, or null for no answer. */
function desk(...script) {
  const sent = [];
  const fetch = async (path, options) => {
    sent.push({ path, ...options, body: JSON.parse(options.body) });
    const next = script.shift();
    if (!next) throw new TypeError("Failed to fetch");
    return new Response(JSON.stringify(next[1]), { status: next[0] });
  };
  let keys = 0;
  return { sent, commands: new Commands({ fetch, token: () => "csrf", key: () => `key-${++keys}`, wait: async () => undefined }) };
}

test("take is a redirect that names nobody", async () => {
  const { sent, commands } = desk([202, { id: "1", kind: "redirect", status: "pending", error: null }]);
  const one = card();
  const answer = await commands.redirect(one, "rita", null);
  assert.equal(sent[0].path, `/api/v1/calls/${one.id}/redirect/`);
  assert.deepEqual(sent[0].body, {});
  assert.equal(sent[0].method, "POST");
  assert.equal(sent[0].headers["X-CSRFToken"], "csrf");
  assert.equal(sent[0].headers["Idempotency-Key"], "key-1");
  assert.ok(answer.ok);
});

test("each command has its address and body", async () => {
  const ok = [202, {}];
  const { sent, commands } = desk(ok, ok, ok, ok, ok, ok, ok);
  const one = card();
  await commands.claim(one);
  await commands.release(one, "rita");
  await commands.answer(one, "rita");
  await commands.reject(one, "rita", "busy");
  await commands.redirect(one, "rita", { kind: "voicemail", id: "u1", name: "not sent" });
  await commands.transfer(one, "rita", { kind: "phone", id: "+4930123456", name: "not sent" });
  await commands.hangUp(one, "rita");
  assert.deepEqual(sent.map(({ path, body }) => [path.split("/").at(-2), body]), [
    ["claim", {}], ["release", {}], ["answer", {}], ["reject", { reason: "busy" }],
    ["redirect", { targets: [{ kind: "voicemail", id: "u1" }] }], ["transfer", { target: { kind: "phone", id: "+4930123456" } }], ["hang-up", {}],
  ]);
});

test("my claim's fence goes along, somebody else's never", async () => {
  const { sent, commands } = desk([202, {}], [202, {}]);
  await commands.redirect(card({ claim: RITA }), "rita", null);
  await commands.redirect(card({ claim: OMAR }), "rita", null);
  assert.deepEqual(sent.map((one) => one.body), [{ fence: 7 }, {}]);
});

test("pressing twice while it is under way sends once", async () => {
  const { sent, commands } = desk([202, { id: "1" }]);
  const one = card();
  const [first, second] = await Promise.all([commands.redirect(one, "rita", null), commands.redirect(one, "rita", null)]);
  assert.equal(sent.length, 1);
  assert.equal(first, second);
});

test("a command without an answer is repeated with the same key", async () => {
  const { sent, commands } = desk(null, null, [202, { id: "1" }]);
  const answer = await commands.answer(card(), "rita");
  assert.ok(answer.ok);
  assert.deepEqual(sent.map((one) => one.headers["Idempotency-Key"]), ["key-1", "key-1", "key-1"]);
});

test("a repeat that meets its own first try waits for that one's answer", async () => {
  const { sent, commands } = desk(null, [409, { code: "in_flight" }], [202, { id: "1" }]);
  const answer = await commands.answer(card(), "rita");
  assert.equal(answer.body.id, "1");
  assert.deepEqual(new Set(sent.map((one) => one.headers["Idempotency-Key"])), new Set(["key-1"]));
});

test("a network that stays away is said in words", async () => {
  const { sent, commands } = desk();
  const answer = await commands.answer(card(), "rita");
  assert.equal(answer.status, 0);
  assert.equal(sent.length, 3);
  assert.match(answer.text, /does not answer/);
});

test("the next press has a new key", async () => {
  const { sent, commands } = desk([409, { title: "Claimed" }], [202, {}]);
  const one = card();
  await commands.answer(one, "rita");
  await commands.answer(one, "rita");
  assert.deepEqual(sent.map((one) => one.headers["Idempotency-Key"]), ["key-1", "key-2"]);
});

test("problem details become one or two sentences", () => {
  assert.equal(problem(409, { title: "This call is taken", detail: "Omar Haddad has it." }), "This call is taken. Omar Haddad has it.");
  assert.equal(problem(422, { title: "No", detail: "No" }), "No.");
  assert.equal(problem(422, { detail: "Link a Graph user." }), "Link a Graph user.");
  assert.equal(problem(500, { title: "The portal failed", detail: "See the log.", error_id: "93779479d5c9" }), "The portal failed. See the log. Error 93779479.");
  assert.equal(problem(400, { title: "Wrong", detail: "see errors", errors: { keys: ["Keys are 0 to 9."] } }), "Keys are 0 to 9.");
  assert.match(problem(401, { title: "x" }), /session ended/);
  assert.match(problem(403, null), /may not/);
  assert.match(problem(502, null), /502/);
});

test("an answer that is no JSON is still an answer", async () => {
  const commands = new Commands({ fetch: async () => new Response("<html>", { status: 502 }), token: () => "", key: freshKey, wait: async () => undefined });
  const answer = await commands.answer(card(), "rita");
  assert.equal(answer.ok, false);
  assert.match(answer.text, /502/);
});

test("the token is the cookie's, so a new sign-in elsewhere does not break this page", () => {
  assert.equal(csrfToken("a=b; portal-csrf=fresh%2B", "old"), "fresh+");
  assert.equal(csrfToken("__Host-portal-csrf=fresh", "old"), "fresh");
  assert.equal(csrfToken("other-portal-csrf-x=1", "old"), "old");
});

test("keys differ, with and without randomUUID", () => {
  assert.notEqual(freshKey(), freshKey());
  const real = globalThis.crypto.randomUUID;
  globalThis.crypto.randomUUID = undefined;
  try {
    assert.match(freshKey(), /^[0-9a-f]{32}$/);
    assert.notEqual(freshKey(), freshKey());
  } finally {
    globalThis.crypto.randomUUID = real;
  }
});

test("a page that somebody else's session has come under starts anew", async (context) => {
  let reloads = 0;
  const answer = (body, status = 200) => context.mock.method(globalThis, "fetch", async () => new Response(JSON.stringify(body), { status }));
  answer({ username: "rita", rights: ["see"] });
  assert.equal(await whoami("rita", () => reloads++), 200);
  answer({ username: "rita", rights: [] });
  assert.equal(await whoami("rita", () => reloads++), 403);
  answer({}, 401);
  assert.equal(await whoami("rita", () => reloads++), 401);
  assert.equal(reloads, 0);
  answer({ username: "omar", rights: ["see"] });
  assert.equal(await whoami("rita", () => reloads++), 0);
  assert.equal(reloads, 1);
});
