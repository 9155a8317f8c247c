import assert from "node:assert/strict";
import { test } from "node:test";

import { gauge } from "../../static/js/console/budget.js";

/** @param {number} atOnce @param {number} month */
const told = (atOnce, month) => ({ at_once: { used: atOnce, allowed: 100 }, month: { used: month, allowed: 10_000 } });

test("the status line tells both limits, in short and in words", () => {
  const { words, long } = gauge(told(14, 2310));
  assert.equal(words, "14/100 · 2,310/10,000");
  assert.match(long, /^14 of 100 calls at a time, 2,310 of 10,000 this month/);
});

test("the fuller of both decides how loud it is", () => {
  assert.deepEqual([gauge(told(79, 0)), gauge(told(80, 0)), gauge(told(0, 9500)), gauge(told(100, 0))].map(({ tone }) => tone), ["waiting", "ringing", "failed", "failed"]);
});
