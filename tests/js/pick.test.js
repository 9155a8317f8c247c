import assert from "node:assert/strict";
import { test } from "node:test";
import { arrange, centre, choose, ends, fold, HASTE_MS, heldOn, Named, oldestOpen, Presses, rings, sends, takes } from "../../static/js/console/pick.js";
import { card, OMAR, RITA } from "./cards.js";

const pending = { id: "op", kind: "redirect", status: "pending", error: null };

test("nobody chose: the ring that waits longest is shown", () => {
  const [first, second] = [card(), card()];
  assert.deepEqual(choose([first, second], { id: "", byHand: false }, "rita"), { id: first.id, byHand: false });
});

test("a call chosen by hand stays, whatever rings", () => {
  const [ring, done] = [card(), card({ lane: "handled" })];
  assert.equal(choose([ring, done], { id: done.id, byHand: true }, "rita").id, done.id);
});

test("when somebody else claims the shown ring, the next one is shown", () => {
  const [theirs, free] = [card({ claim: OMAR }), card()];
  assert.equal(choose([theirs, free], { id: theirs.id, byHand: false }, "rita").id, free.id);
  assert.equal(choose([theirs], { id: theirs.id, byHand: false }, "rita").id, theirs.id);
});

test("a new ring does not take the place of the one that is shown", () => {
  const [first, second] = [card(), card()];
  assert.equal(choose([first, second], { id: second.id, byHand: false }, "rita").id, second.id);
});

test("nothing is chosen when nothing is there", () => {
  assert.deepEqual(choose([], { id: "gone", byHand: true }, "rita"), { id: "", byHand: false });
});

test("F2 takes the chosen call, else the oldest that nobody has", () => {
  const [theirs, free, mine] = [card({ claim: OMAR }), card(), card({ claim: RITA })];
  const cards = [theirs, free, mine];
  assert.equal(oldestOpen(cards, "rita").id, free.id);
  assert.equal(takes(cards, mine.id, "rita").id, mine.id);
  assert.equal(takes(cards, theirs.id, "rita").id, free.id);
  assert.equal(takes([theirs], theirs.id, "rita"), undefined);
  assert.equal(takes([card({ operation: pending })], "", "rita"), undefined);
});

test("the bar names a ring, never the answered call that is chosen", () => {
  const [live, oldest, other] = [card({ lane: "live", claim: RITA }), card(), card()];
  const cards = [oldest, other, live];
  assert.equal(rings(cards, live.id, "rita").id, oldest.id);
  assert.equal(rings(cards, other.id, "rita").id, other.id);
  assert.equal(rings([live], live.id, "rita"), undefined);
});

test("F8 never sends a call that nobody looks at", () => {
  const [ring, done] = [card(), card({ lane: "handled" })];
  assert.equal(sends([ring, done], ring.id, "rita").id, ring.id);
  assert.equal(sends([ring, done], done.id, "rita"), undefined);
  assert.equal(sends([ring, done], "", "rita"), undefined);
});

test("an answered call is moved once it is connected; F2 takes no other call meanwhile", () => {
  const connecting = card({ lane: "live", state: "establishing", claim: RITA });
  const cards = [card(), connecting];
  assert.equal(sends(cards, connecting.id, "rita"), undefined);
  assert.equal(takes(cards, connecting.id, "rita"), undefined);
  const connected = { ...connecting, state: "established" };
  assert.equal(sends([connected], connected.id, "rita"), connected);
  assert.equal(takes([connected], connected.id, "rita"), connected);
});

test("F4 ends what is chosen; an answered call even while something is asked of it", () => {
  const [ring, asked, live] = [card(), card({ operation: pending }), card({ lane: "live", operation: pending })];
  assert.equal(ends([ring], ring.id, "rita").id, ring.id);
  assert.equal(ends([asked], asked.id, "rita"), undefined);
  assert.equal(ends([live], live.id, "rita").id, live.id);
  assert.equal(ends([card({ lane: "live", claim: OMAR })], "", "rita"), undefined);
});

test("the centre shows the chosen call, a ring and my live calls, each once", () => {
  const ring = card();
  const mine = card({ lane: "live", claim: RITA });
  const done = card({ lane: "handled" });
  const cards = [ring, mine, done];
  assert.deepEqual(centre(cards, done.id, "rita"), [ring.id, mine.id, done.id]);
  assert.deepEqual(centre(cards, ring.id, "rita"), [ring.id, mine.id]);
  assert.deepEqual(centre(cards, mine.id, "rita"), [ring.id, mine.id]);
  assert.deepEqual(centre([], "", "rita"), []);
});

test("a chosen call has its place in the centre, however many of mine are live", () => {
  const mine = Array.from({ length: 6 }, () => card({ lane: "live", claim: RITA }));
  const [ring, done] = [card(), card({ lane: "missed" })];
  const cards = [ring, ...mine, done];
  assert.deepEqual(centre(cards, done.id, "rita"), [ring.id, mine[0].id, mine[1].id, done.id]);
  assert.deepEqual(centre(cards, mine[5].id, "rita"), [ring.id, mine[5].id, mine[0].id, mine[1].id]);
});

test("while somebody points there, cards stay and arrivals follow", () => {
  assert.deepEqual(arrange(["b"], ["a", "b", "c"], true), ["b", "a", "c"]);
  assert.deepEqual(arrange(["b"], ["a", "b", "c"], false), ["a", "b", "c"]);
  assert.deepEqual(arrange(["a", "b"], ["b"], true), ["b"]);
});

test("a long lane folds its older rows, never the chosen one", () => {
  const ids = ["1", "2", "3", "4", "5"];
  assert.deepEqual(fold(ids, 3, false, ""), ["3", "4", "5"]);
  assert.deepEqual(fold(ids, 3, false, "1"), ["1", "3", "4", "5"]);
  assert.deepEqual(fold(ids, 3, true, ""), ids);
  assert.deepEqual(fold(ids, 5, false, ""), ids);
});

test("a second press at once means the call of the first, not the next one", () => {
  let at = 0;
  const presses = new Presses(() => at);
  assert.equal(presses.mean("a"), true);
  assert.equal(presses.mean("a"), true);
  at = HASTE_MS - 1;
  assert.equal(presses.mean("b"), false);
  at = HASTE_MS;
  assert.equal(presses.mean("b"), true);
});

test("a call that slid under the finger is not meant, unless somebody chose it", () => {
  const presses = new Presses(() => 1000);
  presses.left("taken by omar");
  assert.equal(presses.mean("the next"), false);
  presses.left("");
  assert.equal(presses.mean("the next"), true);
});

test("when a call chosen by hand is over, the next ring is shown", () => {
  const [over, next] = [card({ lane: "handled" }), card()];
  const shown = (chosen) => choose([next, over], heldOn(chosen, over), "rita").id;
  assert.equal(shown({ id: over.id, byHand: true, open: true }), next.id);
  assert.equal(shown({ id: over.id, byHand: true, open: false }), over.id);
  assert.equal(choose([over], heldOn({ id: over.id, byHand: true, open: true }, over), "rita").id, over.id);
});

test("a button that names a call means that one, once it has named it for a moment", () => {
  let at = 0;
  const bar = new Named(() => at);
  bar.show("a");
  assert.equal(bar.meant(), false);
  at += HASTE_MS;
  bar.show("a");
  assert.deepEqual([bar.meant(), bar.id], [true, "a"]);
  bar.show("b");
  assert.equal(bar.meant(), false);
  at += HASTE_MS;
  assert.deepEqual([bar.meant(), bar.id], [true, "b"]);
});
