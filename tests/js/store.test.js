import assert from "node:assert/strict";
import { test } from "node:test";
import { all, apply, empty, expire, lane, put } from "../../static/js/console/store.js";
import { card } from "./cards.js";

const snapshot = (cards, seq = 1) => ({ type: "snapshot", seq, cards });
const changed = (cards, seq, gone = []) => ({ type: "changed", seq, cards, gone });
const ids = (state, name) => lane(state, name).map((one) => one.id);

test("a snapshot puts calls into their lanes, oldest first", () => {
  const late = card({ received_at: "2026-11-21T14:00:05+00:00" });
  const early = card();
  const done = card({ lane: "handled", state: "terminated" });
  const state = apply(empty(), snapshot([late, done, early], 9));
  assert.deepEqual(ids(state, "ringing"), [early.id, late.id]);
  assert.deepEqual(ids(state, "handled"), [done.id]);
  assert.equal(state.seq, 9);
  assert.ok(state.ready);
});

test("a changed card replaces the old one and stays where it is", () => {
  const [first, second] = [card(), card()];
  const before = apply(empty(), snapshot([first, second]));
  const after = apply(before, changed([{ ...first, version: 2, unconfirmed: true }], 5));
  assert.deepEqual(ids(after, "ringing"), [first.id, second.id]);
  assert.equal(after.cards.get(first.id).unconfirmed, true);
  assert.equal(after.seq, 5);
});

test("a call that enters a lane goes to its end", () => {
  const [first, second, done] = [card(), card(), card({ lane: "handled" })];
  const before = apply(empty(), snapshot([first, second, done]));
  const after = apply(before, changed([{ ...first, version: 2, lane: "handled" }], 2));
  assert.deepEqual(ids(after, "ringing"), [second.id]);
  assert.deepEqual(ids(after, "handled"), [done.id, first.id]);
});

test("an older version never overwrites a newer one, by either message", () => {
  const one = card({ version: 5, lane: "live" });
  const state = apply(empty(), snapshot([one]));
  const stale = { ...one, version: 4, lane: "ringing" };
  assert.equal(apply(state, changed([stale], 2)).cards.get(one.id).lane, "live");
  assert.equal(apply(state, snapshot([stale], 2)).cards.get(one.id).lane, "live");
});

test("the same message twice changes nothing", () => {
  const one = card();
  const message = changed([one], 3);
  const once = apply(empty(), message);
  assert.deepEqual(apply(once, message), once);
});

test("a snapshot keeps the drawn order and drops what is gone", () => {
  const [first, second, third] = [card(), card(), card()];
  const before = apply(apply(empty(), snapshot([second])), changed([first], 2));
  assert.deepEqual(ids(before, "ringing"), [second.id, first.id]);
  const after = apply(before, snapshot([first, third, second], 8));
  assert.deepEqual(ids(after, "ringing"), [second.id, first.id, third.id]);
  assert.deepEqual(ids(apply(after, snapshot([third], 9)), "ringing"), [third.id]);
});

test("a card that leaves the scope is forgotten", () => {
  const one = card();
  const after = apply(apply(empty(), snapshot([one])), changed([], 2, [one.id]));
  assert.equal(after.cards.size, 0);
  assert.deepEqual(all(after), []);
});

test("a heartbeat moves the sequence and nothing else", () => {
  const before = apply(empty(), snapshot([card()], 4));
  const after = apply(before, { type: "heartbeat", seq: 7, now: "2026-11-21T14:00:00+00:00" });
  assert.equal(after.seq, 7);
  assert.equal(after.cards, before.cards);
});

test("messages of an unknown kind are left alone", () => {
  const state = apply(empty(), snapshot([card()]));
  assert.equal(apply(state, { type: "weather" }), state);
});

test("the card of an answer is taken in like one of the socket", () => {
  const one = card();
  const state = put(apply(empty(), snapshot([one], 6)), { ...one, version: 2, lane: "live" });
  assert.deepEqual(ids(state, "live"), [one.id]);
  assert.equal(state.seq, 6);
});

test("calls that ended more than an hour ago are let go", () => {
  const old = card({ lane: "missed", ended_at: "2026-11-21T12:00:00+00:00" });
  const recent = card({ lane: "handled", ended_at: "2026-11-21T13:30:00+00:00" });
  const state = apply(empty(), snapshot([old, recent]));
  const now = Date.parse("2026-11-21T14:00:00+00:00");
  assert.deepEqual([...expire(state, now).cards.keys()], [recent.id]);
  const fresh = expire(state, now);
  assert.equal(expire(fresh, now), fresh);
});

test("whatever order changes come in, the end is the same", () => {
  const base = card();
  const versions = [1, 2, 3, 4].map((version) => ({ ...base, version, lane: ["ringing", "ringing", "live", "handled"][version - 1] }));
  const orders = [[0, 1, 2, 3], [3, 2, 1, 0], [2, 0, 3, 1], [1, 3, 0, 2]];
  const ends = orders.map((order) => order.reduce((state, index) => apply(state, changed([versions[index]], index + 1)), empty()));
  for (const end of ends) assert.deepEqual(end.cards.get(base.id), versions[3]);
  for (const end of ends) assert.deepEqual(ids(end, "handled"), [base.id]);
});
