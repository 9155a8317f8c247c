import assert from "node:assert/strict";
import { test } from "node:test";

import { buttons } from "../../static/js/console/callcard.js";
import { centre, choose, ends, sends } from "../../static/js/console/pick.js";
import { all, apply, empty, lane } from "../../static/js/console/store.js";
import { event, isParked, isRecall, look, summary } from "../../static/js/console/words.js";
import { card, OMAR } from "./cards.js";

const slot = (changes = {}) => ({ slot: 3, at: "2026-11-21T14:01:00+00:00", by: "Omar Haddad", is_recalled: false, ...changes });
const parked = (changes = {}) => card({ lane: "waiting", state: "established", park: slot(), ...changes });
const moving = (changes = {}) => card({ lane: "waiting", state: "transferAccepted", operation: { id: "1", kind: "transfer", status: "pending", to: "Chen", error: null }, ...changes });
const back = (changes = {}) => card({ lane: "live", operation: { id: "1", kind: "transfer", status: "failed", to: "Chen", error: { title: "Nobody answered", detail: "", code: "500", subcode: 7000 } }, ...changes });
const me = { username: "rita", name: "Rita Ruiz", rights: new Set(["see", "decide", "hang_up"]) };
const view = { me, notes: new Map(), targets: new Map(), chosen: "", confirming: "", reasons: "", now: 0 };
const names = (one) => buttons(one, view).map((spec) => spec.name);

test("a parked call shows its slot, a moving one where it goes", () => {
  assert.deepEqual([look(parked(), "rita").tone, look(parked(), "rita").why], ["parked", "slot 3, by Omar Haddad"]);
  assert.equal(look(parked(), "rita").time.at, slot().at);
  assert.deepEqual([look(moving(), "rita").word, look(moving(), "rita").why], ["Moving", "to Chen"]);
  assert.equal(look(moving(), "rita", undefined, "Dana").why, "to Dana");
});

test("what has come back is a recall until something else is asked", () => {
  const recalled = card({ lane: "live", park: slot({ is_recalled: true }) });
  for (const one of [back(), recalled]) assert.ok(isRecall(one) && !isParked(one) && look(one, "rita").word === "Recall");
  assert.equal(look(back(), "rita").why, "back from Chen");
  assert.equal(look(recalled, "rita").why, "slot 3, parked by Omar Haddad");
  const again = { id: "2", kind: "transfer", status: "pending", to: "Dana", error: null };
  assert.ok(!isRecall(back({ operation: again })) && !isRecall(card({ lane: "live" })) && !isRecall(parked()));
});

test("a refusal is said before where a call waits", () => {
  const note = { kind: "unpark", phase: "refused", text: "Omar has this call.", version: 1, status: 409 };
  assert.equal(look(parked(), "rita", note).why, "Omar has this call.");
});

test("who comes back stands at the top of the live calls, who arrives at their end", () => {
  const first = card({ lane: "live" });
  const transferred = moving();
  let state = apply(empty(), { type: "snapshot", seq: 1, cards: [first, transferred] });
  assert.deepEqual(state.order.waiting, [transferred.id]);
  const other = card({ lane: "live" });
  state = apply(state, { type: "changed", seq: 2, cards: [other, { ...back(), id: transferred.id, version: 2 }] });
  assert.deepEqual(lane(state, "live").map((one) => one.id), [transferred.id, first.id, other.id]);
  assert.equal(all(state).length, 3);
});

test("a parked call is taken back, taken, sent on or ended; a moving one only ended", () => {
  assert.deepEqual(names(parked()), ["take", "unpark", "transfer", "askEnd", "claim"]);
  assert.deepEqual(names(moving()), ["askEnd"]);
  assert.ok(buttons(parked({ claim: OMAR }), view).filter((spec) => spec.name !== "open").every((spec) => spec.off));
  assert.ok(names(card({ lane: "live", park: slot({ is_recalled: true }) })).includes("unpark"));
  const cards = [parked(), moving()];
  assert.equal(sends(cards, cards[0].id, "rita"), cards[0]);
  assert.equal(sends(cards, cards[1].id, "rita"), undefined);
  assert.equal(ends(cards, cards[1].id, "rita"), cards[1]);
});

test("a call that waits elsewhere lets go of the choice, one that comes back gets it", () => {
  const mine = card({ lane: "live", handled_by: { username: "rita", name: "Rita" } });
  const gone = moving();
  assert.equal(choose([gone, mine], { id: gone.id, byHand: false }, "rita").id, mine.id);
  const slotted = parked();
  assert.equal(choose([slotted], { id: slotted.id, byHand: false }, "rita").id, "");
  assert.equal(choose([slotted], { id: slotted.id, byHand: true }, "rita").id, slotted.id);
  const recalled = back();
  assert.equal(choose([recalled], { id: "", byHand: false }, "rita").id, recalled.id);
  assert.deepEqual(centre([mine, recalled], mine.id, "rita"), [mine.id, recalled.id]);
});

test("parking, taking back and recalls are told, and counted", () => {
  const live = card({ lane: "live" });
  assert.equal(event(live, { ...parked(), id: live.id }, "rita"), "Amara Okoye: parked in slot 3, by Omar Haddad");
  assert.equal(event(live, { ...moving(), id: live.id }, "rita"), "Amara Okoye: goes to Chen");
  assert.equal(event(moving(), back(), "rita"), "Amara Okoye: recall, back from Chen");
  assert.equal(event(parked(), card({ lane: "live", claim: OMAR }), "rita"), "Amara Okoye: taken back by Omar Haddad");
  assert.equal(summary([parked(), moving()], 5, (s) => `${s}s`), "2 parked or moving, longest 5s");
});
