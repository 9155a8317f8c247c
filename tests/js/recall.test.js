import assert from "node:assert/strict";
import { test } from "node:test";

import { Alternatives } from "../../static/js/console/recall.js";
import { card } from "./cards.js";

const NOW = Date.parse("2026-11-21T14:00:10Z");
const failed = (id = "1") => ({ id, kind: "transfer", status: "failed", to: "Chen", error: { title: "Nobody answered", detail: "", code: "500", subcode: 7000 } });
const back = (changes = {}) => card({ lane: "live", operation: failed(), ...changes });
const free = { availability: "Available", activity: "Available", is_out_of_office: false, message: "", at: "2026-11-21T14:00:05+00:00" };

/** What asks a portal that answers with `results`, and what it asked. */
function made(results, ok = true) {
  const at = { now: 0, asked: [], drawn: 0, results };
  const fetch = async (path) => (at.asked.push(path), { ok, json: async () => ({ results: at.results }) });
  at.others = new Alternatives({ fetch, changed: () => at.drawn++, local: () => at.now });
  return at;
}

const settled = () => new Promise((done) => setImmediate(done));

test("those who might take a call that has come back are asked for, and again as time goes by", async () => {
  const at = made([{ id: "a", name: "Chen", job_title: "", presence: free }]);
  const call = back();
  at.others.follow([call, card({ lane: "live" })]);
  at.others.follow([call]);
  await settled();
  assert.deepEqual(at.asked, [`/api/v1/calls/${call.id}/alternatives/`]);
  assert.deepEqual([at.others.of(call).map((one) => one.name), at.drawn], [["Chen"], 1]);
  at.now = 9999;
  at.others.follow([call]);
  assert.equal(at.asked.length, 1);
  at.now = 10_000;
  at.others.follow([call]);
  assert.equal(at.asked.length, 2);
  assert.equal(at.others.of(call).length, 1); // what was known stays until the answer
});

test("who is not known yet is asked for soon", async () => {
  const at = made([{ id: "a", name: "Chen", job_title: "", presence: null }]);
  const call = back();
  at.others.follow([call]);
  await settled();
  at.now = 2000;
  at.others.follow([call]);
  assert.equal(at.asked.length, 2);
});

test("another transfer has other alternatives, and a call that is not shown none", async () => {
  const at = made([{ id: "a", name: "Chen", job_title: "", presence: free }]);
  const call = back();
  at.others.follow([call]);
  await settled();
  const again = { ...call, operation: failed("2") };
  assert.deepEqual(at.others.of(again), []);
  at.others.follow([again]);
  assert.equal(at.asked.length, 2);
  at.others.follow([]);
  await settled();
  assert.equal(at.others.known.size, 0);
});

test("without an answer nothing is shown and nothing breaks", async () => {
  const at = made([], false);
  const call = back();
  at.others.follow([call]);
  await settled();
  assert.deepEqual([at.others.of(call), at.drawn], [[], 0]);
});
