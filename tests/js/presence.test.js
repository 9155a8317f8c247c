import assert from "node:assert/strict";
import { test } from "node:test";

import { asOf, isFresh, look, Presences } from "../../static/js/console/presence.js";

const NOW = Date.parse("2026-11-20T10:00:00Z");
/** @param {string} availability @param {string} [activity] @param {Partial<import("../../static/js/console/presence.js").Told>} [more] */
const told = (availability, activity = availability, more = {}) => ({ availability, activity, is_out_of_office: false, message: "", at: "2026-11-20T09:59:55Z", ...more });

test("everybody shows by a shape and a word", () => {
  const shown = [["Available"], ["AvailableIdle", "Inactive"], ["Busy", "InACall"], ["Busy", "InAMeeting"], ["DoNotDisturb", "Presenting"], ["BeRightBack"], ["Offline", "OffWork"], ["PresenceUnknown"]].map(([a, b]) => look(told(a, b), NOW));
  assert.deepEqual(shown.map(({ is, word }) => `${is}: ${word}`), ["free: Free", "free: Free, idle", "busy: In a call", "busy: In a meeting", "dnd: Presenting", "away: Right back", "off: Off work", "unknown: Not known"]);
});

test("a word of Microsoft's that is new is shown as it is, and as nothing it may not be", () => {
  assert.deepEqual(look(told("Hibernating"), NOW), { is: "unknown", word: "Hibernating" });
});

test("who is out of office is shown so, unless they are there all the same", () => {
  const out = { is_out_of_office: true };
  assert.deepEqual(look(told("Away", "OutOfOffice", out), NOW), { is: "ooo", word: "Out of office" });
  assert.deepEqual(look(told("Available", "Available", out), NOW), { is: "free", word: "Free" });
});

test("what is old is not known, what was never asked is nothing", () => {
  const then = told("Available");
  assert.ok(isFresh(then, NOW + 110_000));
  assert.deepEqual(look(then, NOW + 120_000), { is: "unknown", word: "Not known" });
  assert.equal(asOf(then, NOW + 120_000), "");
  assert.match(asOf(then, NOW), /^as of \d\d:\d\d:55$/);
  assert.deepEqual(look(undefined, NOW), { is: "", word: "" });
});

/** A console that looks at some people, and what the portal answers it. */
function desk() {
  const world = { at: 0, ids: ["a", "b"], hidden: false, /** @type {any[]} */ answers: [], /** @type {string[]} */ asked: [], drawn: 0, /** @type {number[]} */ refused: [] };
  const fetch = async (/** @type {string} */ path) => {
    world.asked.push(path.replace(/.*ids=/, ""));
    const answer = world.answers.shift() ?? { status: 200, results: world.ids.map((id) => ({ id, presence: told("Available") })), trouble: "" };
    if (answer.status === 0) throw new TypeError("no network");
    return { ok: answer.status === 200, status: answer.status, json: async () => answer };
  };
  const presences = new Presences({ fetch: /** @type {any} */ (fetch), shown: () => world.ids, now: () => NOW, changed: () => world.drawn++, refused: (status) => world.refused.push(status), hidden: () => world.hidden, local: () => world.at });
  /** @param {number} seconds */
  const pass = async (seconds) => {
    for (let second = 0; second < seconds; second++) {
      world.at += 1000;
      presences.tick();
      await new Promise((done) => setImmediate(done));
    }
  };
  return { world, presences, pass };
}

test("those in view are asked for every ten seconds, and others as soon as they come into view", async () => {
  const { world, presences, pass } = desk();
  await pass(5);
  assert.deepEqual(world.asked, []); // nobody has been found yet
  presences.resume();
  await pass(20);
  assert.deepEqual(world.asked, ["a,b", "a,b"]);
  world.ids = ["b", "c"];
  presences.hurry();
  await pass(1);
  assert.equal(world.asked.at(-1), "b,c");
  presences.hurry();
  await pass(5);
  assert.equal(world.asked.length, 3);
  assert.deepEqual(presences.look("c"), { is: "free", word: "Free" });
});

test("nobody is asked for while the tab is hidden or nobody is in view", async () => {
  const { world, presences, pass } = desk();
  world.hidden = true;
  presences.resume();
  await pass(30);
  world.hidden = false;
  world.ids = [];
  await pass(30);
  assert.deepEqual(world.asked, []);
});

test("who is not known yet is asked for again soon, and for a while shows nothing", async () => {
  const { world, presences, pass } = desk();
  const nothing = { status: 200, results: [{ id: "a", presence: null }, { id: "b", presence: null }], trouble: "" };
  world.answers = Array(9).fill(nothing);
  presences.resume();
  await pass(4);
  assert.equal(world.asked.length, 2);
  assert.deepEqual(presences.look("a"), { is: "", word: "" });
  await pass(8);
  assert.deepEqual(presences.look("a"), { is: "unknown", word: "Not known" });
});

test("failures are followed by longer and longer waits, and what is known grows old", async () => {
  const { world, presences, pass } = desk();
  presences.resume();
  await pass(1);
  world.answers = Array(9).fill({ status: 503 });
  await pass(9);
  world.answers[0] = { status: 0 };
  await pass(300);
  assert.equal(world.asked.length, 1 + 6); // after 10, 10, 20, 40, 80, 120 s
  world.ids = ["c"];
  presences.hurry();
  await pass(1);
  assert.equal(world.asked.length, 7);
  world.answers = [];
  await pass(120);
  assert.deepEqual(presences.look("c"), { is: "free", word: "Free" });
});

test("why presence is not known is kept, and shown at once", async () => {
  const { world, presences, pass } = desk();
  world.answers = [{ status: 200, results: [{ id: "a", presence: null }], trouble: "The role Presence.Read.All is missing." }];
  presences.resume();
  await pass(1);
  assert.equal(presences.trouble, "The role Presence.Read.All is missing.");
  assert.deepEqual(presences.look("a"), { is: "unknown", word: "Not known" });
});

test("who may no longer see asks no more until they may again", async () => {
  const { world, presences, pass } = desk();
  world.answers = [{ status: 401 }];
  presences.resume();
  await pass(60);
  assert.deepEqual([world.asked.length, world.refused], [1, [401]]);
  presences.resume();
  await pass(20);
  assert.ok(world.asked.length > 1);
});

test("an answer that comes when all was forgotten is not kept", async () => {
  const { presences } = desk();
  presences.resume();
  const asking = presences.ask();
  presences.forget();
  await asking;
  assert.equal(presences.known.size, 0);
});
