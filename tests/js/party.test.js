import assert from "node:assert/strict";
import test from "node:test";
import { buttons, mediaOf } from "../../static/js/console/callcard.js";
import { callerIn, mediaTrouble, musicFor, noMusic, rows, trouble } from "../../static/js/console/party.js";
import { OMAR, card } from "./cards.js";

const me = { username: "rita", name: "Rita Ruiz", rights: new Set(["see", "decide", "hang_up"]) };
const one = (name, changes = {}) => ({ id: name.toLowerCase(), name, is_caller: false, is_muted: false, is_in_lobby: false, is_on_hold: false, heard_by: [], operation: null, ...changes });
const asked = (kind, status, error = null) => ({ operation: { id: "1", kind, status, error } });
const several = (...people) => card({ lane: "live", roster: "known", people });
const caller = one("Amara", { is_caller: true });

test("who is in the call stands in rows, who is being rung after them", () => {
  const rung = { id: "9", to: "Omar Haddad", status: "pending", at: "2026-11-21T14:00:30+00:00", error: null };
  const shown = rows({ ...several(caller, one("Dana")), invitations: [rung] }, me);
  assert.deepEqual(shown.map((row) => [row.name, row.role, row.chip.word]), [["Amara", "Caller", "Talking"], ["Dana", "", "Talking"], ["Omar Haddad", "Invited", "Ringing"]]);
  assert.deepEqual(shown.map((row) => row.acts.map((act) => act.act)), [["hold", "mute", "remove"], ["hold", "mute", "remove"], []]);
});

test("what Microsoft has not told is not nobody, and what is over shows nobody", () => {
  assert.deepEqual(rows(card({ lane: "live", roster: "unavailable" }), me), []);
  assert.deepEqual(rows({ ...several(caller), lane: "handled" }, me), []);
});

test("a state has its word, and what is asked comes before it", () => {
  const words = (changes) => rows(several(one("Dana", changes)), me)[0].chip.word;
  assert.deepEqual([words({ is_on_hold: true, is_muted: true }), words({ is_muted: true }), words({ is_in_lobby: true })], ["On hold", "Muted", "In the lobby"]);
  assert.deepEqual(["hold", "resume", "mute", "remove"].map((kind) => words(asked(kind, "pending"))), ["Asked to hold", "Asked to return", "Asked to mute", "Asked to leave"]);
});

test("what cannot be asked now is off and says why", () => {
  const off = (changes, call = {}) => rows({ ...several(one("Dana", changes)), ...call }, me)[0].acts.map((act) => Boolean(act.off));
  assert.deepEqual(off({}), [false, false, false]);
  assert.deepEqual(off({ is_muted: true }), [false, true, false]);
  assert.deepEqual(off({ is_in_lobby: true }), [true, true, false]);
  assert.deepEqual(off(asked("hold", "pending")), [true, true, false]);
  assert.deepEqual(off(asked("remove", "pending")), [true, true, true]);
  assert.deepEqual(off({}, { claim: OMAR }), [true, true, true]);
});

test("nobody can ask about who has no id, without the right, or while the call moves", () => {
  const acts = (call, who = me) => rows(call, who)[0].acts.length;
  assert.equal(acts(several(one("Dana", { id: "" }))), 0);
  assert.equal(acts(several(one("Dana")), { ...me, rights: new Set(["see"]) }), 0);
  assert.equal(acts({ ...several(one("Dana")), state: "transferring" }), 0);
});

test("F3 is for the caller, where Microsoft tells who that is", () => {
  assert.equal(musicFor(several(one("Dana"), caller)), "hold");
  assert.equal(musicFor(several({ ...caller, is_on_hold: true })), "resume");
  assert.equal(musicFor(several(one("Dana"))), "");
  assert.equal(musicFor(card({ lane: "live" })), "");
  assert.equal(callerIn(several(one("Dana"), caller))?.name, "Amara");
  const view = { me, notes: new Map(), targets: new Map(), chosen: "", confirming: "", reasons: "", now: 0 };
  const names = (call) => buttons(call, view).map((spec) => spec.name);
  assert.deepEqual(names(several(caller)), ["take", "transfer", "invite", "hold", "consult", "park", "askKeys", "askMore", "askEnd", "claim"]);
  assert.deepEqual(names(several({ ...caller, is_on_hold: true })), ["take", "transfer", "invite", "resume", "consult", "park", "askKeys", "askMore", "askEnd", "claim"]);
});

test("everybody is muted where at least two are heard", () => {
  const view = { me, notes: new Map(), targets: new Map(), chosen: "", confirming: "", reasons: "", now: 0 };
  const offers = (call) => buttons(call, view).some((spec) => spec.name === "muteAll" && !spec.off);
  assert.ok(offers(several(one("Dana"), caller)));
  assert.ok(!offers(several(one("Dana", { is_muted: true }), caller)));
  assert.ok(!offers(several(one("Dana", { is_in_lobby: true }), caller)));
  assert.ok(!offers(card({ lane: "live" })));
});

test("why F3 does nothing is said", () => {
  assert.match(noMusic(card({ lane: "live" })), /Invite somebody first/);
  assert.match(noMusic(card({ lane: "live", roster: "unavailable" })), /not said yet/);
  assert.match(noMusic(several(one("Dana"))), /not in this call/);
  assert.match(noMusic(card()), /answered call/);
});

test("what did not work about somebody is said with their name", () => {
  const error = { title: "Not put on hold", detail: "Microsoft says: busy (500/1)", code: 500, subcode: 1 };
  assert.equal(trouble(several(caller, one("Dana", asked("hold", "failed", error)))), "Dana: Not put on hold. Microsoft says: busy (500/1).");
  assert.equal(trouble(several(caller)), "");
});

test("whom only some hear is said, and everybody can hear them again", () => {
  const [row] = rows(several(one("Dana", { heard_by: ["Max", "Una"] })), me);
  assert.equal(row.chip.word, "Heard by Max, Una");
  assert.deepEqual(row.acts.map((act) => act.act), ["hold", "mute", "remove", "unroute"]);
  assert.ok(rows({ ...several(one("Dana", { heard_by: ["Max"] })), claim: OMAR }, me)[0].acts[3].off);
});

test("what failed of keys and playing is said while the call lives", () => {
  const error = { title: "The tones were not sent", detail: "", code: 500, subcode: 1 };
  const failed = { ...several(caller), media: { id: "1", kind: "tones", status: "failed", to: "", error } };
  assert.equal(mediaTrouble(failed), "The tones were not sent.");
  assert.equal(mediaTrouble({ ...failed, lane: "handled" }), "");
  assert.equal(mediaTrouble(several(caller)), "");
});

test("the bot's own part is asked of a call of several alone", () => {
  assert.deepEqual(mediaOf(card({ lane: "live" })).map(([what]) => what), ["cancel-media"]);
  assert.deepEqual(mediaOf(several(caller)).map(([what]) => what), ["mute-bot", "unmute-bot", "gallery", "cancel-media"]);
});
