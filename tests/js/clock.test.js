import assert from "node:assert/strict";
import { test } from "node:test";
import { severity } from "../../static/js/console/bars.js";
import { buttons } from "../../static/js/console/callcard.js";
import { Clock, left, since, span, spoken } from "../../static/js/console/clock.js";
import { Decisions, winnerOf } from "../../static/js/console/decisions.js";
import { typedNumber } from "../../static/js/console/people.js";
import { card, OMAR, RITA } from "./cards.js";

test("the clock follows the server by the fastest of its heartbeats", () => {
  let local = 1_000_000;
  const clock = new Clock(() => local);
  assert.equal(clock.now(), local);
  clock.hear(new Date(local + 60_000 - 900).toISOString());
  local += 5000;
  clock.hear(new Date(local + 60_000 - 20).toISOString());
  assert.equal(clock.now(), local + 60_000 - 20);
  clock.hear("nonsense");
  assert.equal(clock.now(), local + 60_000 - 20);
});

test("seconds left are rounded up and never negative", () => {
  const deadline = "2026-11-21T14:00:12Z";
  const at = (text) => Date.parse(text);
  assert.equal(left(deadline, at("2026-11-21T14:00:00.100Z")), 12);
  assert.equal(left(deadline, at("2026-11-21T14:00:11.999Z")), 1);
  assert.equal(left(deadline, at("2026-11-21T14:00:20Z")), 0);
  assert.equal(left(null, 0), 0);
  assert.equal(since(deadline, at("2026-11-21T14:00:00Z")), 0);
});

test("lengths are written m:ss and spoken in words", () => {
  assert.deepEqual([0, 9, 65, 3725].map(span), ["0:00", "0:09", "1:05", "1:02:05"]);
  assert.deepEqual([1, 42, 61, 120].map(spoken), ["1 second", "42 seconds", "1 minute 1 second", "2 minutes 0 seconds"]);
});

test("a gap is silent, then amber, then red", () => {
  assert.deepEqual([0, 1999, 2000, 9999, 10_000].map((ms) => severity("lost", ms)), ["fine", "fine", "amber", "amber", "red"]);
  assert.equal(severity("live", 60_000), "fine");
  assert.equal(severity("withdrawn", 0), "withdrawn");
  assert.equal(severity("signed-out", 0), "signed-out");
});

const view = (rights, notes = new Map()) => ({ me: { username: "rita", name: "Rita Ruiz", rights: new Set(rights) }, notes, chosen: "", confirming: "", reasons: "", now: 0 });
const names = (one, rights) => buttons(one, view(rights)).map((spec) => spec.name);

test("a call offers what its lane and the person's rights allow", () => {
  const all = ["see", "decide", "hang_up"];
  assert.deepEqual(names(card(), all), ["take", "redirect", "answer", "reject", "askReason", "claim"]);
  assert.deepEqual(names(card({ claim: RITA }), all), ["take", "redirect", "answer", "reject", "askReason", "release"]);
  assert.deepEqual(names(card({ lane: "live" }), all), ["take", "transfer", "invite", "park", "askKeys", "askMore", "askEnd", "claim"]);
  assert.deepEqual(names(card({ lane: "live" }), ["see", "hang_up"]), ["askEnd", "open"]);
  assert.deepEqual(names(card(), ["see"]), ["open"]);
  assert.deepEqual(names(card({ lane: "missed" }), all), ["open"]);
});

test("somebody else's call and an asked call wait; hanging up does not", () => {
  const all = ["see", "decide", "hang_up"];
  const off = (one) => buttons(one, view(all)).filter((spec) => spec.off).map((spec) => spec.name);
  assert.deepEqual(off(card({ claim: OMAR })), ["take", "redirect", "answer", "reject", "askReason", "claim"]);
  const operation = { id: "1", kind: "transfer", status: "pending", error: null };
  assert.deepEqual(off(card({ lane: "live", operation })), ["take", "transfer", "invite", "park", "askKeys", "askMore", "claim"]);
  assert.deepEqual(off(card({ lane: "live", state: "establishing" })), ["take", "transfer", "invite", "park", "askKeys", "askMore"]);
  assert.deepEqual(off(card({ lane: "live" })), []);
  assert.deepEqual(off(card()), []);
});

test("only a full number may be dialled as typed", () => {
  assert.deepEqual(typedNumber("+49 30 23125-142").map((one) => one.id), ["+493023125142"]);
  assert.deepEqual(typedNumber("030 23125"), []);
  assert.deepEqual(typedNumber("Dana Lee"), []);
  assert.deepEqual(typedNumber("+49"), []);
});

/** Decisions over one card and a command that answers as told. */
function decide(answer) {
  const at = { card: card(), refused: [], draws: 0 };
  const commands = { claim: async () => answer };
  at.decisions = new Decisions(commands, { me: "rita", put: (one) => (at.card = one), card: () => at.card, redraw: () => at.draws++, refused: (said) => at.refused.push(said) });
  return at;
}

test("who loses a claim reads the winner's name", async () => {
  const at = decide({ ok: false, status: 409, text: "This call is taken.", body: { claim: { name: "Omar Haddad" } } });
  await at.decisions.claim(at.card);
  assert.deepEqual(at.decisions.notes.get(at.card.id), { kind: "claim", phase: "lost", text: "Omar Haddad took it", version: 1, status: 409 });
  assert.equal(at.refused.length, 1);
});

test("a refusal that comes after the end says how the call came out, and leaves nothing behind", async () => {
  const at = decide({ ok: false, status: 409, text: "The call has already ended.", body: { claim: null } });
  const asked = at.card;
  at.card = { ...asked, version: 3, lane: "handled", outcome: "taken", handled_by: { username: "omar", name: "Omar Haddad" } };
  await at.decisions.claim(asked);
  assert.equal(at.decisions.notes.size, 0);
  assert.equal(at.refused[0].text, "Amara Okoye: Omar Haddad took it");
});

test("another refusal stays until somebody has read it or the call is over", async () => {
  const at = decide({ ok: false, status: 422, text: "Link a Graph user.", body: {} });
  await at.decisions.claim(at.card);
  at.decisions.tidy(() => ({ ...at.card, version: 9 }));
  assert.equal(at.decisions.notes.get(at.card.id).phase, "refused");
  at.decisions.tidy(() => ({ ...at.card, lane: "handled" }));
  assert.equal(at.decisions.notes.size, 0);
});

test("an accepted operation shows at once, unless the socket was faster", async () => {
  const operation = { id: "op", kind: "redirect", status: "pending", error: null };
  const at = decide({ ok: true, status: 202, text: "", body: operation });
  const asked = at.card;
  await at.decisions.claim(asked);
  assert.equal(at.card.operation, operation);
  at.card = { ...asked, version: 2, operation: { ...operation, status: "done" } };
  await at.decisions.claim(asked);
  assert.equal(at.card.operation.status, "done");
  assert.equal(at.decisions.notes.size, 0);
});

test("only somebody else can have won", () => {
  assert.equal(winnerOf({ claim: OMAR }, "rita"), "Omar Haddad");
  assert.equal(winnerOf({ claim: RITA }, "rita"), "");
  assert.equal(winnerOf({ claim: null }, "rita"), "");
  assert.equal(winnerOf(null, "rita"), "");
});
