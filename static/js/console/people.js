/**
 * The pane at the right: search the directory, choose who gets the call.
 *
 * @import {Target} from "./types.js"
 * @typedef {{id: string, name: string, department: string, job_title: string, upn: string, phones: string[], kind: "user"|"phone"}} Entry
 * @typedef {{fetch: typeof fetch, send: (target: Target) => void, changed: () => void, refused: (status: number) => void}} Ways
 */
import { attr, button, disable, el, icon, keyed, text } from "./dom.js";
import { initials } from "./words.js";

const PAUSE_MS = 150;
const SKELETON_MS = 300;
const NUMBER = /^\+?[\d\s().-]{4,20}$/;

export class People {
  /**
   * @param {HTMLElement} root
   * @param {Ways} ways
   */
  constructor(root, ways) {
    this.ways = ways;
    this.input = /** @type {HTMLInputElement} */ (root.querySelector("input"));
    this.list = /** @type {HTMLElement} */ (root.querySelector("[role=listbox]"));
    this.said = /** @type {HTMLElement} */ (root.querySelector("[data-said]"));
    this.panel = /** @type {HTMLElement} */ (root.querySelector(".person"));
    /** @type {Entry[]} */
    this.found = [];
    /** @type {Entry|null} */
    this.chosen = null;
    this.searches = 0;
    this.searching = false;
    this.sentCall = ""; // the call that was sent to the chosen one
    /** @type {any} */
    this.timer = null;
    this.offered = { verb: "", what: "", why: "" };
    this.input.addEventListener("input", () => this.soon());
    this.input.addEventListener("keydown", (event) => this.typed(event));
    this.list.addEventListener("keydown", (event) => this.typed(event));
    this.list.addEventListener("click", (event) => this.clicked(/** @type {Element} */ (event.target)));
    this.drawPanel();
  }

  /** Let somebody type a name. */
  focus() {
    this.input.focus();
    this.input.select();
  }

  soon() {
    this.searches++; // what is still to come answers what was typed before
    this.busy(true);
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.search(), PAUSE_MS);
  }

  /** Ask the directory; only the newest question's answer is shown. */
  async search() {
    const query = this.input.value.trim();
    const mine = ++this.searches;
    this.busy(true);
    const skeleton = setTimeout(() => mine === this.searches && attr(this.list, "aria-busy", "true"), SKELETON_MS);
    const answer = await this.ask(query);
    clearTimeout(skeleton);
    if (mine !== this.searches) return;
    attr(this.list, "aria-busy", null);
    this.busy(false);
    if (answer) this.show(query, answer.results.map(entry), Boolean(answer.next));
    else this.show(query, [], false, "The directory does not answer.");
  }

  /** @param {string} query @returns {Promise<{results: any[], next: string|null}|null>} */
  async ask(query) {
    const response = await this.ways.fetch(`/api/v1/people/?q=${encodeURIComponent(query)}`, { headers: { Accept: "application/json" } }).catch(() => null);
    if (response?.ok) return response.json().catch(() => null);
    if (response) this.ways.refused(response.status);
    return null;
  }

  /**
   * Show what was found; while somebody types, the first hit is the chosen one, so F8 follows the eye.
   * @param {string} query
   * @param {Entry[]} found
   * @param {boolean} more
   * @param {string} [trouble]
   */
  show(query, found, more, trouble = "") {
    this.found = [...typedNumber(query), ...found];
    const still = this.found.some((one) => one.id === this.chosen?.id);
    if (document.activeElement === this.input && !still) this.choose(query ? this.found[0] ?? null : null);
    this.draw();
    this.say(query, more, trouble);
  }

  /** Nobody is sent a call while somebody else may still be found. @param {boolean} searching */
  busy(searching) {
    this.searching = searching;
    this.enable();
  }

  /** Forget everybody. */
  clear() {
    this.searches++;
    this.found = [];
    this.said.hidden = true;
    this.choose(null);
  }

  draw() {
    keyed(this.list, this.found, (one) => one.id, createRow, (row, one) => {
      attr(row, "aria-selected", String(one.id === this.chosen?.id));
      row.tabIndex = one.id === (this.chosen?.id ?? this.found[0]?.id) ? 0 : -1;
    });
    attr(this.input, "aria-activedescendant", this.chosen && this.found.includes(this.chosen) ? rowId(this.chosen) : null);
  }

  /** @param {string} query @param {boolean} more @param {string} trouble */
  say(query, more, trouble) {
    const nobody = !this.found.length;
    const words = trouble || (nobody ? (query ? `Nobody matches “${query}”.` : "The directory is empty. The worker fills it from Microsoft.") : more ? "More people match: type more of the name." : "");
    this.said.hidden = !words;
    const retry = trouble ? el("button", { type: "button", class: "btn btn--sm", onclick: () => this.search() }, "Try again") : null;
    this.said.replaceChildren(el("span", {}, words), ...(retry ? [retry] : []));
  }

  /** @param {string} call that was sent to the chosen one */
  sent(call) {
    this.sentCall = call;
  }

  /** Let go of who was sent a call that is over: F8 must not send the next one there unasked. @param {string} call */
  served(call) {
    if (call === this.sentCall) this.choose(null);
  }

  /** @param {Entry|null} one */
  choose(one) {
    this.chosen = one;
    this.sentCall = "";
    this.draw();
    this.drawPanel();
    this.ways.changed();
  }

  /** @param {KeyboardEvent} event */
  typed(event) {
    if (event.ctrlKey || event.altKey || event.metaKey) return;
    const inside = event.currentTarget === this.list;
    const at = this.found.findIndex((one) => one.id === this.chosen?.id);
    /** @type {Record<string, number>} */
    const steps = { ArrowDown: at + 1, ArrowUp: at - 1, Enter: at < 0 ? 0 : at, ...(inside ? { Home: 0, End: this.found.length - 1 } : {}) };
    const to = steps[event.key];
    if (to === undefined || !this.found.length) return;
    event.preventDefault();
    this.choose(this.found[Math.max(0, Math.min(this.found.length - 1, to))]);
    const row = /** @type {HTMLElement|undefined} */ (this.list.children[this.found.indexOf(/** @type {Entry} */ (this.chosen))]);
    if (inside) row?.focus();
    row?.scrollIntoView({ block: "nearest" });
  }

  /** @param {Element} target */
  clicked(target) {
    const row = /** @type {HTMLElement|null} */ (target.closest("[role=option]"));
    if (row) this.choose(this.found.find((one) => one.id === row.dataset.key) ?? null);
  }

  /** @returns {Target|null} whom F8 means */
  target() {
    return this.chosen ? { kind: this.chosen.kind, id: this.chosen.id, name: this.chosen.name } : null;
  }

  /** Name the panel's button after what would happen. @param {string} verb "Redirect", "Transfer" or nothing @param {string} what the call concerned @param {string} why nothing can be sent now, if that is known */
  offer(verb, what, why) {
    const { offered } = this;
    if (offered.verb === verb && offered.what === what && offered.why === why) return;
    this.offered = { verb, what, why };
    this.drawPanel();
  }

  drawPanel() {
    const one = this.chosen;
    const held = this.panel.contains(document.activeElement);
    this.panel.hidden = !one;
    this.panel.replaceChildren(...(one ? this.panelOf(one) : []));
    this.enable();
    if (held) (this.panel.querySelector("button") ?? this.input).focus();
  }

  /** @param {Entry} one @returns {Node[]} */
  panelOf(one) {
    const { verb, what, why } = this.offered;
    const head = el("div", { class: "row" }, mark(one), el("b", { class: "cut", dir: "auto" }, one.name), el("span", { class: "faint sm cut grow" }, [one.job_title, one.department].filter(Boolean).join(", ")));
    const hint = el("p", { class: "sm faint cut" }, verb ? `${what} is sent there and hears ringing.` : why || "Choose a ringing or answered call to send it there.");
    return [head, el("div", { class: "row row--wrap person__acts" }, ...this.targets(one, verb)), hint];
  }

  enable() {
    const { verb, why: waits } = this.offered;
    const why = this.searching ? "Still searching" : verb ? "" : waits || "There is no call to send";
    for (const node of this.panel.querySelectorAll("button")) disable(node, Boolean(why), why);
  }

  /** @param {Entry} one @param {string} verb @returns {Node[]} */
  targets(one, verb) {
    const send = (/** @type {Target} */ target) => () => this.ways.send(target);
    const main = button({ icon: verb === "Transfer" ? "transfer" : "redirect", label: verb || "Redirect", key: "F8", kind: "btn--sm btn--primary", run: send({ kind: one.kind, id: one.id, name: one.name }) });
    const voicemail = button({ icon: "voicemail", label: "Voicemail", kind: "btn--sm", run: send({ kind: "voicemail", id: one.id, name: `voicemail of ${one.name}` }) });
    const phones = one.kind === "user" ? one.phones.map((phone) => button({ icon: "phone", label: phone, kind: "btn--sm", run: send({ kind: "phone", id: phone, name: phone }) })) : [];
    return [main, ...(one.kind === "user" ? [voicemail] : []), ...phones];
  }
}

/** @param {any} row what the API says of a person @returns {Entry} */
function entry(row) {
  const phones = row.phones ?? [];
  return { id: row.id, name: row.name || row.upn, department: row.department ?? "", job_title: row.job_title ?? "", upn: row.upn ?? "", phones, kind: "user" };
}

/** @param {string} query @returns {Entry[]} the number itself, when somebody typed one */
export function typedNumber(query) {
  const digits = query.replace(/[^\d+]/g, "");
  if (!NUMBER.test(query) || !/^\+\d{5,15}$/.test(digits)) return [];
  return [{ id: digits, name: digits, department: "Number as typed", job_title: "", upn: "", phones: [digits], kind: "phone" }];
}

/** @param {Entry} one @returns {string} */
function rowId(one) {
  return `person-${one.id.replace(/[^\w-]/g, "")}`;
}

/** @param {Entry} one @returns {HTMLElement} */
function mark(one) {
  const letters = initials(one.name);
  return el("span", { class: "avatar", "aria-hidden": "true" }, letters || icon(one.kind === "phone" ? "keypad" : "user"));
}

/** @param {Entry} one @returns {HTMLElement} */
function createRow(one) {
  const name = el("span", { class: "name" }, el("b", { dir: "auto" }, one.name), el("span", { class: "cut" }, one.department));
  const row = el("li", { class: "people__row", role: "option", id: rowId(one) }, mark(one), name, el("span", { class: "free", dir: "auto" }));
  text(row.lastElementChild, one.kind === "user" ? one.phones[0] ?? "" : "");
  return row;
}
