/**
 * The room of a meeting: who of the invited is there, and what can be asked of the bot.
 *
 * The portal is asked for the whole room; the console's feed only says when to ask again.
 *
 * @import {Card, Message} from "../console/types.js"
 * @import {Answer} from "../console/actions.js"
 * @import {Phase} from "../console/socket.js"
 * @import {Room, Seat} from "./words.js"
 */
import { Commands, csrfToken, freshKey, whoami } from "../console/actions.js";
import { attr, disable, el, icon, keyed, setIcon, text } from "../console/dom.js";
import { draw, members } from "../console/party.js";
import { Feed } from "../console/socket.js";
import { initials } from "../console/words.js";
import { bot, chip, counted, isSeen, missing } from "./words.js";

const find = (/** @type {string} */ name) => /** @type {any} */ (document.querySelector(`[data-part="${name}"]`));
const root = /** @type {HTMLElement} */ (find("room"));
const path = root.dataset.room ?? "";
const me = { username: root.dataset.user ?? "", name: root.dataset.name ?? "", rights: new Set((root.dataset.rights ?? "").split(" ")) };
const meta = /** @type {HTMLMetaElement} */ (document.querySelector('meta[name="csrf-token"]'));
const commands = new Commands({ fetch: (...a) => fetch(...a), token: () => csrfToken(document.cookie, meta.content), key: freshKey, wait: (ms) => new Promise((done) => setTimeout(done, ms)) });

/** @type {Room|null} */
let room = null;
let seq = 0;
const [SHORTEST_MS, LONGEST_MS] = [1000, 30_000];
let pause = SHORTEST_MS;
let asking = false;
let askAgain = false;
/** @type {Set<string>} what is being asked, by name */
const under = new Set();
let acted = false; // since this page let go of the call last

/** Ask for the room; what comes meanwhile has it asked for once more. */
async function refresh() {
  askAgain = asking;
  if (asking) return;
  asking = true;
  const response = await fetch(path, { headers: { Accept: "application/json" } }).catch(() => null);
  asking = false;
  if (response?.ok) show(await response.json());
  else if (response?.status === 404 || response?.status === 403) refuse("You may not see this meeting any more.");
  else setTimeout(refresh, (pause = Math.min(pause * 2, LONGEST_MS)));
  if (response?.ok) pause = SHORTEST_MS;
  if (askAgain && response?.ok) await refresh();
}

/** @param {Message} message */
function hear(message) {
  seq = Math.max(seq, message.seq);
  if (message.type === "heartbeat") return;
  const ours = room?.call?.id;
  const concerns = (/** @type {Card} */ card) => card.id === ours || (!ours && card.direction === "outgoing");
  if (message.type === "snapshot" || message.cards.some(concerns) || (ours && message.gone?.includes(ours))) refresh();
}

/** @type {Record<Phase, [string, string]>} */
const PHASES = { connecting: ["waiting", "Connecting"], live: ["active", "Live"], stale: ["failed", "Stale"], lost: ["ringing", "Connecting"], silent: ["ringing", "Connecting"], withdrawn: ["failed", "Withdrawn"], "signed-out": ["failed", "Signed out"] };

/** @param {Phase} phase */
function stand(phase) {
  const [state, word] = PHASES[phase];
  attr(find("live"), "data-state", state);
  text(find("live").querySelector("span"), word);
}

/** @param {Room} fresh */
function show(fresh) {
  room = fresh;
  const seen = isSeen(room);
  const may = me.rights.has("decide");
  const inside = may && seen;
  find("loading").hidden = true;
  find("nobody").hidden = room.seats.length > 0;
  text(find("count"), counted(room.seats, seen));
  keyed(find("seats"), room.seats, (seat) => seat.oid || seat.address, createSeat, (node, seat) => updateSeat(node, seat, seen, inside));
  showMissing(inside ? missing(room.seats).length : 0);
  const rows = seen && room.call ? members(room.call, me) : [];
  draw(find("present"), rows, (act, id) => room?.call && run(act + id, commands.member(room.call, me.username, /** @type {any} */ (act), id)));
  find("unseen").hidden = rows.length > 0;
  text(find("unseen"), seen ? "Nobody but the bot." : "The bot sees who is in a meeting once it is in there itself.");
  find("mute-all").hidden = !inside || rows.length < 2;
  showBot(may);
  release();
}

/** @param {number} count */
function showMissing(count) {
  const button = find("ring-missing");
  button.hidden = !count;
  text(button.querySelector("span"), count === 1 ? "Ring the one missing" : `Ring the ${count} missing`);
  disable(button, under.has("ring"), "Asked already");
}

/** @param {boolean} may */
function showBot(may) {
  if (!room) return;
  const how = bot(room);
  const { call } = room;
  attr(find("bot"), "data-state", how.chip.state);
  setIcon(find("bot").querySelector("svg"), how.chip.icon);
  text(find("bot").querySelector("span"), how.chip.word);
  text(find("said"), how.said);
  find("join").hidden = !(may && room.can_be_joined && !call && !room.elsewhere && room.lines.length);
  find("inside").hidden = !call;
  if (call) attr(find("call"), "href", `/calls/${encodeURIComponent(call.id)}/`);
  find("leave").hidden = !me.rights.has("hang_up") || call?.operation?.kind === "hang-up";
}

/** @returns {any} */
function createSeat() {
  const parts = { avatar: el("span", { class: "avatar", "aria-hidden": "true" }), name: el("b", { class: "grow cut", dir: "auto" }), icon: icon("minus"), word: el("span"), /** @type {any} */ chip: null, /** @type {any} */ ring: null };
  parts.chip = el("span", { class: "chip" }, parts.icon, parts.word);
  parts.ring = el("button", { type: "button", class: "btn btn--icon btn--ghost btn--sm" }, icon("bell"));
  const node = el("li", {}, parts.avatar, parts.name, parts.chip, el("span", { class: "roster__acts" }, parts.ring));
  parts.ring.addEventListener("click", () => parts.ring.getAttribute("aria-disabled") !== "true" && ring([node.seat.oid]));
  node.parts = parts;
  return node;
}

/** @param {any} node @param {Seat} seat @param {boolean} seen @param {boolean} inside */
function updateSeat(node, seat, seen, inside) {
  const { parts } = node;
  const name = seat.name || seat.address;
  const shown = chip(seat, seen);
  node.seat = seat;
  text(parts.avatar, initials(name));
  if (!parts.avatar.textContent && !parts.avatar.firstElementChild) parts.avatar.append(icon("user"));
  text(parts.name, name);
  attr(parts.name, "title", seat.address);
  attr(parts.chip, "data-state", shown.state);
  setIcon(parts.icon, shown.icon);
  text(parts.word, shown.word);
  attr(parts.ring, "hidden", !inside || !seat.can_be_rung);
  attr(parts.ring, "aria-label", `Ring ${name} into the meeting`);
  attr(parts.ring, "title", `Ring ${name} into the meeting`);
}

/** @param {string[]} people nobody: all who are missing */
function ring(people) {
  run("ring", commands.post(`${path}ring/`, people.length ? { people } : {}));
}

/**
 * Wait for what was asked, show what it made of the room, or why it could not be.
 * @param {string} name
 * @param {Promise<Answer>} asked
 */
async function run(name, asked) {
  under.add(name);
  if (room) show(room);
  const answer = await asked;
  acted = true;
  under.delete(name);
  if (!answer.ok) refuse(answer.text);
  else find("refused").hidden = true;
  await refresh();
}

/** Let go of the call that a command of this page has claimed: everybody who looks at a room may act in it, and a claim would keep the others out. */
function release() {
  if (!acted || room?.call?.claim?.owner !== me.username || under.size) return;
  acted = false;
  commands.release(room.call, me.username);
}

/** @param {string} said */
function refuse(said) {
  text(find("refused").querySelector("[data-body]"), said);
  find("refused").hidden = false;
}

find("refused").querySelector("button").addEventListener("click", () => (find("refused").hidden = true));
find("ring-missing").addEventListener("click", () => !under.has("ring") && ring([]));
find("mute-all").addEventListener("click", () => room?.call && run("mute-all", commands.muteAll(room.call, me.username)));
find("leave").addEventListener("click", () => room?.call && run("leave", commands.hangUp(room.call, me.username)));
find("join").addEventListener("submit", (/** @type {SubmitEvent} */ event) => {
  event.preventDefault();
  const line = new FormData(/** @type {HTMLFormElement} */ (event.target)).get("line");
  if (!under.has("join")) run("join", commands.post(`${path}join/`, { line: Number(line) }));
});

const feed = new Feed({
  open: (since) => new WebSocket(`${location.protocol === "https:" ? "wss" : "ws"}://${location.host}/ws/console/?since=${since}`),
  since: () => seq,
  receive: hear,
  phase: stand,
  whoami: () => whoami(me.username, () => location.reload()),
});
window.addEventListener("offline", () => feed.offline());
window.addEventListener("online", () => feed.online());
document.addEventListener("visibilitychange", () => !document.hidden && feed.hurry());
feed.start();
refresh();
