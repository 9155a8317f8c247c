/**
 * What the console knows: cards by id and their order in five lanes. Pure: every function returns a new state.
 *
 * A lane's order never changes by itself: a call that enters a lane goes to its end, one that comes back to its top.
 *
 * @import {Card, Changed, Lane, Message, Snapshot} from "./types.js"
 * @typedef {{seq: number, ready: boolean, cards: Map<string, Card>, order: Record<Lane, string[]>}} State
 */
import { isRecall } from "./words.js";

/** @type {Lane[]} */
export const LANES = ["ringing", "live", "waiting", "handled", "missed"];
export const KEPT_MS = 60 * 60 * 1000;

/** @returns {State} */
export function empty() {
  return { seq: 0, ready: false, cards: new Map(), order: { ringing: [], live: [], waiting: [], handled: [], missed: [] } };
}

/**
 * Apply one message of the socket.
 * @param {State} state
 * @param {Message} message
 * @returns {State}
 */
export function apply(state, message) {
  if (message.type === "snapshot") return applySnapshot(state, message);
  if (message.type === "changed") return applyChanged(state, message);
  if (message.type === "heartbeat") return { ...state, seq: Math.max(state.seq, message.seq) };
  return state;
}

/**
 * Take in one card that an answer to a command brought.
 * @param {State} state
 * @param {Card} card
 * @returns {State}
 */
export function put(state, card) {
  return applyChanged(state, { type: "changed", seq: state.seq, cards: [card] });
}

/** @param {State} state @param {Snapshot} message @returns {State} */
function applySnapshot(state, message) {
  const fresh = new Map(message.cards.map((card) => [card.id, newer(state.cards.get(card.id), card)]));
  const arrivals = [...fresh.values()].sort(byReceipt);
  return { seq: message.seq, ready: true, cards: fresh, order: reorder(state.order, fresh, arrivals) };
}

/** @param {State} state @param {Changed} message @returns {State} */
function applyChanged(state, message) {
  const cards = new Map(state.cards);
  const news = message.cards.filter((card) => newer(cards.get(card.id), card) === card);
  for (const card of news) cards.set(card.id, card);
  for (const id of message.gone ?? []) cards.delete(id);
  return { ...state, seq: Math.max(state.seq, message.seq), cards, order: reorder(state.order, cards, news) };
}

/**
 * Keep whoever is still in a lane where they are; put arrivals at the end, and who comes back at the top.
 * @param {Record<Lane, string[]>} order
 * @param {Map<string, Card>} cards
 * @param {Card[]} arrivals
 * @returns {Record<Lane, string[]>}
 */
function reorder(order, cards, arrivals) {
  const result = /** @type {Record<Lane, string[]>} */ ({});
  for (const lane of LANES) {
    const kept = order[lane].filter((id) => cards.get(id)?.lane === lane);
    const known = new Set(kept);
    const added = arrivals.filter((card) => card.lane === lane && cards.has(card.id) && !known.has(card.id));
    const back = added.filter((card) => isRecall(card));
    const others = added.filter((card) => !isRecall(card));
    result[lane] = [...back.map((card) => card.id), ...kept, ...others.map((card) => card.id)];
  }
  return result;
}

/** @param {Card|undefined} known @param {Card} card */
function newer(known, card) {
  return known && known.version > card.version ? known : card;
}

/** @param {Card} a @param {Card} b */
function byReceipt(a, b) {
  return Date.parse(a.received_at) - Date.parse(b.received_at) || a.id.localeCompare(b.id);
}

/**
 * Let go of calls that ended more than an hour ago.
 * @param {State} state
 * @param {number} now milliseconds
 * @returns {State} the same object when nothing is old
 */
export function expire(state, now) {
  const old = [...state.cards.values()].filter((card) => card.ended_at && now - Date.parse(card.ended_at) > KEPT_MS);
  if (!old.length) return state;
  return applyChanged(state, { type: "changed", seq: state.seq, cards: [], gone: old.map((card) => card.id) });
}

/** @param {State} state @param {Lane} lane @returns {Card[]} */
export function lane(state, lane) {
  return state.order[lane].map((id) => /** @type {Card} */ (state.cards.get(id)));
}

/** @param {State} state @returns {Card[]} every card, lane by lane, as drawn */
export function all(state) {
  return LANES.flatMap((name) => lane(state, name));
}
