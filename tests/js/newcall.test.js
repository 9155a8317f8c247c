import assert from "node:assert/strict";
import test from "node:test";
import { buttons } from "../../static/js/console/callcard.js";
import { calledNews, calledRows, counted, isGroup, OUTCOMES, toRing } from "../../static/js/console/callees.js";
import { Commands } from "../../static/js/console/actions.js";
import { Decisions } from "../../static/js/console/decisions.js";
import { add, body, missing, MOST, offered } from "../../static/js/console/newcall.js";
import { rows } from "../../static/js/console/party.js";
import { caller, event, look } from "../../static/js/console/words.js";
import { card } from "./cards.js";

const me = { username: "rita", name: "Rita Ruiz", rights: new Set(["see", "decide", "hang_up"]) };
const nobody = { name: "", phone: "", user: null };
const callee = (to, outcome, rings = 1) => ({ kind: "user", id: to.toLowerCase(), to, outcome, rings, at: null, error: null });
const group = (called, changes = {}) => card({ lane: "live", direction: "outgoing", caller: nobody, handled_to: "Dana and 2 more", roster: "known", handled_by: { username: "rita", name: "Rita Ruiz" }, called, ...changes });
const inside = (name) => ({ id: name.toLowerCase(), name, is_caller: false, is_muted: false, is_in_lobby: false, is_on_hold: false, heard_by: [], operation: null });
const MIXED = [callee("Dana", "joined"), callee("Max", "declined"), callee("Una", "no_answer", 2)];
const view = { me, notes: new Map(), targets: new Map(), chosen: "", confirming: "", reasons: "", now: 0 };
const me_first = { kind: "me", id: "", name: "Rita Ruiz (you)", about: "" };
const dana = { kind: "user", id: "d", name: "Dana", about: "" };
const phone = { kind: "phone", id: "+4930555", name: "+4930555", about: "" };

test("a group call is named by whom it calls, and a caller's meeting by the caller", () => {
  assert.equal(caller(group(MIXED)), "Dana and 2 more");
  assert.ok(!isGroup(card({ direction: "outgoing", bridge_of: "call-9" })));
  assert.equal(caller(card({ direction: "outgoing", bridge_of: "call-9", caller: nobody, handled_to: "Omar" })), "Anonymous");
});

test("who is in stands first with what can be asked, then what became of the others", () => {
  const shown = rows(group(MIXED, { people: [inside("Dana")] }), me);
  assert.deepEqual(shown.map((row) => [row.name, row.role, row.chip.word, row.acts.length]), [["Dana", "", "Talking", 3], ["Max", "Called", "Declined", 0], ["Una", "Rung 2 times", "No answer", 0]]);
});

test("before the roster is known and after the end everybody has their row", () => {
  for (const changes of [{ roster: "unavailable" }, { lane: "handled", state: "terminated" }]) {
    assert.deepEqual(calledRows(group(MIXED, changes)).map((row) => row.chip.word), ["Joined", "Declined", "No answer"]);
    assert.equal(rows(group(MIXED, changes), me).length, 3);
  }
  assert.equal(calledRows(group([callee("Dana", "waiting", 0)], { lane: "missed" }))[0].chip.word, "Not rung");
});

test("only who has neither come nor said no is rung again", () => {
  const all = Object.keys(OUTCOMES).map((outcome) => callee(outcome, outcome));
  assert.deepEqual(toRing(group(all)).map((one) => one.outcome), ["busy", "no_answer", "unreachable", "failed", "unknown"]);
  assert.deepEqual(toRing(group(all, { lane: "handled" })), []);
});

test("the button that rings again is there when there is somebody, and nothing is transferred away", () => {
  const names = (called) => buttons(group(called), view).map((one) => one.name);
  assert.deepEqual(names(MIXED), ["take", "invite", "ring-again", "askKeys", "askMore", "askEnd", "claim"]);
  assert.deepEqual(names([callee("Dana", "joined")]), ["take", "invite", "askKeys", "askMore", "askEnd", "claim"]);
  assert.ok(buttons(group(MIXED, { state: "establishing" }), view).find((one) => one.name === "invite")?.off);
});

test("taking or sending to a group call invites into it", async () => {
  const sent = [];
  const commands = new Commands({ fetch: async (path, options) => (sent.push([path, JSON.parse(options.body)]), { ok: true, status: 202, json: async () => ({ kind: "invite", status: "pending" }) }), token: () => "", key: () => "k", wait: async () => undefined });
  const decisions = new Decisions(commands, { me: "rita", put: () => undefined, card: () => undefined, redraw: () => undefined, refused: () => undefined });
  const one = group(MIXED);
  await decisions.take(one);
  await decisions.send(one, { kind: "user", id: "u", name: "Una" });
  await decisions.ringAgain(one);
  const path = `/api/v1/calls/${one.id}/`;
  assert.deepEqual(sent, [[`${path}invite/`, { targets: [{ kind: "me" }] }], [`${path}invite/`, { targets: [{ kind: "user", id: "u" }] }], [`${path}ring-again/`, {}]]);
});

test("the queue counts who came and who is rung", () => {
  assert.equal(counted(group([callee("A", "joined"), callee("B", "ringing"), callee("C", "busy")])), "1 of 3 joined, 1 ringing");
  assert.deepEqual([look(group(MIXED), "rita").word, look(group(MIXED), "rita").why], ["Called", "1 of 3 joined"]);
  const over = group([callee("A", "no_answer")], { lane: "missed", state: "terminated", outcome: "failed" });
  assert.deepEqual([look(over, "rita").word, look(over, "rita").why], ["Failed", "0 of 1 joined"]);
  assert.equal(look({ ...over, established_at: over.received_at }, "rita").word, "No answer");
});

test("an answer is told once, coming and going by the roster", () => {
  const before = group([callee("A", "ringing"), callee("B", "ringing"), callee("C", "declined")]);
  const after = { ...before, called: [callee("A", "joined"), callee("B", "no_answer"), callee("C", "declined")] };
  assert.equal(calledNews(before, after), "B did not answer");
  assert.equal(event(before, after, "rita"), "Dana and 2 more: B did not answer");
  assert.equal(event(undefined, before, "rita"), "Dana and 2 more: called by you");
});

test("nobody is chosen twice, and no more than Microsoft takes", () => {
  const two = add(add([me_first], dana), dana);
  assert.deepEqual(two, [me_first, dana]);
  const many = Array.from({ length: 30 }, (_, n) => ({ ...dana, id: String(n) }));
  assert.equal(many.reduce(add, []).length, MOST);
});

test("a number as typed comes first, and who is chosen already is not offered", () => {
  const results = [{ id: "d", name: "Dana", upn: "", department: "Sales" }, { id: "x", name: "", upn: "x@contoso.example" }];
  assert.deepEqual(offered(results, "dan", [dana]).map((one) => one.name), ["x@contoso.example"]);
  assert.deepEqual(offered([], "+49 30 5550", []).map(({ kind, id }) => [kind, id]), [["phone", "+49305550"]]);
});

test("what is missing is said, and what is there is sent without what the dialog adds", () => {
  const asked = (changes) => ({ line: "3", picks: [], link: "", id: "", passcode: "", ...changes });
  assert.equal(missing("people", asked({ picks: [me_first] })), "Choose at least two people or numbers.");
  assert.equal(missing("people", asked({ line: "", picks: [me_first, dana] })), "Choose a line.");
  assert.equal(missing("people", asked({ picks: [me_first, dana] })), "");
  assert.deepEqual(body("people", asked({ picks: [me_first, dana, phone] })), { line: 3, targets: [{ kind: "me" }, { kind: "user", id: "d" }, { kind: "phone", id: "+4930555" }] });
  assert.notEqual(missing("meeting", asked({})), "");
  assert.notEqual(missing("meeting", asked({ link: "https://x", id: "1" })), "");
  assert.deepEqual(body("meeting", asked({ link: " https://x " })), { line: 3, meeting: { link: "https://x" } });
  assert.deepEqual(body("meeting", asked({ id: "123", passcode: "p" })), { line: 3, meeting: { id: "123", passcode: "p" } });
  assert.deepEqual(body("meeting", asked({ id: "123" })), { line: 3, meeting: { id: "123" } });
});
