import assert from "node:assert/strict";
import { test } from "node:test";

import { Decisions } from "../../static/js/console/decisions.js";
import { buttons } from "../../static/js/console/callcard.js";
import { Presses, choose, sends, takes } from "../../static/js/console/pick.js";
import { apply, empty, lane } from "../../static/js/console/store.js";
import { event, isIn, look, nextStep } from "../../static/js/console/words.js";
import { card, RITA } from "./cards.js";

const MINE = { username: "rita", name: "Rita Ruiz" };
const VIEW = { me: { username: "rita", name: "Rita", rights: new Set(["decide", "hang_up"]) }, notes: new Map() };
/** @param {any} changes */
const invited = (changes) => ({ id: "o", to: "Rita Ruiz", status: "done", at: "", is_caller: false, error: null, ...changes });
/** @param {any} [changes] */
const meeting = (changes) => card({ lane: "live", mode: "bridge", bridge_of: "call", handled_by: MINE, ...changes });

/** @returns {{asked: string[], decisions: Decisions}} */
function desk() {
  const asked = /** @type {string[]} */ ([]);
  const ask = (/** @type {string} */ name) => async (/** @type {any} */ _card, /** @type {any} */ _me, /** @type {any} */ ...rest) => {
    asked.push([name, ...rest.map((one) => one?.kind).filter(Boolean)].join(" "));
    return { ok: true, status: 202, body: null, text: "" };
  };
  const commands = /** @type {any} */ (Object.fromEntries(["answer", "bridge", "invite", "redirect", "transfer"].map((name) => [name, ask(name)])));
  const ways = { me: "rita", put() {}, card: () => undefined, redraw() {}, refused() {} };
  return { asked, decisions: new Decisions(commands, ways) };
}

test("taking a call is what its line makes of it", async () => {
  const { asked, decisions } = desk();
  for (const one of [card(), card({ mode: "bridge" }), card({ lane: "live" }), card({ lane: "live", mode: "bridge" }), meeting()]) await decisions.take(one);
  assert.deepEqual(asked, ["redirect", "bridge", "transfer me", "bridge", "invite me"]);
});

test("on a bridging line there is no answering beside taking", () => {
  const names = (/** @type {any} */ one) => buttons(one, /** @type {any} */ (VIEW)).map((spec) => spec.name);
  assert.ok(names(card()).includes("answer"));
  assert.ok(!names(card({ mode: "bridge" })).includes("answer"));
});

test("a meeting tells what its caller waits for, and until then nothing can be moved", () => {
  const steps = [
    [meeting({ state: "establishing" }), "opening the meeting …"],
    [meeting({ invitations: [invited({ status: "pending" })] }), "ringing Rita Ruiz in Teams …"],
    [meeting({ invitations: [invited({}), invited({ to: "+1", is_caller: true, status: "pending" })] }), "leading the caller in …"],
  ];
  for (const [one, why] of /** @type {[any, string][]} */ (steps)) {
    assert.equal(look(one, "rita").why, why);
    assert.equal(sends([one], one.id, "rita"), undefined);
    assert.ok(buttons(one, /** @type {any} */ (VIEW)).filter((spec) => ["take", "transfer", "invite"].includes(spec.name)).every((spec) => spec.off));
  }
  const there = meeting({ invitations: [invited({}), invited({ to: "+1", is_caller: true })] });
  assert.equal(look(there, "rita").word, "Answered");
  assert.equal(sends([there], there.id, "rita"), there);
});

test("whoever has chosen a call goes on with its meeting, and the keys with them", () => {
  const before = card({ lane: "aside", bridge: "m", claim: RITA });
  const after = meeting({ bridge_of: before.id });
  const chosen = { id: before.id, byHand: true };
  assert.deepEqual(choose([after], chosen, "rita"), { id: after.id, byHand: true });
  const presses = new Presses(() => 1000);
  assert.ok(presses.mean(before.id));
  presses.goesOn(before.id, after.id);
  assert.ok(presses.mean(after.id));
});

test("whoever is in a meeting takes the next ring by F2, and an orphaned meeting takes no selection over", () => {
  const talk = meeting({ people: [{ id: "p", name: "Rita", is_caller: false }], invitations: [invited({}), invited({ to: "+1", is_caller: true })] });
  const ring = card();
  assert.equal(takes([ring, talk], talk.id, "rita", (one) => isIn(one, { name: "Rita" })), ring);
  assert.equal(takes([ring, talk], talk.id, "rita", (one) => isIn(one, { name: "Omar" })), talk);
  const back = card({ lane: "live" });
  assert.deepEqual(choose([back, meeting({ bridge_of: back.id })], { id: back.id, byHand: true }, "rita"), { id: back.id, byHand: true });
});

test("what stands aside is in no lane, and comes back when its meeting came to nothing", () => {
  const first = card({ lane: "live", version: 1 });
  const aside = { ...first, lane: /** @type {const} */ ("aside"), bridge: "m", version: 2 };
  const operation = { id: "o", kind: "bridge", status: "failed", error: { title: "Nobody took the call in Teams", detail: "Try again.", code: null, subcode: null } };
  const back = /** @type {any} */ ({ ...first, version: 3, operation });
  let state = apply(empty(), { type: "snapshot", seq: 1, cards: [first] });
  state = apply(state, { type: "changed", seq: 2, cards: [aside] });
  assert.deepEqual(["ringing", "live", "handled", "missed"].map((name) => lane(state, /** @type {any} */ (name)).length), [0, 0, 0, 0]);
  state = apply(state, { type: "changed", seq: 3, cards: [back] });
  assert.equal(lane(state, "live").length, 1);
  assert.equal(event(first, aside, "rita"), "Amara Okoye: led into a meeting");
  assert.equal(event(aside, back, "rita"), "Amara Okoye: Bridging failed. Nobody took the call in Teams.");
  assert.equal(nextStep(back), "");
});
