import assert from "node:assert/strict";
import { test } from "node:test";
import { absence, caller, event, failed, guests, hasGuests, initials, look, nextStep, outcome, ringsOut, summary } from "../../static/js/console/words.js";
import { card, OMAR, RITA } from "./cards.js";

const operation = (status, kind = "redirect", error = null) => ({ id: "op", kind, status, error });

test("a ringing call rings", () => {
  const seen = look(card(), "rita");
  assert.deepEqual([seen.tone, seen.icon, seen.word, seen.why], ["ringing", "bell", "Ringing", ""]);
  assert.equal(seen.time.kind, "left");
});

test("a call that somebody else claimed names who", () => {
  const seen = look(card({ claim: OMAR }), "rita");
  assert.deepEqual([seen.tone, seen.icon, seen.why], ["claimed", "lock", "Omar Haddad is taking it"]);
});

test("my own claim still rings, and says so", () => {
  const seen = look(card({ claim: RITA }), "rita");
  assert.deepEqual([seen.tone, seen.why], ["ringing", "you are taking it"]);
});

test("asked is not done", () => {
  const seen = look(card({ claim: RITA, operation: operation("pending") }), "rita");
  assert.deepEqual([seen.tone, seen.why], ["pending", "asked Graph to redirect …"]);
  assert.equal(look(card({ operation: operation("pending", "transfer") }), "rita", undefined, "Dana Lee").why, "asked Graph to transfer to Dana Lee …");
  assert.match(look(card({ claim: OMAR, operation: operation("pending") }), "rita").why, /^Omar Haddad asked Graph/);
});

test("those who are rung into a call are named, and whether they came", () => {
  const invited = (status, to, error = null) => ({ id: to, to, status, at: "2026-11-21T14:00:30+00:00", error });
  const live = card({ lane: "live", invitations: [invited("done", "Dana Lee"), invited("pending", "Omar Haddad")] });
  assert.equal(guests(live), "Dana Lee (in the call), Omar Haddad (ringing …)");
  assert.equal(guests({ ...live, lane: "handled" }), "Dana Lee (joined), Omar Haddad (ringing …)");
  assert.deepEqual([hasGuests(live), hasGuests(card({ lane: "live", invitations: [invited("pending", "Omar")] }))], [true, false]);
  assert.equal(guests(card()), "");
});

test("who did not come is said while the call goes on, with what Microsoft says", () => {
  const error = { title: "Nobody came", detail: "Microsoft says: The callee declined. (603/0)", code: "603", subcode: 0 };
  const declined = { id: "op", to: "Dana Lee", status: "failed", at: "2026-11-21T14:00:30+00:00", error };
  const live = card({ lane: "live", invitations: [declined] });
  assert.equal(absence(live), "Dana Lee: Nobody came. Microsoft says: The callee declined. (603/0).");
  assert.equal(absence({ ...live, lane: "handled" }), "");
  assert.equal(absence({ ...live, invitations: [declined, { ...declined, status: "pending", error: null }] }), "");
});

test("nobody knows: that is no success", () => {
  const doubt = card({ lane: "missed", state: "terminated", operation: operation("unknown") });
  const seen = look(doubt, "rita");
  assert.deepEqual([seen.tone, seen.word, seen.why], ["failed", "Unknown", "redirect unclear"]);
  assert.match(nextStep(doubt), /Call back/);
  assert.equal(look({ ...doubt, lane: "handled", outcome: "taken" }, "rita").tone, "handled");
});

test("a ring without news is no miss, and may ring again", () => {
  const silent = card({ lane: "missed" });
  const seen = look(silent, "rita");
  assert.deepEqual([seen.tone, seen.word, seen.why], ["failed", "No news", "nothing is heard of it"]);
  const rings = { ...silent, lane: "ringing" };
  assert.equal(event(rings, silent, "rita"), "Amara Okoye: nothing is heard of it");
  assert.equal(event(silent, rings, "rita"), "Amara Okoye rings again");
});

test("answered is not yet connected", () => {
  const seen = look(card({ lane: "live", state: "establishing", claim: RITA }), "rita");
  assert.deepEqual([seen.tone, seen.word, seen.why], ["pending", "Connecting", "being connected …"]);
  assert.equal(look(card({ lane: "live" }), "rita").word, "Answered");
});

test("a failure gives reason and next step and stays", () => {
  const error = { title: "Number not reachable", detail: "", code: 8525, subcode: null };
  const one = card({ operation: operation("failed", "redirect", error) });
  assert.equal(look(one, "rita").tone, "failed");
  assert.equal(failed(one), "Redirect failed. Number not reachable.");
  assert.equal(failed(card({ operation: operation("failed", "transfer", { ...error, title: "The transfer failed" }) })), "Transfer failed");
  assert.match(nextStep(one), /still rings/);
  assert.match(nextStep({ ...one, lane: "missed", outcome: "missed" }), /Call back/);
  assert.match(nextStep(card({ lane: "live", operation: operation("failed", "transfer") })), /somebody else/);
});

test("what this console heard about a call is shown before the card", () => {
  const lost = { kind: "take", phase: "lost", text: "Rita Ruiz took it", version: 1 };
  assert.deepEqual([look(card(), "omar", lost).tone, look(card(), "omar", lost).why], ["claimed", "Rita Ruiz took it"]);
  const sending = { kind: "hangUp", phase: "sending", text: "", version: 1 };
  assert.equal(look(card({ lane: "live" }), "rita", sending).why, "hanging up …");
});

test("a note never hides how a call came out", () => {
  const lost = { kind: "take", phase: "refused", text: "No", version: 1 };
  const over = card({ lane: "handled", outcome: "taken", handled_by: { username: "omar", name: "Omar Haddad" } });
  assert.equal(look(over, "rita", lost).why, "Omar Haddad took it");
});

test("every outcome of the contract has words for its three readers", () => {
  const outcomes = ["taken", "redirected", "answered", "rejected", "transferred", "hung_up", "fallback", "missed", "abandoned", "failed", "ended", "", "something-new"];
  for (const name of outcomes) {
    for (const by of [null, { username: "rita", name: "Rita Ruiz" }]) {
      const words = outcome(card({ lane: "handled", outcome: name, handled_by: by, handled_to: "Dana Lee" }), "rita");
      assert.ok(words.length > 3 && !/undefined|null/.test(words), `${name}: ${words}`);
    }
  }
  assert.equal(outcome(card({ lane: "handled", outcome: "fallback" }), "rita"), "fallback: rejected as busy");
  const to = card({ lane: "handled", outcome: "redirected", handled_by: { username: "rita", name: "Rita Ruiz" }, handled_to: "Dana Lee" });
  assert.equal(outcome(to, "rita"), "to Dana Lee, by you");
  assert.equal(outcome(to, "omar"), "to Dana Lee, by Rita Ruiz");
  assert.match(outcome({ ...to, unconfirmed: true }, "omar"), /not confirmed$/);
});

test("a caller without a name is a number, without a number anonymous", () => {
  assert.equal(caller(card({ caller: { name: "", phone: "+4930", user: null } })), "+4930");
  assert.equal(caller(card({ caller: { name: "", phone: "", user: null } })), "Anonymous");
});

test("initials take the first and the last word, and none from numbers", () => {
  assert.equal(initials("Lucía María Fernández"), "LF");
  assert.equal(initials("Ada"), "A");
  assert.equal(initials("+49 30 23125"), "");
  assert.equal(initials("李 明"), "李明");
});

test("what happened is told once", () => {
  const before = card();
  assert.equal(event(undefined, before, "rita"), "Amara Okoye rings on main");
  assert.equal(event(before, { ...before, claim: OMAR }, "rita"), "Amara Okoye: Omar Haddad claimed it");
  assert.equal(event({ ...before, claim: OMAR }, { ...before, claim: { ...OMAR, until: "later" } }, "rita"), "");
  assert.equal(event(before, { ...before, lane: "missed", outcome: "abandoned" }, "rita"), "Amara Okoye: caller hung up");
  assert.equal(event(undefined, card({ lane: "handled" }), "rita"), "");
});

test("who joins and who leaves a call of several is told", () => {
  const [amara, dana, omar] = ["Amara", "Dana", "Omar"].map((name) => ({ id: name, name, is_caller: name === "Amara", is_muted: false, is_in_lobby: false, is_on_hold: false, heard_by: [], operation: null }));
  const before = card({ lane: "live", people: [amara, dana] });
  assert.equal(event(card({ lane: "live" }), before, "rita"), "Amara Okoye: Dana joined");
  assert.equal(event(before, { ...before, people: [amara, omar] }, "rita"), "Amara Okoye: Omar joined; Amara Okoye: Dana left");
  const turned = (changes) => event(before, { ...before, people: [amara, { ...dana, ...changes }] }, "rita");
  assert.deepEqual([turned({ is_muted: true }), turned({ is_on_hold: true }), turned({})], ["Dana is muted", "Dana is on hold", ""]);
  assert.equal(turned({ operation: { id: "1", kind: "mute", status: "failed", error: { title: "Not muted", detail: "", code: "", subcode: null } } }), "Dana: Not muted");
});

test("the sum counts who waits", () => {
  const format = (seconds) => `${seconds} s`;
  assert.equal(summary([], 0, format), "Nobody waiting");
  assert.equal(summary([card(), card(), card({ lane: "live" }), card({ lane: "handled" })], 70, format), "2 ringing, 1 live, longest 70 s");
});

test("many who ring at once are counted, a few are named", () => {
  const few = [card(), card(), card()];
  assert.equal(ringsOut(few).split(". ").length, 3);
  assert.equal(ringsOut([...few, card()]), "Amara Okoye rings on main. Amara Okoye rings on main. 2 more ring");
});

test("what broke or got no answer was not refused", () => {
  const note = (status) => ({ kind: "take", phase: "refused", text: "why", version: 1, status });
  assert.deepEqual([409, 500, 0].map((status) => look(card(), "rita", note(status)).word), ["Refused", "Not done", "No answer"]);
});
