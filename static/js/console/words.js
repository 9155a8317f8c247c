/**
 * A card in words: which colour, icon and sentence a call has for the person who looks. Pure.
 *
 * @import {Card, Note} from "./types.js"
 * @typedef {{kind: "left"|"since"|"at", at: string|null}} Time
 * @typedef {{tone: string, icon: string, word: string, why: string, time: Time}} Look
 */

/** Kind of operation: being asked, asked, asked for in the past, and the button's word. */
export const VERBS = {
  claim: { doing: "Claiming", asked: "claim", done: "claimed", noun: "Claim" },
  release: { doing: "Releasing", asked: "release", done: "released", noun: "Release" },
  answer: { doing: "Answering", asked: "answer", done: "answered", noun: "Answer" },
  reject: { doing: "Rejecting", asked: "reject", done: "rejected", noun: "Reject" },
  redirect: { doing: "Redirecting", asked: "redirect", done: "redirected", noun: "Redirect" },
  transfer: { doing: "Transferring", asked: "transfer", done: "transferred", noun: "Transfer" },
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
  return card.caller?.name || card.caller?.phone || "Anonymous";
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

/** @param {Card} card */
export function isPending(card) {
  return card.operation?.status === "pending";
}

/** @param {Card} card @returns {boolean} it is answered, but Graph moves it only while it is established */
export function isSettling(card) {
  return card.lane === "live" && card.state !== "established";
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
  if (card.lane === "ringing" || card.lane === "live") {
    if (note?.phase === "sending") return { tone: "pending", icon: "clock", word: "Asked", why: sending(note.kind), time: at };
    if (isPending(card)) return { tone: "pending", icon: "clock", word: "Asked", why: asked(card, me, to), time: at };
    if (note) return { tone: note.phase === "lost" ? "claimed" : "failed", icon: note.phase === "lost" ? "lock" : "alert", word: refusal(note), why: note.text, time: at };
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
  if (card.lane === "live") return { kind: "since", at: card.established_at ?? card.received_at };
  return { kind: "at", at: card.ended_at ?? card.received_at };
}

/** @param {Card} card @param {string} me @param {Time} time @returns {Look} */
function ringing(card, me, time) {
  const theirs = isTheirs(card, me);
  if (theirs) return { tone: "claimed", icon: "lock", word: "Claimed", why: `${card.claim?.name} is taking it`, time };
  return { tone: "ringing", icon: "bell", word: "Ringing", why: card.claim ? "you are taking it" : "", time };
}

/** @param {Card} card @param {string} me @param {Time} time @returns {Look} */
function live(card, me, time) {
  const moving = ["transferring", "transferAccepted", "redirecting"].includes(card.state);
  if (moving) return { tone: "moving", icon: "transfer", word: "Moving", why: card.handled_to ? `to ${card.handled_to}` : "on its way", time };
  if (isTheirs(card, me)) return { tone: "claimed", icon: "lock", word: "Claimed", why: `${card.claim?.name} is on it`, time };
  if (isSettling(card)) return { tone: "pending", icon: "clock", word: "Connecting", why: "being connected …", time };
  const by = who(card, me);
  return { tone: "active", icon: "phone", word: "Answered", why: by ? `answered by ${by}` : "answered", time };
}

/** @param {Card} card @param {string} me @param {Time} time @returns {Look} */
function over(card, me, time) {
  const missed = card.lane === "missed";
  if (isSilent(card)) return { tone: "failed", icon: "alert", word: "No news", why: outcome(card, me), time };
  if (isInDoubt(card)) return { tone: "failed", icon: "alert", word: "Unknown", why: outcome(card, me), time };
  return { tone: missed ? "missed" : "handled", icon: ICONS[card.outcome] ?? (missed ? "alert" : "check"), word: missed ? "Missed" : "Handled", why: outcome(card, me), time };
}

/** @type {Record<string, string>} */
const ICONS = {
  taken: "check", redirected: "redirect", transferred: "transfer", answered: "check", rejected: "hang-up",
  fallback: "replay", missed: "alert", abandoned: "hang-up", hung_up: "hang-up", failed: "alert", ended: "check",
};

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
  if (!before) return after.lane === "ringing" ? `${name} rings on ${line(after) || "no line"}` : "";
  if (before.lane !== after.lane && after.lane === "ringing") return `${name} rings again`;
  if (before.lane !== after.lane && after.lane === "live") return `${name}: answered${who(after, me) ? ` by ${who(after, me)}` : ""}`;
  if (before.lane !== after.lane) return `${name}: ${outcome(after, me)}`;
  if (owner && before.claim?.owner !== after.claim?.owner) return `${name}: ${owner} claimed it`;
  if (after.operation?.status === "failed" && before.operation?.status !== "failed") return `${name}: ${verb(after.operation.kind).noun.toLowerCase()} failed`;
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
  if (!ringing && !live) return "Nobody waiting";
  const parts = [ringing ? `${ringing} ringing` : "", live ? `${live} live` : ""].filter(Boolean);
  return `${parts.join(", ")}, longest ${format(longest)}`;
}
