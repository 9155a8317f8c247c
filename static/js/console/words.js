/**
 * A card in words: which colour, icon and sentence a call has for the person who looks. Pure.
 *
 * @import {Card, Member, Note} from "./types.js"
 * @typedef {{kind: "left"|"since"|"at", at: string|null}} Time
 * @typedef {{tone: string, icon: string, word: string, why: string, time: Time}} Look
 */

import { calledNews, counted, isGroup } from "./callees.js";

/** Kind of operation: being asked, asked, asked for in the past, and the button's word. */
export const VERBS = {
  claim: { doing: "Claiming", asked: "claim", done: "claimed", noun: "Claim" },
  release: { doing: "Releasing", asked: "release", done: "released", noun: "Release" },
  answer: { doing: "Answering", asked: "answer", done: "answered", noun: "Answer" },
  reject: { doing: "Rejecting", asked: "reject", done: "rejected", noun: "Reject" },
  redirect: { doing: "Redirecting", asked: "redirect", done: "redirected", noun: "Redirect" },
  transfer: { doing: "Transferring", asked: "transfer", done: "transferred", noun: "Transfer" },
  invite: { doing: "Inviting", asked: "invite", done: "invited", noun: "Invitation" },
  mute: { doing: "Muting", asked: "mute", done: "muted", noun: "Mute" },
  remove: { doing: "Removing", asked: "remove", done: "removed", noun: "Removal" },
  hold: { doing: "Putting on hold", asked: "hold", done: "put on hold", noun: "Hold" },
  resume: { doing: "Bringing back", asked: "bring back", done: "brought back", noun: "End of hold" },
  consult: { doing: "Ringing", asked: "ring", done: "consulted", noun: "Consultation" },
  park: { doing: "Parking", asked: "park", done: "parked", noun: "Parking" },
  unpark: { doing: "Taking back", asked: "take back", done: "taken back", noun: "Taking back" },
  tones: { doing: "Pressing keys", asked: "press keys", done: "pressed", noun: "Keys" },
  mute_bot: { doing: "Muting the bot", asked: "mute the bot", done: "muted", noun: "Muting the bot" },
  unmute_bot: { doing: "Unmuting the bot", asked: "unmute the bot", done: "unmuted", noun: "Unmuting the bot" },
  gallery: { doing: "Adding the gallery", asked: "add the gallery", done: "added", noun: "Gallery" },
  cancel_media: { doing: "Stopping what plays", asked: "stop what plays", done: "stopped", noun: "Stop" },
  unroute: { doing: "Letting everybody hear", asked: "let everybody hear", done: "heard by all", noun: "Hearing" },
  bridge: { doing: "Bridging", asked: "bridge", done: "bridged", noun: "Bridging" },
  ring_again: { doing: "Ringing again", asked: "ring again", done: "rung again", noun: "Ringing again" },
  join: { doing: "Opening the meeting", asked: "open the meeting", done: "opened", noun: "Meeting" },
  take: { doing: "Taking", asked: "redirect it to you", done: "taken", noun: "Take" },
  hang_up: { doing: "Hanging up", asked: "hang up", done: "hung up", noun: "Hang-up" },
};

/** @param {string} kind Graph's, ours or the address's spelling */
export function verb(kind) {
  const name = kind === "hangUp" ? "hang_up" : kind.replaceAll("-", "_").toLowerCase();
  const known = /** @type {Record<string, typeof VERBS.claim>} */ (VERBS)[name];
  return known ?? { doing: "Working", asked: kind, done: "done", noun: kind };
}

/** @param {Card} card @returns {string} */
export function caller(card) {
  return card.caller?.name || card.caller?.phone || (isGroup(card) && card.handled_to) || "Anonymous";
}

/** @param {Card} card @returns {string} */
export function line(card) {
  return card.line?.name ?? "";
}

/** @param {Card[]} fresh @returns {string} who rings, for the ear: nobody listens to forty names */
export function ringsOut(fresh) {
  const named = fresh.slice(0, fresh.length > 3 ? 2 : 3).map((card) => `${caller(card)} rings on ${line(card) || "no line"}`);
  return [...named, ...(fresh.length > named.length ? [`${fresh.length - named.length} more ring`] : [])].join(". ");
}

/** @param {Card} card @param {string} me */
export function isMine(card, me) {
  return card.claim?.owner === me || card.handled_by?.username === me;
}

/** @param {Card} card @param {string} me @returns {boolean} somebody else holds it */
export function isTheirs(card, me) {
  return Boolean(card.claim) && card.claim?.owner !== me;
}

/** @param {Card} card @returns {boolean} nothing is decided of it any more, here at least */
export function isOver(card) {
  return card.lane === "handled" || card.lane === "missed" || card.lane === "aside";
}

/** @param {Card} card @returns {boolean} its caller waits in a slot and is not recalled */
export function isParked(card) {
  return card.lane === "waiting" && Boolean(card.park);
}

/** @param {Card} card @returns {boolean} it has come back: its transfer failed, or its caller has waited too long in a slot */
export function isRecall(card) {
  if (card.lane !== "live") return false;
  const failed = card.operation?.status === "failed" || card.operation?.status === "unknown";
  return Boolean(card.park) || (failed && card.operation?.kind === "transfer" && card.state === "established");
}

/** @param {Card} card @returns {string} from where a recalled call has come back */
export function recall(card) {
  if (card.park) return `slot ${card.park.slot}, parked by ${card.park.by}`;
  return card.operation?.to ? `back from ${card.operation.to}` : "the transfer failed";
}

/** @param {Card} card */
export function isPending(card) {
  return card.operation?.status === "pending";
}

/** @param {Card} card @returns {boolean} it is answered, but Graph moves it only while it is established and its caller is there */
export function isSettling(card) {
  return card.lane === "live" && (card.state !== "established" || leading(card) !== "");
}

/** @param {Card} card @param {string} me @returns {boolean} it rings and I could take it */
export function isOpen(card, me) {
  return card.lane === "ringing" && !isTheirs(card, me) && !isPending(card);
}

/**
 * Describe a card for the person who looks.
 * @param {Card} card
 * @param {string} me
 * @param {Note} [note] what this console asked or heard about the call
 * @param {string} [to] where this console asked to send it
 * @returns {Look}
 */
export function look(card, me, note, to) {
  const at = timeOf(card);
  if (!isOver(card)) {
    if (note?.phase === "sending") return { tone: "pending", icon: "clock", word: "Asked", why: sending(note.kind), time: at };
    if (isPending(card) && card.lane !== "waiting") return { tone: "pending", icon: "clock", word: "Asked", why: asked(card, me, to), time: at };
    if (note) return { tone: note.phase === "lost" ? "claimed" : "failed", icon: note.phase === "lost" ? "lock" : "alert", word: refusal(note), why: note.text, time: at };
    if (card.lane === "waiting") return waiting(card, to, at);
    if (isRecall(card)) return { tone: "moving", icon: "recall", word: "Recall", why: recall(card), time: at };
    if (card.operation?.status === "failed") return { tone: "failed", icon: "alert", word: "Failed", why: failed(card), time: at };
    if (card.operation?.status === "unknown") return { tone: "failed", icon: "alert", word: "Unknown", why: `${verb(card.operation.kind).noun}: no answer from Graph`, time: at };
  }
  if (card.lane === "ringing") return ringing(card, me, at);
  if (card.lane === "live") return live(card, me, at);
  return over(card, me, at);
}

/** @param {Note} note @returns {string} nobody refused what broke or got no answer */
function refusal({ status }) {
  if (status === 0) return "No answer";
  return status && status >= 500 ? "Not done" : "Refused";
}

/** @param {Card} card @returns {Time} */
function timeOf(card) {
  if (card.lane === "ringing") return { kind: card.deadline ? "left" : "since", at: card.deadline ?? card.received_at };
  if (card.park) return { kind: "since", at: card.park.at };
  if (card.lane === "live" || card.lane === "waiting") return { kind: "since", at: card.established_at ?? card.received_at };
  return { kind: "at", at: card.ended_at ?? card.received_at };
}

/** @param {Card} card @param {string} me @param {Time} time @returns {Look} */
function ringing(card, me, time) {
  const theirs = isTheirs(card, me);
  if (theirs) return { tone: "claimed", icon: "lock", word: "Claimed", why: `${card.claim?.name} is taking it`, time };
  return { tone: "ringing", icon: "bell", word: "Ringing", why: card.claim ? "you are taking it" : "", time };
}

/** @param {Card} card @param {string|undefined} to @param {Time} time @returns {Look} */
function waiting(card, to, time) {
  if (isParked(card)) return { tone: "parked", icon: "park", word: "Parked", why: `slot ${card.park?.slot}, by ${card.park?.by}`, time };
  return moving(card, "transfer", to ?? card.operation?.to ?? "", time);
}

/** @param {Card} card @param {string} mark @param {string} to @param {Time} time @returns {Look} */
function moving(card, mark, to, time) {
  return { tone: "moving", icon: mark, word: "Moving", why: to ? `to ${to}` : "on its way", time };
}

/** @param {Card} card @param {string} me @param {Time} time @returns {Look} */
function live(card, me, time) {
  if (card.state === "redirecting") return moving(card, "redirect", card.handled_to, time);
  if (isTheirs(card, me)) return { tone: "claimed", icon: "lock", word: "Claimed", why: `${card.claim?.name} is on it`, time };
  const step = leading(card);
  if (step) return { tone: "pending", icon: "clock", word: "Bridging", why: step, time };
  if (isSettling(card)) return { tone: "pending", icon: "clock", word: "Connecting", why: "being connected …", time };
  const by = who(card, me);
  if (isGroup(card)) return { tone: "active", icon: "group", word: "Called", why: counted(card) || `joined by ${by}`, time };
  return { tone: "active", icon: "phone", word: "Answered", why: by ? `answered by ${by}` : "answered", time };
}

/** @param {Card} card @returns {string} what the caller waits for on the way into this meeting; nothing once they are in */
export function leading(card) {
  if (!card.bridge_of || card.lane !== "live" || card.invitations.some((one) => one.is_caller && one.status === "done")) return "";
  const rung = card.invitations.find((one) => one.status === "pending");
  if (!rung) return "opening the meeting …";
  return rung.is_caller ? "leading the caller in …" : `ringing ${rung.to} in Teams …`;
}

/** @param {Card} card @param {string} me @param {Time} time @returns {Look} */
function over(card, me, time) {
  const missed = card.lane === "missed";
  if (isSilent(card)) return { tone: "failed", icon: "alert", word: "No news", why: outcome(card, me), time };
  if (isInDoubt(card)) return { tone: "failed", icon: "alert", word: "Unknown", why: outcome(card, me), time };
  return { tone: missed ? "missed" : "handled", icon: ICONS[card.outcome] ?? (missed ? "alert" : "check"), word: missed ? untaken(card) : "Handled", why: outcome(card, me), time };
}

/** @param {Card} card @returns {string} a call that came to nothing: of ours it never began, or nobody came */
function untaken(card) {
  if (!isGroup(card)) return "Missed";
  return card.established_at ? "No answer" : "Failed";
}

/** @type {Record<string, string>} */
const ICONS = {
  taken: "check", redirected: "redirect", transferred: "transfer", answered: "check", rejected: "hang-up",
  fallback: "replay", missed: "alert", abandoned: "hang-up", hung_up: "hang-up", failed: "alert", ended: "check",
};

/** @param {Card} card @returns {boolean} the caller is not alone with the bot: somebody has come, and not gone as far as Graph tells */
export function hasGuests(card) {
  if (card.roster === "known") return card.people.some((one) => !one.is_caller);
  return card.invitations.some((one) => one.status === "done");
}

/** @param {Card} card @returns {string} who else is in the call, or is being rung; nothing when nobody ever was */
export function guests(card) {
  const over = card.lane !== "live";
  /** @type {Record<string, string>} */
  const states = { pending: "ringing …", done: over ? "joined" : "in the call", failed: "did not come", unknown: "not known" };
  return card.invitations.map((one) => `${one.to} (${states[one.status]})`).join(", ");
}

/** @param {Card} card @returns {string} why the last guest did not come, while that matters */
export function absence(card) {
  const last = card.invitations.at(-1);
  if (card.lane !== "live" || !last?.error) return "";
  return [`${last.to}: ${sentence(last.error.title)}`, sentence(last.error.detail)].filter(Boolean).join(" ");
}

/** @param {Card} card @param {{name: string}} me @returns {boolean} I am in the meeting of this caller, as far as names tell */
export function isIn(card, me) {
  return Boolean(card.bridge_of || isGroup(card)) && card.people.some((who) => !who.is_caller && who.name === me.name);
}

/** @param {Card} card @returns {boolean} it is over and nobody knows whether what was asked of it took effect */
export function isInDoubt(card) {
  const over = card.lane === "handled" || card.lane === "missed";
  return over && !card.outcome && card.operation?.status === "unknown";
}

/** @param {Card} card @returns {boolean} a ring that nothing has ended and nothing was heard of for too long */
export function isSilent(card) {
  return card.lane === "missed" && card.state === "incoming" && !card.outcome;
}

/** @param {Card} card @param {string} me @returns {string} "you", a name, or nothing */
export function who(card, me) {
  if (!card.handled_by) return "";
  return card.handled_by.username === me ? "you" : card.handled_by.name;
}

/**
 * Say how a call came out, without a capital: it follows a name.
 * @param {Card} card
 * @param {string} me
 * @returns {string}
 */
export function outcome(card, me) {
  const by = who(card, me);
  const to = card.handled_to ? ` to ${card.handled_to}` : "";
  if (isInDoubt(card)) return `${verb(card.operation?.kind ?? "").noun.toLowerCase()} unclear`;
  if (isSilent(card)) return "nothing is heard of it";
  const doubt = card.unconfirmed ? ", not confirmed" : "";
  if (isGroup(card) && card.outcome !== "hung_up") return (counted(card) || (card.outcome === "failed" ? "the bot could not join" : "everybody left")) + doubt;
  return (OUTCOMES[card.outcome]?.(by, to) ?? (card.lane === "missed" ? "nobody took it" : "ended")) + doubt;
}

/** @type {Record<string, (by: string, to: string) => string>} */
const OUTCOMES = {
  taken: (by) => `${by || "somebody"} took it`,
  redirected: (by, to) => moved("redirected", by, to),
  transferred: (by, to) => moved("transferred", by, to),
  answered: (by) => (by ? `${by} answered it` : "answered"),
  rejected: (by) => (by ? `${by} rejected it` : "rejected"),
  fallback: (by, to) => `fallback: ${to ? to.slice(4) : "rejected as busy"}`,
  missed: () => "nobody took it",
  abandoned: () => "caller hung up",
  hung_up: (by) => (by ? `${by} hung up` : "hung up"),
  failed: () => "never connected",
  ended: (by) => (by ? `${by} handled it` : "ended"),
};

/** @param {string} verb @param {string} by @param {string} to @returns {string} where it went comes first: rows are short */
function moved(verb, by, to) {
  const where = to.trim() || verb;
  return by ? `${where}, by ${by}` : where;
}

/** @param {string} kind @returns {string} */
function sending(kind) {
  return `${verb(kind).doing.toLowerCase()} …`;
}

/** @param {Card} card @param {string} me @param {string} [to] @returns {string} */
export function asked(card, me, to = card.handled_to) {
  const kind = card.operation?.kind ?? "";
  const by = card.claim && card.claim.owner !== me ? `${card.claim.name} asked` : "asked";
  return `${by} Graph to ${verb(kind).asked}${to ? ` to ${to}` : ""} …`;
}

/** @param {Card} card @returns {string} what failed and why */
export function failed(card) {
  const head = `${verb(card.operation?.kind ?? "").noun} failed`;
  const title = (card.operation?.error?.title ?? "").trim();
  return !title || title.toLowerCase().endsWith(head.toLowerCase()) ? head : `${head}. ${sentence(title)}`;
}

/** @param {Card} card @returns {string} what to do after a failure */
export function nextStep(card) {
  if (isInDoubt(card)) return "Call back, unless somebody has got the caller.";
  if (card.lane === "missed") return "Nobody got the caller. Call back.";
  if (card.lane === "ringing") return "The call still rings. Try again, send it to somebody else, or answer it.";
  if (card.operation?.kind === "bridge") return ""; // its error says it
  if (card.operation?.kind === "transfer") return "Try somebody else, or take the call.";
  return "The caller is still here. Try again.";
}

/** @param {string|undefined|null} text @returns {string} */
export function sentence(text) {
  const trimmed = (text ?? "").trim();
  return !trimmed || /[.!?]$/.test(trimmed) ? trimmed : `${trimmed}.`;
}

/** @param {string} name @returns {string} up to two letters for the round mark */
export function initials(name) {
  const words = name.split(/\s+/).filter((word) => /^\p{L}/u.test(word));
  const letters = words.length > 1 ? [words[0], words[words.length - 1]] : words;
  return letters.map((word) => [...word][0].toUpperCase()).join("");
}

/**
 * Say what happened between two versions of a card, for the line at the foot.
 * @param {Card|undefined} before
 * @param {Card} after
 * @param {string} me
 * @returns {string} empty when nothing worth a line happened
 */
export function event(before, after, me) {
  const name = caller(after);
  const owner = after.claim?.owner === me ? "you" : after.claim?.name;
  if (!before && isGroup(after) && after.lane === "live") return `${name}: ${after.called.length ? "called" : "joined"} by ${who(after, me) || "somebody"}`;
  if (!before) return after.lane === "ringing" ? `${name} rings on ${line(after) || "no line"}` : "";
  if (after.lane === "waiting") return before.lane === after.lane ? "" : `${name}: ${isParked(after) ? "parked in " : "goes "}${waiting(after, undefined, timeOf(after)).why}`;
  if (isRecall(after) && !isRecall(before)) return `${name}: recall, ${recall(after)}`;
  if (before.lane === "waiting" && after.lane === "live") return `${name}: taken back${owner ? ` by ${owner}` : ""}`;
  if (after.lane === "aside") return before.lane === after.lane ? "" : `${name}: led into a meeting`;
  if (before.lane === "aside" && after.lane === "live") return `${name}: ${failed(after)}`;
  if (before.lane !== after.lane && after.lane === "ringing") return `${name} rings again`;
  if (before.lane !== after.lane && after.lane === "live") return `${name}: answered${who(after, me) ? ` by ${who(after, me)}` : ""}`;
  if (before.lane !== after.lane) return `${name}: ${outcome(after, me)}`;
  if (owner && before.claim?.owner !== after.claim?.owner) return `${name}: ${owner} claimed it`;
  if (after.operation?.status === "failed" && before.operation?.status !== "failed") return `${name}: ${verb(after.operation.kind).noun.toLowerCase()} failed`;
  return before.lane === "live" ? among(before, after, name) : "";
}

/** @param {Card} before @param {Card} after @param {string} name @returns {string} what has changed about those in a call of several */
function among(before, after, name) {
  const others = (/** @type {Card} */ one, /** @type {Card} */ other) => one.people.filter((who) => !who.is_caller && !found(other, who)).map((who) => who.name).join(", ");
  const [joined, left] = [others(after, before), others(before, after)];
  const answers = calledNews(before, after);
  const news = [...(answers ? [`${name}: ${answers}`] : []), ...after.people.map((now) => turn(found(before, now), now)).filter(Boolean)];
  return [joined && `${name}: ${joined} joined`, left && `${name}: ${left} left`, ...news].filter(Boolean).join("; ");
}

/** @param {Card} card @param {Member} who @returns {Member|undefined} */
function found(card, who) {
  return card.people.find((one) => one.id === who.id);
}

/** @param {Member|undefined} before @param {Member} now @returns {string} what came of what was asked about somebody */
function turn(before, now) {
  if (!before) return "";
  const { operation } = now;
  const is = operation?.status !== before.operation?.status && (operation?.status === "failed" || operation?.status === "unknown");
  if (is) return `${now.name}: ${sentence(operation?.error?.title)}`.replace(/\.$/, "");
  if (now.is_on_hold !== before.is_on_hold) return `${now.name} is ${now.is_on_hold ? "on hold" : "back from hold"}`;
  if (now.is_muted !== before.is_muted) return `${now.name} is ${now.is_muted ? "muted" : "no longer muted"}`;
  return "";
}

/**
 * Sum up for voice and bar.
 * @param {Card[]} cards
 * @param {number} longest seconds of the call that waits longest
 * @param {(seconds: number) => string} format
 * @returns {string}
 */
export function summary(cards, longest, format) {
  const ringing = cards.filter((card) => card.lane === "ringing").length;
  const live = cards.filter((card) => card.lane === "live").length;
  const elsewhere = cards.filter((card) => card.lane === "waiting").length;
  const parts = [ringing ? `${ringing} ringing` : "", live ? `${live} live` : "", elsewhere ? `${elsewhere} parked or moving` : ""].filter(Boolean);
  if (!parts.length) return "Nobody waiting";
  return `${parts.join(", ")}, longest ${format(longest)}`;
}
