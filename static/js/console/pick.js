/**
 * Which call the keys mean and which cards stand in the centre. Pure.
 *
 * @import {Card} from "./types.js"
 */
import { isMine, isOpen, isParked, isPending, isRecall, isSettling, isTheirs } from "./words.js";

/**
 * Keep the chosen call; choose one only when nobody chose or the chosen one is over.
 * @param {Card[]} cards in drawn order
 * @param {{id: string, byHand: boolean}} chosen
 * @param {string} me
 * @returns {{id: string, byHand: boolean}}
 */
export function choose(cards, chosen, me) {
  const current = cards.find((card) => card.id === chosen.id);
  const meeting = current ? undefined : cards.find((card) => card.lane === "live" && card.bridge_of === chosen.id);
  if (meeting) return { ...chosen, id: meeting.id };
  const stays = current && (chosen.byHand || current.lane === "live" || (current.lane === "ringing" && !isTheirs(current, me)));
  if (stays) return chosen;
  const next = oldestOpen(cards, me) ?? cards.find((card) => isRecall(card) && !isTheirs(card, me)) ?? cards.find((card) => card.lane === "live" && isMine(card, me));
  if (next) return { id: next.id, byHand: false };
  return current && (chosen.byHand || !isParked(current)) ? chosen : { id: "", byHand: false };
}

/** @param {Card|undefined} card @returns {boolean} it rings or is answered */
export function isUnderWay(card) {
  return card?.lane === "ringing" || card?.lane === "live";
}

/**
 * Let go of a call chosen by hand once it is over; one that was over when somebody chose it is read for longer.
 * @param {{id: string, byHand: boolean, open?: boolean}} chosen `open`: it was under way when last drawn
 * @param {Card|undefined} card it now
 * @returns {{id: string, byHand: boolean}}
 */
export function heldOn(chosen, card) {
  return chosen.open && !isUnderWay(card) ? { ...chosen, byHand: false } : chosen;
}

/** @param {Card[]} cards @param {string} me @returns {Card|undefined} the ringing call that waits longest and nobody has */
export function oldestOpen(cards, me) {
  return cards.find((card) => isOpen(card, me));
}

/** @param {Card[]} cards @param {string} chosen @param {string} me @param {(card: Card) => boolean} [mine] I have it already @returns {Card|undefined} what F2 takes */
export function takes(cards, chosen, me, mine = () => false) {
  const card = cards.find((one) => one.id === chosen);
  if (card && mine(card)) return oldestOpen(cards, me);
  if (card && isMovable(card, me)) return card;
  return card && isSettling(card) && isMine(card, me) ? undefined : oldestOpen(cards, me);
}

/** @param {Card[]} cards @param {string} chosen @param {string} me @returns {Card|undefined} the ring that a phone's bar names: the chosen one, else the oldest */
export function rings(cards, chosen, me) {
  return cards.find((card) => card.id === chosen && isOpen(card, me)) ?? oldestOpen(cards, me);
}

/** @param {Card[]} cards @param {string} chosen @param {string} me @returns {Card|undefined} what F8 sends on: never a call nobody looks at */
export function sends(cards, chosen, me) {
  const card = cards.find((one) => one.id === chosen);
  return card && isMovable(card, me) ? card : undefined;
}

/** @param {Card} card @param {string} me @returns {boolean} I could have it redirected or transferred now */
function isMovable(card, me) {
  return (isUnderWay(card) || isParked(card)) && !isTheirs(card, me) && !isPending(card) && !isSettling(card);
}

/** @param {Card[]} cards @param {string} chosen @param {string} me @returns {Card|undefined} what F4 ends */
export function ends(cards, chosen, me) {
  const card = cards.find((one) => one.id === chosen);
  const may = card && !isTheirs(card, me) && (card.lane === "live" || card.lane === "waiting" || (card.lane === "ringing" && !isPending(card)));
  return may ? card : undefined;
}

const CENTRE_LIMIT = 4;

/**
 * Choose what stands in the centre: the chosen call, a ring, what has come back, my live calls.
 * @param {Card[]} cards
 * @param {string} chosen
 * @param {string} me
 * @returns {string[]} ids
 */
export function centre(cards, chosen, me) {
  const picked = cards.find((card) => card.id === chosen);
  const ring = picked?.lane === "ringing" ? picked : oldestOpen(cards, me);
  const mine = cards.filter((card) => card.lane === "live" && isMine(card, me));
  const back = cards.filter((card) => isRecall(card) && !isTheirs(card, me));
  const wanted = [ring, ...(picked?.lane === "live" || picked?.lane === "waiting" ? [picked] : []), ...back, ...mine];
  const ids = [...new Set(wanted.flatMap((card) => (card ? [card.id] : [])))];
  return !picked || ids.includes(picked.id) ? ids.slice(0, CENTRE_LIMIT) : [...ids.slice(0, CENTRE_LIMIT - 1), picked.id];
}

/**
 * Draw ids in a new order only while nobody points there: what is shown stays, arrivals follow.
 * @param {string[]} shown
 * @param {string[]} wanted
 * @param {boolean} held somebody's pointer or focus is inside
 * @returns {string[]}
 */
export function arrange(shown, wanted, held) {
  if (!held) return wanted;
  const kept = shown.filter((id) => wanted.includes(id));
  return [...kept, ...wanted.filter((id) => !kept.includes(id))];
}

/**
 * Fold the older rows of a long lane away.
 * @param {string[]} ids oldest first
 * @param {number} limit
 * @param {boolean} open somebody asked for all
 * @param {string} keep the chosen call is never folded
 * @returns {string[]}
 */
export function fold(ids, limit, open, keep) {
  if (open || ids.length <= limit) return ids;
  return ids.filter((id, index) => index >= ids.length - limit || id === keep);
}

export const HASTE_MS = 700;

/**
 * Presses that come so fast that they mean the call before: a second F2 must not take the next call, nor may F4
 * reject the one that has just slid under the finger.
 */
export class Presses {
  /** @param {() => number} [now] milliseconds */
  constructor(now = Date.now) {
    this.now = now;
    this.last = { id: "", at: 0 };
  }

  /** @param {string} id the call that a press would mean @returns {boolean} it is meant */
  mean(id) {
    if (this.last.id && this.last.id !== id && this.now() - this.last.at < HASTE_MS) return false;
    this.left(id);
    return true;
  }

  /** A call goes on as another one: its meeting. @param {string} from @param {string} to */
  goesOn(from, to) {
    if (this.last.id === from) this.last.id = to;
  }

  /** The chosen call changed by itself. @param {string} id which it was, nothing when somebody chose by hand */
  left(id) {
    this.last = { id, at: this.now() };
  }
}

/** The call that a button names while others come and go: the button is about that one, unless it has only just come up. */
export class Named {
  /** @param {() => number} [now] milliseconds */
  constructor(now = Date.now) {
    this.presses = new Presses(now);
    this.id = "";
  }

  /** @param {string} id the call that is named from now on, if any */
  show(id) {
    if (id === this.id) return;
    this.presses.left(this.id || "nothing");
    this.id = id;
  }

  /** @returns {boolean} a press now means the call that is named */
  meant() {
    return this.presses.mean(this.id);
  }
}
