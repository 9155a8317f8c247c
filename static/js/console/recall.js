/**
 * Who else might take a call that has come back: asked for while its card is shown, those who are free first.
 *
 * @import {Card, Target} from "./types.js"
 * @import {Told} from "./presence.js"
 * @typedef {{id: string, name: string, job_title: string, presence: Told|null}} Alternative
 */
import { attr, disable, el, keyed, text } from "./dom.js";
import { look } from "./presence.js";
import { isPending, isRecall, isTheirs } from "./words.js";

const EVERY_MS = 10_000;
const SOON_MS = 2000; // nothing is known yet of somebody's presence
const SHOWN = 4;

export class Alternatives {
  /** @param {{fetch: typeof fetch, changed: () => void, local?: () => number}} ways */
  constructor(ways) {
    this.ways = ways;
    this.local = ways.local ?? Date.now;
    /** @type {Map<string, {operation: string, found: Alternative[], due: number}>} by call id */
    this.known = new Map();
  }

  /** Ask for those of the calls that are shown; forget the others. @param {Card[]} cards */
  follow(cards) {
    const shown = cards.filter((card) => isRecall(card) && card.operation?.kind === "transfer");
    for (const id of this.known.keys()) if (!shown.some((card) => card.id === id)) this.known.delete(id);
    for (const card of shown) if (this.isDue(card)) void this.ask(card);
  }

  /** @param {Card} card */
  isDue(card) {
    const one = this.known.get(card.id);
    return !one || one.operation !== card.operation?.id || this.local() >= one.due;
  }

  /** @param {Card} card */
  async ask(card) {
    const before = this.known.get(card.id);
    const operation = card.operation?.id ?? "";
    const entry = { operation, found: before?.operation === operation ? before.found : [], due: this.local() + EVERY_MS };
    this.known.set(card.id, entry);
    const path = `/api/v1/calls/${encodeURIComponent(card.id)}/alternatives/`;
    const response = await this.ways.fetch(path, { headers: { Accept: "application/json" } }).catch(() => null);
    const body = response?.ok ? await response.json().catch(() => null) : null;
    if (!body || this.known.get(card.id) !== entry) return;
    entry.found = body.results.slice(0, SHOWN);
    if (entry.found.some((/** @type {Alternative} */ one) => !one.presence)) entry.due = this.local() + SOON_MS;
    this.ways.changed();
  }

  /** @param {Card} card @returns {Alternative[]} */
  of(card) {
    const one = this.known.get(card.id);
    return one && one.operation === card.operation?.id ? one.found : [];
  }
}

/**
 * Draw them as buttons that transfer the call.
 * @param {HTMLElement} place
 * @param {Card} card
 * @param {Alternative[]} found
 * @param {{me: string, may: boolean, now: number, run: (target: Target) => void}} view
 */
export function draw(place, card, found, { me, may, now, run }) {
  const shown = may && isRecall(card) ? found : [];
  attr(place, "hidden", !shown.length);
  const list = /** @type {HTMLElement} */ (place.lastElementChild);
  keyed(list, shown, (one) => one.id, () => create(), (node, one) => {
    const { is, word } = look(one.presence, now);
    node.run = () => run({ kind: "user", id: one.id, name: one.name });
    attr(node.mark, "data-is", is || null);
    text(node.name, one.name);
    text(node.word, word);
    disable(node.button, isTheirs(card, me) || isPending(card), isTheirs(card, me) ? `${card.claim?.name} has this call` : "Asked already; wait for the answer");
    if (!isTheirs(card, me) && !isPending(card)) attr(node.button, "title", `Transfer to ${one.name}${one.job_title ? `, ${one.job_title}` : ""}`);
  });
}

/** @returns {any} */
function create() {
  const node = /** @type {any} */ (el("li"));
  node.mark = el("span", { class: "presence", "aria-hidden": "true" });
  node.name = el("span", { dir: "auto" });
  node.word = el("span", { class: "faint sm" });
  node.button = el("button", { type: "button", class: "btn btn--sm" }, node.mark, node.name, node.word);
  node.button.addEventListener("click", () => node.button.getAttribute("aria-disabled") !== "true" && node.run());
  node.append(node.button);
  return node;
}
