/** Reads {"messages": [...], "snapshot": {...}} and fails unless the console's store knows the same after both. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";

import { LANES, apply, empty } from "../../static/js/console/store.js";

const known = (state) => ({
  seq: state.seq,
  cards: Object.fromEntries([...state.cards].sort(([a], [b]) => a.localeCompare(b))),
  lanes: Object.fromEntries(LANES.map((lane) => [lane, [...state.order[lane]].sort()])),
});

const { messages, snapshot } = JSON.parse(readFileSync(0, "utf8"));
assert.deepEqual(known(messages.reduce(apply, empty())), known(apply(empty(), snapshot)));
