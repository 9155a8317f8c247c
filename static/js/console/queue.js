/**
 * The pane at the left: four parts of rows, one tab stop, nothing that jumps under the pointer.
 *
 * @import {Card, Lane, Note} from "./types.js"
 * @import {State} from "./store.js"
 */
import { hour, left, since, span, spoken } from "./clock.js";
import { attr, el, icon, keyed, setIcon, text } from "./dom.js";
import { fold } from "./pick.js";
import { caller, line, look } from "./words.js";

const FOLD_OVER = 12;
/** The lanes that each part of the pane shows: who waits elsewhere stands above what is over. @type {Record<string, Lane[]>} */
const PARTS = { ringing: ["ringing"], live: ["live"], handled: ["waiting", "handled"], missed: ["missed"] };

export class Queue {
  /**
   * @param {HTMLElement} root
   * @param {{select: (id: string) => void, redraw: () => void}} ways
   */
  constructor(root, ways) {
    this.root = root;
    this.ways = ways;
    /** @type {Set<string>} lanes somebody unfolded */
    this.unfolded = new Set();
    this.folding = false;
    /** @type {Map<string, any>} rows by call id */
    this.rows = new Map();
    root.addEventListener("click", (event) => this.clicked(/** @type {Element} */ (event.target)));
    root.addEventListener("focusin", (event) => this.describe(/** @type {any} */ (event.target)));
  }

  /**
   * Draw the lanes.
   * @param {State} state
   * @param {{chosen: string, me: string, notes: Map<string, Note>, targets: Map<string, string>, hidden: Set<string>, now: number}} view
   */
  render(state, view) {
    const held = this.root.contains(document.activeElement);
    this.rows.clear();
    for (const part of Object.keys(PARTS)) this.lane(part, state, view);
    this.roving(view.chosen);
    if (held && !this.root.contains(document.activeElement)) this.focus(); // a row that changed its lane took the focus along
    this.tick(view.now);
  }

  /** @param {string} lane a part of the pane @param {State} state @param {any} view */
  lane(lane, state, view) {
    const section = /** @type {HTMLElement} */ (this.root.querySelector(`[data-lane="${lane}"]`));
    const ids = PARTS[lane].flatMap((name) => state.order[name]).filter((id) => !view.hidden.has(String(state.cards.get(id)?.line?.id ?? "")));
    const shown = this.folds(lane, section, ids, view.chosen, state.order.waiting);
    const grid = /** @type {HTMLElement} */ (section.querySelector("[role=grid]"));
    text(/** @type {Node} */ (section.querySelector(".n")), String(ids.length));
    section.hidden = !ids.length && lane !== "ringing";
    grid.hidden = !ids.length;
    attr(/** @type {Element} */ (section.querySelector(".lane__none")), "hidden", Boolean(ids.length) || lane !== "ringing");
    const cards = shown.map((id) => /** @type {Card} */ (state.cards.get(id)));
    keyed(grid, cards, (card) => card.id, createRow, (row, card) => this.update(row, card, view));
  }

  /** @param {string} lane @param {HTMLElement} section @param {string[]} ids @param {string} chosen @param {string[]} waiting never folded @returns {string[]} the rows to draw */
  folds(lane, section, ids, chosen, waiting) {
    const long = lane === "handled" || lane === "missed";
    const more = /** @type {HTMLElement|null} */ (section.querySelector("[data-unfold]"));
    const held = this.root.matches(":hover") || this.root.contains(document.activeElement);
    const drawn = [...section.querySelectorAll(".lane__row")].map((row) => /** @type {HTMLElement} */ (row).dataset.key ?? "");
    const over = ids.filter((id) => !waiting.includes(id));
    const folded = long ? fold(over, FOLD_OVER, this.unfolded.has(lane), chosen) : over;
    const wanted = ids.filter((id) => waiting.includes(id) || folded.includes(id));
    const shown = held && !this.folding ? ids.filter((id) => wanted.includes(id) || drawn.includes(id)) : wanted;
    if (more) {
      more.hidden = shown.length === ids.length && !this.unfolded.has(lane);
      text(more, this.unfolded.has(lane) ? "Fewer" : `${ids.length - shown.length} earlier`);
      attr(more, "aria-expanded", String(this.unfolded.has(lane)));
    }
    return shown;
  }

  /** @param {any} row @param {Card} card @param {any} view */
  update(row, card, view) {
    const seen = look(card, view.me, view.notes.get(card.id), view.targets.get(card.id));
    const parts = row.parts;
    this.rows.set(card.id, row);
    row.seen = seen;
    row.card = card;
    attr(row, "data-state", seen.tone);
    attr(row, "aria-selected", String(card.id === view.chosen));
    setIcon(parts.icon, seen.icon);
    text(parts.word, seen.word);
    text(parts.name, caller(card));
    text(parts.why, seen.why);
    attr(parts.why, "title", seen.why || null);
    text(parts.line, line(card));
  }

  /** Write the times anew; nothing else changes. @param {number} now */
  tick(now) {
    for (const row of this.rows.values()) text(row.parts.time, clockText(row.seen.time, now));
    this.now = now;
  }

  /** Keep exactly one tab stop. @param {string} chosen */
  roving(chosen) {
    const rows = this.drawn();
    const stop = rows.find((row) => row.dataset.key === chosen) ?? rows[0];
    for (const row of rows) row.tabIndex = row === stop ? 0 : -1;
  }

  /** @returns {HTMLElement[]} rows as drawn */
  drawn() {
    return /** @type {HTMLElement[]} */ ([...this.root.querySelectorAll(".lane__row")]);
  }

  /** @param {"ArrowDown"|"ArrowUp"|"Home"|"End"} key */
  move(key) {
    const rows = this.drawn();
    const at = rows.findIndex((row) => row.getAttribute("aria-selected") === "true");
    const to = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: rows.length - 1 }[key];
    const row = rows[Math.max(0, Math.min(rows.length - 1, to))];
    if (!row) return;
    this.ways.select(row.dataset.key ?? "");
    row.focus();
  }

  /** Put the focus on the chosen row, or the first. */
  focus() {
    const rows = this.drawn();
    (rows.find((row) => row.tabIndex === 0) ?? rows[0] ?? this.root).focus();
  }

  /** @param {Element} target */
  clicked(target) {
    const lane = /** @type {HTMLElement|null} */ (target.closest("[data-unfold]"))?.dataset.unfold;
    if (lane) this.toggle(lane);
    const row = /** @type {HTMLElement|null} */ (target.closest(".lane__row"));
    if (row) this.ways.select(row.dataset.key ?? "");
  }

  /** @param {string} lane */
  toggle(lane) {
    this.folding = this.unfolded.delete(lane);
    if (!this.folding) this.unfolded.add(lane);
    this.ways.redraw();
    this.folding = false;
  }

  /** Say the whole row, time included, to who lands on it. @param {any} row */
  describe(row) {
    if (!row?.parts) return;
    const { card, seen } = row;
    const parts = [caller(card), line(card), seen.word, seen.why, spokenTime(seen.time, this.now ?? Date.now())];
    attr(row, "aria-label", parts.filter(Boolean).join(", "));
  }
}

/** @returns {HTMLElement} */
function createRow() {
  const parts = {
    icon: icon("bell"), word: el("span", { class: "vh" }), name: el("b", { class: "cut", dir: "auto" }),
    why: el("span", { class: "why cut" }), line: el("span", { class: "line cut", role: "gridcell" }),
    time: el("span", { class: "time", role: "gridcell", "aria-hidden": "true" }),
  };
  const mark = el("span", { class: "mark", role: "gridcell" }, parts.icon, parts.word);
  const who = el("span", { class: "who", role: "gridcell" }, parts.name, parts.why);
  const row = el("div", { class: "lane__row", role: "row", tabindex: "-1" }, mark, who, parts.line, parts.time);
  row.parts = parts;
  return row;
}

/** @param {{kind: string, at: string|null}} time @param {number} now @returns {string} */
export function clockText(time, now) {
  if (time.kind === "left") return `${left(time.at, now)} s`;
  if (time.kind === "since") return span(since(time.at, now));
  return hour(time.at);
}

/** @param {{kind: string, at: string|null}} time @param {number} now @returns {string} */
function spokenTime(time, now) {
  if (time.kind === "left") return `${spoken(left(time.at, now))} left`;
  if (time.kind === "since") return `for ${spoken(since(time.at, now))}`;
  return `at ${hour(time.at)}`;
}
