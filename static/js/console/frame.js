/**
 * The console's furniture: which pane a phone shows, which lines are shown, hints, the sheet of keys.
 *
 * @import {Card} from "./types.js"
 */
import { attr, el, text } from "./dom.js";
import { caller, line } from "./words.js";

const HIDDEN_LINES = "commsportal-hidden-lines";
const HINT_MS = 5000;

export class Frame {
  /** @param {HTMLElement} root @param {() => void} changed */
  constructor(root, changed) {
    this.root = root;
    this.changed = changed;
    this.hidden = new Set(/** @type {string[]} */ (kept(HIDDEN_LINES, [])));
    this.hints = /** @type {HTMLElement} */ (document.querySelector("[data-part=hints]"));
    this.help = /** @type {HTMLDialogElement} */ (document.querySelector("[data-part=help]"));
    this.tabs = [.../** @type {NodeListOf<HTMLElement>} */ (document.querySelectorAll("[data-pane-tab]"))];
    this.lines = [.../** @type {NodeListOf<HTMLElement>} */ (document.querySelectorAll("[data-line]"))];
    for (const tab of this.tabs) tab.addEventListener("click", () => this.pane(tab.dataset.paneTab ?? "queue"));
    for (const one of this.lines) one.addEventListener("click", () => this.toggle(one.dataset.line ?? ""));
    this.prune();
    this.drawLines();
  }

  /** Forget lines that are no longer ours, else their calls could never be shown again. */
  prune() {
    const known = new Set(this.lines.map((one) => one.dataset.line ?? ""));
    this.hidden = new Set([...this.hidden].filter((id) => known.has(id)));
  }

  /** @param {string} name */
  pane(name) {
    this.root.dataset.pane = name;
    for (const tab of this.tabs) attr(tab, "aria-pressed", String(tab.dataset.paneTab === name));
  }

  /** @param {string} id */
  toggle(id) {
    if (!this.hidden.delete(id)) this.hidden.add(id);
    keep(HIDDEN_LINES, [...this.hidden]);
    this.drawLines();
    this.changed();
  }

  drawLines() {
    for (const one of this.lines) attr(one, "aria-pressed", String(!this.hidden.has(one.dataset.line ?? "")));
  }

  /** Say something that concerns nobody's call. @param {string} words */
  hint(words) {
    const toast = el("div", { class: "toast" }, words);
    this.hints.replaceChildren(toast);
    setTimeout(() => toast.remove(), HINT_MS);
  }

  /**
   * Name a ring and how many more there are.
   * @param {HTMLElement} bar
   * @param {Card|undefined} card
   * @param {{seconds: number, more: number, now: number, onTop: boolean}} view `onTop`: the call pane begins with it
   */
  ringbar(bar, card, { seconds, more, now, onTop }) {
    bar.hidden = !card;
    attr(this.root, "data-ringing", Boolean(card));
    attr(this.root, "data-ring-on-top", Boolean(card) && onTop);
    if (!card) return;
    text(/** @type {Node} */ (bar.querySelector("b")), caller(card));
    attr(/** @type {Element} */ (bar.querySelector("button")), "aria-label", `Take ${caller(card)}`);
    text(/** @type {Node} */ (bar.querySelector("[data-rest]")), [line(card), card.deadline ? `${seconds} s` : "", more > 0 ? `${more} more` : ""].filter(Boolean).join(", "));
    if (!card.deadline) return;
    const total = Math.max(1, Date.parse(card.deadline) - Date.parse(card.received_at));
    /** @type {HTMLElement} */ (bar.querySelector(".ring")).style.setProperty("--left", Math.max(0, (Date.parse(card.deadline) - now) / total).toFixed(2));
  }

  openHelp() {
    if (!this.help.open) this.help.showModal();
  }

  closeHelp() {
    if (this.help.open) this.help.close();
  }
}

/** @template T @param {string} name @param {T} otherwise @returns {T} what this browser remembers */
function kept(name, otherwise) {
  try {
    return JSON.parse(localStorage.getItem(name) ?? "null") ?? otherwise;
  } catch {
    return otherwise;
  }
}

/** @param {string} name @param {unknown} value */
function keep(name, value) {
  try {
    localStorage.setItem(name, JSON.stringify(value));
  } catch {
    // A browser that keeps nothing still works until it is closed.
  }
}
