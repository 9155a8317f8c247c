/**
 * Those who are called together from here: what became of each, in words. Pure.
 *
 * @import {Callee, Card} from "./types.js"
 */

/** @type {Record<Callee["outcome"], {state: string, icon: string, word: string, said: string}>} */
export const OUTCOMES = {
  waiting: { state: "waiting", icon: "clock", word: "Next", said: "is next" },
  ringing: { state: "ringing", icon: "bell", word: "Ringing", said: "is rung" },
  joined: { state: "active", icon: "phone", word: "Joined", said: "joined" },
  left: { state: "waiting", icon: "hang-up", word: "Left", said: "left" },
  declined: { state: "failed", icon: "block", word: "Declined", said: "declined" },
  busy: { state: "failed", icon: "block", word: "Busy", said: "is busy" },
  no_answer: { state: "failed", icon: "bell", word: "No answer", said: "did not answer" },
  unreachable: { state: "failed", icon: "alert", word: "Not reached", said: "could not be reached" },
  failed: { state: "failed", icon: "alert", word: "Failed", said: "could not be rung" },
  unknown: { state: "failed", icon: "alert", word: "Unknown", said: "may have joined" },
};
const AGAIN = new Set(["no_answer", "busy", "unreachable", "failed", "unknown"]); // as calls.rules.callees has it

/** @param {Card} card @returns {boolean} it began here, with several: nobody called us */
export function isGroup(card) {
  return card.direction === "outgoing" && !card.bridge_of;
}

/** @param {Card} card @returns {Callee[]} whom "Ring again" rings */
export function toRing(card) {
  return card.lane === "live" && card.state === "established" ? card.called.filter((one) => AGAIN.has(one.outcome)) : [];
}

/** @param {Card} card @returns {{id: string, name: string, role: string, chip: {state: string, icon: string, word: string}, acts: []}[]} a row for each whom the roster does not show */
export function calledRows(card) {
  const shown = card.lane === "live" && card.roster === "known" ? card.called.filter((one) => one.outcome !== "joined") : card.called;
  return shown.map((one) => ({ id: `${one.kind}:${one.id}`, name: one.to, role: one.rings > 1 ? `Rung ${one.rings} times` : "Called", chip: chip(one, card), acts: [] }));
}

/** @param {Callee} one @param {Card} card @returns {{state: string, icon: string, word: string}} */
function chip(one, card) {
  const over = card.lane !== "live";
  return over && one.outcome === "waiting" ? { state: "waiting", icon: "minus", word: "Not rung" } : OUTCOMES[one.outcome];
}

/** @param {Card} card @returns {string} how many of those who are called are there */
export function counted(card) {
  const came = card.called.filter((one) => one.outcome === "joined").length;
  const rung = card.called.filter((one) => one.outcome === "ringing" || one.outcome === "waiting").length;
  return card.called.length ? `${came} of ${card.called.length} joined${rung ? `, ${rung} ringing` : ""}` : "";
}

/** @param {Card} before @param {Card} after @returns {string} who has answered, and how, but for coming and going, which the roster tells */
export function calledNews(before, after) {
  const was = new Map(before.called.map((one) => [one.kind + one.id, one.outcome]));
  const quiet = new Set(["waiting", "ringing", "joined", "left"]);
  const news = after.called.filter((one) => !quiet.has(one.outcome) && was.get(one.kind + one.id) !== one.outcome);
  return news.map((one) => `${one.to} ${OUTCOMES[one.outcome].said}`).join(", ");
}
