/**
 * Who is in a call of several: a row for each, with what can be asked about them.
 *
 * @import {Card, Invitation, Me, Member} from "./types.js"
 * @typedef {"hold"|"resume"|"mute"|"remove"|"unroute"} Act
 * @typedef {{id: string, name: string, role: string, chip: {state: string, icon: string, word: string}, acts: {act: Act, icon: string, label: string, off: string}[]}} Row
 */
import { calledRows, isGroup } from "./callees.js";
import { attr, disable, el, icon, keyed, setIcon, text } from "./dom.js";
import { initials, isTheirs, sentence } from "./words.js";

/** @type {Record<string, string>} */
const ASKED = { hold: "Asked to hold", resume: "Asked to return", mute: "Asked to mute", remove: "Asked to leave" };

/** @param {Card} card @returns {Member|undefined} the caller, where Graph tells who is in */
export function callerIn(card) {
  return card.people.find((one) => one.is_caller && one.id);
}

/** @param {Card} card @returns {Act|""} what F3 asks about the caller */
export function musicFor(card) {
  const one = card.lane === "live" && card.state === "established" ? callerIn(card) : undefined;
  if (!one) return "";
  return one.is_on_hold ? "resume" : "hold";
}

/** @param {Card} card @returns {string} why F3 can do nothing */
export function noMusic(card) {
  if (card.lane !== "live") return "Choose an answered call first.";
  if (isGroup(card)) return "Nobody called here. Put somebody on hold by their row.";
  if (card.roster === "known") return "The caller is not in this call. Put somebody else on hold by their row.";
  return card.roster === "none" ? "Invite somebody first: a call of two has no hold." : "Graph has not said yet who is in this call. Try again in a moment.";
}

/** @param {Card} card @param {Me} me @returns {Row[]} those in the call, then those who are being rung */
export function rows(card, me) {
  if (isGroup(card) && (card.lane !== "live" || card.roster !== "known")) return calledRows(card);
  if (card.lane !== "live") return [];
  const rung = isGroup(card) ? calledRows(card) : card.invitations.filter((one) => one.status === "pending").map((one) => ringing(one));
  return card.roster === "known" ? [...members(card, me), ...rung] : [];
}

/** @param {Card} card @param {Me} me @returns {Row[]} those in the call */
export function members(card, me) {
  return card.people.map((one, index) => member(one, index, card, me));
}

/** @param {Invitation} one @returns {Row} */
function ringing({ id, to, is_caller }) {
  const chip = is_caller ? { state: "pending", icon: "clock", word: "Being led in" } : { state: "ringing", icon: "bell", word: "Ringing" };
  return { id, name: to, role: is_caller ? "Caller" : "Invited", chip, acts: [] };
}

/** @param {Member} one @param {number} index @param {Card} card @param {Me} me @returns {Row} */
function member(one, index, card, me) {
  const may = me.rights.has("decide") && one.id && card.state === "established";
  return { id: one.id || String(index), name: one.name || "Unknown", role: one.is_caller ? "Caller" : "", chip: chip(one), acts: may ? acts(one, isTheirs(card, me.username)) : [] };
}

/** @param {Member} one */
function chip(one) {
  const { operation } = one;
  if (operation?.status === "pending") return { state: "pending", icon: "clock", word: ASKED[operation.kind] ?? "Asked" };
  if (one.is_on_hold) return { state: "hold", icon: "pause", word: "On hold" };
  if (one.is_in_lobby) return { state: "waiting", icon: "clock", word: "In the lobby" };
  if (one.heard_by.length) return { state: "waiting", icon: "lock", word: `Heard by ${one.heard_by.join(", ")}` };
  if (one.is_muted) return { state: "waiting", icon: "mic-off", word: "Muted" };
  return { state: "active", icon: "phone", word: "Talking" };
}

/** @param {Member} one @param {boolean} theirs @returns {Row["acts"]} */
function acts(one, theirs) {
  const asked = one.operation?.status === "pending";
  const off = theirs ? "Somebody else has this call" : asked ? "Asked already; wait for the answer" : "";
  const inside = one.is_in_lobby ? "They are in the lobby" : off;
  const music = one.is_on_hold ? { act: /** @type {Act} */ ("resume"), icon: "play", label: `Bring ${one.name} back` } : { act: /** @type {Act} */ ("hold"), icon: "pause", label: `Put ${one.name} on hold` };
  const all = { act: /** @type {Act} */ ("unroute"), icon: "sound", label: `Let everybody hear ${one.name}`, off: theirs ? off : "" };
  return [
    { ...music, off: inside },
    { act: "mute", icon: one.is_muted ? "mic-off" : "mic", label: `Mute ${one.name}`, off: one.is_muted ? "Muted; they unmute themselves" : inside },
    { act: "remove", icon: "cross", label: `Remove ${one.name}`, off: theirs || (asked && one.operation?.kind === "remove") ? off : "" },
    ...(one.heard_by.length ? [all] : []),
  ];
}

/** @param {Card} card @returns {string} why what was asked last about somebody did not work */
export function trouble(card) {
  const failed = card.lane === "live" ? card.people.find((one) => one.operation?.error) : undefined;
  const error = failed?.operation?.error;
  return error ? [`${failed.name}: ${sentence(error.title)}`, sentence(error.detail)].filter(Boolean).join(" ") : "";
}

/** @param {Card} card @returns {string} why what was asked last about what is heard and seen in it did not work */
export function mediaTrouble(card) {
  const error = card.lane === "live" ? card.media?.error : null;
  return error ? [sentence(error.title), sentence(error.detail)].filter(Boolean).join(" ") : "";
}

/**
 * Draw the rows.
 * @param {HTMLElement} list
 * @param {Row[]} shown
 * @param {(act: Act, id: string) => void} run
 */
export function draw(list, shown, run) {
  attr(list, "hidden", !shown.length);
  keyed(list, shown, (row) => row.id, () => createRow(), (node, row) => updateRow(node, row, run));
}

/** @returns {HTMLElement} */
function createRow() {
  const parts = { avatar: el("span", { class: "avatar", "aria-hidden": "true" }), name: el("b", { class: "grow cut", dir: "auto" }), role: el("span", { class: "role cut" }), icon: icon("phone"), word: el("span"), acts: el("span", { class: "roster__acts" }), /** @type {any} */ chip: null };
  parts.chip = el("span", { class: "chip" }, parts.icon, parts.word);
  const node = el("li", {}, parts.avatar, parts.name, parts.role, parts.chip, parts.acts);
  node.parts = parts;
  return node;
}

/** @param {any} node @param {Row} row @param {(act: Act, id: string) => void} run */
function updateRow(node, row, run) {
  const { parts } = node;
  text(parts.avatar, initials(row.name));
  if (!parts.avatar.textContent && !parts.avatar.firstElementChild) parts.avatar.append(icon("user"));
  text(parts.name, row.name);
  text(parts.role, row.role);
  attr(parts.chip, "data-state", row.chip.state);
  setIcon(parts.icon, row.chip.icon);
  text(parts.word, row.chip.word);
  keyed(parts.acts, row.acts, (one) => (one.act === "resume" ? "hold" : one.act), () => createAct(run), (button, one) => updateAct(button, one, row.id));
}

/** @param {(act: Act, id: string) => void} run */
function createAct(run) {
  const node = el("button", { type: "button", class: "btn btn--icon btn--ghost btn--sm" }, icon("mic"));
  node.addEventListener("click", () => node.getAttribute("aria-disabled") !== "true" && run(node.act, node.about));
  return node;
}

/** @param {any} node @param {Row["acts"][number]} one @param {string} id */
function updateAct(node, one, id) {
  node.act = one.act;
  node.about = id;
  setIcon(node.firstElementChild, one.icon);
  attr(node, "aria-label", one.label);
  disable(node, Boolean(one.off), one.off);
  if (!one.off) attr(node, "title", one.label);
}
