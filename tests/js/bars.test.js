import assert from "node:assert/strict";
import { test } from "node:test";
import { AMBER_MS, pill, RED_MS, severity, words } from "../../static/js/console/bars.js";

test("a gap of less than two seconds is not shown; then amber, after ten seconds red", () => {
  const at = (ms) => severity("lost", ms);
  assert.deepEqual([at(0), at(AMBER_MS - 1), at(AMBER_MS), at(RED_MS - 1), at(RED_MS)], ["fine", "fine", "amber", "amber", "red"]);
  assert.equal(severity("live", RED_MS), "fine");
});

test("silence and a network that went are shown at once", () => {
  assert.deepEqual([severity("silent", 0), severity("silent", RED_MS)], ["amber", "red"]);
});

test("an ended session and withdrawn access are no connection matter", () => {
  for (const phase of ["signed-out", "withdrawn"]) assert.equal(severity(phase, RED_MS), phase);
});

test("a database that is away is told at once, whatever the time, and nobody is told that buttons work", () => {
  assert.deepEqual([severity("stale", 0), severity("stale", RED_MS)], ["stale", "stale"]);
  assert.equal(words("stale", true)[0], "Database away");
  assert.match(words("stale", true)[1], /buttons may not work/);
  assert.deepEqual([pill("fine", 4), pill("stale", 4), pill("red", 14), pill("withdrawn", 4)], ["Live", "Stale 4 s", "Offline 14 s", "Offline"]);
});

test("nobody is told that buttons work while the device is offline", () => {
  for (const level of ["amber", "red"]) {
    assert.match(words(level, true)[1], /Buttons still work/);
    assert.doesNotMatch(words(level, false)[1], /still work/);
  }
  assert.equal(words("signed-out", false)[0], "Your session ended");
  assert.equal(words("fine", false), undefined);
});
