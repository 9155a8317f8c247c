import assert from "node:assert/strict";
import { test } from "node:test";

import { bot, chip, counted, isSeen, missing } from "../../static/js/room/words.js";

const seat = (state, more = {}) => ({ oid: "a", address: "a@b.example", name: "A", role: "attendee", state, can_be_rung: !["in", "lobby", "ringing", "waiting"].includes(state), ...more });
const room = (more = {}) => ({ meeting: "m", can_be_joined: true, call: null, elsewhere: false, seats: [], lines: [{ id: 1, name: "main" }], ...more });
const call = (more = {}) => ({ id: "c", state: "established", roster: "known", line: { id: 1, name: "main" }, operation: null, ...more });

test("nobody is missing before somebody looks", () => {
  assert.equal(chip(seat("missing"), false).word, "Unknown");
  assert.equal(chip(seat("missing"), true).word, "Missing");
  assert.equal(chip(seat("missing", { oid: "" }), true).word, "Unknown");
});

test("every state has a chip", () => {
  for (const state of ["in", "lobby", "ringing", "waiting", "left", "declined", "busy", "no_answer", "unreachable", "failed", "unknown"]) {
    const { word, icon, state: colour } = chip(seat(state), true);
    assert.ok(word && icon && colour, state);
  }
});

test("those who are there and those who ring are counted", () => {
  assert.equal(counted([], true), "");
  assert.equal(counted([seat("missing"), seat("missing")], false), "2");
  assert.equal(counted([seat("in"), seat("lobby"), seat("missing")], true), "2 of 3 here");
  assert.equal(counted([seat("in"), seat("ringing")], true), "1 of 2 here, 1 ringing");
});

test("whoever said no is not rung with the others", () => {
  const found = missing([seat("in"), seat("declined"), seat("left"), seat("busy"), seat("missing"), seat("missing", { can_be_rung: false })]);
  assert.deepEqual(found.map((one) => one.state), ["busy", "missing"]);
});

test("the bot sees who is there once it is in and was told", () => {
  assert.equal(isSeen(room()), false);
  assert.equal(isSeen(room({ call: call({ roster: "none" }) })), false);
  assert.equal(isSeen(room({ call: call({ state: "establishing" }) })), false);
  assert.equal(isSeen(room({ call: call() })), true);
});

test("it is said how it stands with the bot, and what to do", () => {
  assert.equal(bot(room()).chip.word, "Not there");
  assert.match(bot(room({ lines: [] })).said, /Somebody who decides/);
  assert.match(bot(room({ can_be_joined: false })).said, /nothing to join/);
  assert.equal(bot(room({ call: call() })).chip.word, "Inside");
  assert.match(bot(room({ call: call() })).said, /through main/);
  assert.equal(bot(room({ call: call({ state: "establishing" }) })).chip.word, "Joining");
  assert.equal(bot(room({ call: call({ state: "terminating", operation: { kind: "hang-up" } }) })).chip.word, "Leaving");
  assert.match(bot(room({ elsewhere: true })).said, /do not staff/);
});
