/**
 * The dialog of a new call: people who are called together, or a meeting that the bot joins.
 *
 * @import {Card, Target} from "./types.js"
 * @import {Answer} from "./actions.js"
 * @typedef {{kind: "me"|"user"|"phone", id: string, name: string, about: string}} Pick
 * @typedef {"people"|"meeting"} Kind
 * @typedef {{line: string, picks: Pick[], link: string, id: string, passcode: string}} Asked
 * @typedef {{
 *   me: string, fetch: typeof fetch, key: () => string, post: (body: object, key: string) => Promise<Answer>,
 *   placed: (card: Card) => void, refused: (answer: Answer) => void
 * }} Ways
 */
import { attr, disable, el, icon, keyed, text } from "./dom.js";
import { typedNumber } from "./people.js";

export const FEWEST = 2;
export const MOST = 25;
const PAUSE_MS = 150;

/** @param {Pick[]} picks @param {Pick} one @returns {Pick[]} with one more, unless they are there or nobody fits in any more */
export function add(picks, one) {
  return picks.length >= MOST || picks.some((pick) => sameAs(pick, one)) ? picks : [...picks, one];
}

/** @param {Pick} one @param {Pick} other @returns {boolean} */
export function sameAs(one, other) {
  return one.kind === other.kind && one.id === other.id;
}

/** @param {Kind} kind @param {Asked} asked @returns {string} what is missing, nothing when it can be sent */
export function missing(kind, { line, picks, link, id }) {
  if (!line) return "Choose a line.";
  if (kind === "people") return picks.length < FEWEST ? "Choose at least two people or numbers." : "";
  if (link.trim() && id.trim()) return "Use either the link or the meeting id, not both.";
  return link.trim() || id.trim() ? "" : "Paste the join link, or type the meeting id.";
}

/** @param {Kind} kind @param {Asked} asked @returns {object} the body of the request */
export function body(kind, { line, picks, link, id, passcode }) {
  if (kind === "people") return { line: Number(line), targets: picks.map(({ kind, id }) => (kind === "me" ? { kind } : { kind, id })) };
  if (link.trim()) return { line: Number(line), meeting: { link: link.trim() } };
  return { line: Number(line), meeting: passcode.trim() ? { id: id.trim(), passcode: passcode.trim() } : { id: id.trim() } };
}

/** @param {any[]} results of the directory @param {string} query @param {Pick[]} picks @returns {Pick[]} whom to offer: a typed number first, nobody twice */
export function offered(results, query, picks) {
  const numbers = typedNumber(query).map(({ id }) => ({ kind: /** @type {const} */ ("phone"), id, name: id, about: "Number as typed" }));
  const people = results.map((row) => ({ kind: /** @type {const} */ ("user"), id: row.id, name: row.name || row.upn, about: row.department ?? "" }));
  return [...numbers, ...people].filter((one) => !picks.some((pick) => sameAs(pick, one)));
}

export class NewCall {
  /** @param {HTMLDialogElement} dialog @param {Ways} ways */
  constructor(dialog, ways) {
    this.dialog = dialog;
    this.ways = ways;
    const find = (/** @type {string} */ part) => /** @type {any} */ (dialog.querySelector(`[data-new="${part}"]`));
    this.parts = {
      form: find("form"), line: /** @type {HTMLSelectElement} */ (find("line")), search: /** @type {HTMLInputElement} */ (find("search")), found: find("found"), picks: find("picks"),
      link: /** @type {HTMLInputElement} */ (find("link")), id: /** @type {HTMLInputElement} */ (find("id")), passcode: /** @type {HTMLInputElement} */ (find("passcode")),
      trouble: find("trouble"), said: find("said"), ring: find("ring"), send: find("send"), word: find("word"),
    };
    /** @type {HTMLElement[]} */
    this.tabs = [...dialog.querySelectorAll("[data-new-kind]")].map((node) => /** @type {HTMLElement} */ (node));
    /** @type {HTMLElement[]} */
    this.sections = [...dialog.querySelectorAll("[data-new-section]")].map((node) => /** @type {HTMLElement} */ (node));
    /** @type {Kind} */
    this.kind = "people";
    /** @type {Pick[]} */
    this.found = [];
    this.at = -1; // who of them is marked
    this.searches = 0;
    this.sending = false;
    this.sent = { said: "", key: "" }; // what went out last without an answer, and under which key
    /** @type {any} */
    this.timer = null;
    this.listen();
    this.reset();
  }

  listen() {
    const { form, search, found, line } = this.parts;
    form.addEventListener("submit", (/** @type {Event} */ event) => {
      event.preventDefault();
      void this.send();
    });
    for (const tab of this.tabs) tab.addEventListener("click", () => this.turn(/** @type {Kind} */ (tab.dataset.newKind)));
    search.addEventListener("input", () => this.soon());
    search.addEventListener("keydown", (event) => this.typed(event));
    found.addEventListener("click", (/** @type {any} */ event) => this.take(this.found[[...found.children].indexOf(event.target.closest("li"))]));
    line.addEventListener("change", () => this.complain(""));
    this.dialog.querySelector("[data-new=cancel]")?.addEventListener("click", () => this.dialog.close());
  }

  /** Show it, with whatever was entered before and not sent. */
  open() {
    if (this.dialog.open) return;
    this.draw();
    this.dialog.showModal();
    (this.kind === "people" ? this.parts.search : this.parts.link).focus();
  }

  /** Close it; what was entered stays. */
  close() {
    if (this.dialog.open) this.dialog.close();
  }

  /** Say who rings behind the dialog: it stays, since somebody may be typing. @param {string} who nothing when nobody does */
  rings(who) {
    const { ring } = this.parts;
    ring.hidden = !who;
    text(ring, who ? `${who}. F2 takes the call; what you entered here is kept.` : "");
  }

  reset() {
    const { search, link, id, passcode } = this.parts;
    for (const input of [search, link, id, passcode]) input.value = "";
    /** @type {Pick[]} */
    this.picks = [{ kind: "me", id: "", name: `${this.ways.me} (you)`, about: "" }];
    this.show([]);
    this.complain("");
    this.draw();
  }

  /** @param {Kind} kind */
  turn(kind) {
    this.kind = kind;
    this.complain("");
    this.draw();
  }

  draw() {
    const { line, word, picks } = this.parts;
    for (const tab of this.tabs) attr(tab, "aria-pressed", String(tab.dataset.newKind === this.kind));
    for (const section of this.sections) section.hidden = section.dataset.newSection !== this.kind;
    for (const option of line.options) option.disabled = this.kind === "people" && option.dataset.organizers === "";
    if (line.selectedOptions[0]?.disabled) line.value = [...line.options].find((one) => !one.disabled)?.value ?? "";
    text(word, this.sending ? "Asking …" : this.kind === "people" ? "Call them" : "Join");
    keyed(picks, this.picks, (one) => `${one.kind}:${one.id}`, (one) => this.createPick(one), () => undefined);
    disable(this.parts.send, this.sending, "Asked already; wait for the answer");
  }

  /** @param {Pick} one @returns {HTMLElement} */
  createPick(one) {
    const gone = () => {
      this.picks = this.picks.filter((pick) => !sameAs(pick, one));
      this.draw();
      this.parts.search.focus();
    };
    const remove = el("button", { type: "button", class: "btn btn--icon btn--ghost btn--sm", "aria-label": `Remove ${one.name}`, onclick: gone }, icon("cross"));
    return el("li", { class: "pick" }, icon(one.kind === "phone" ? "keypad" : "user"), el("span", { class: "cut", dir: "auto" }, one.name), remove);
  }

  soon() {
    this.searches++;
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.search(), PAUSE_MS);
  }

  /** Ask the directory; only the newest question's answer is shown. */
  async search() {
    const query = this.parts.search.value.trim();
    const mine = ++this.searches;
    if (!query) return this.show([]);
    const response = await this.ways.fetch(`/api/v1/people/?q=${encodeURIComponent(query)}&limit=8`, { headers: { Accept: "application/json" } }).catch(() => null);
    const answer = response?.ok ? await response.json().catch(() => null) : null;
    if (mine !== this.searches) return;
    this.show(offered(answer?.results ?? [], query, this.picks), answer ? `Nobody matches “${query}”.` : "The directory does not answer. A number in full (+44 …) can be called all the same.");
  }

  /** @param {Pick[]} found @param {string} [nobody] what to say when that is nobody */
  show(found, nobody = "") {
    this.found = found;
    this.at = found.length ? 0 : -1;
    text(this.parts.said, found.length ? "" : nobody);
    this.drawFound();
  }

  drawFound() {
    const { found, search } = this.parts;
    found.hidden = !this.found.length;
    attr(search, "aria-expanded", String(this.found.length > 0));
    keyed(found, this.found, (one) => `${one.kind}:${one.id}`, (one) => el("li", { class: "people__row", role: "option", id: optionId(one) }, icon(one.kind === "phone" ? "keypad" : "user"), el("span", { class: "name" }, el("b", { dir: "auto" }, one.name), el("span", { class: "cut" }, one.about))), (node, one) => attr(node, "aria-selected", String(one === this.found[this.at])));
    attr(search, "aria-activedescendant", this.at >= 0 ? optionId(this.found[this.at]) : null);
    found.children[this.at]?.scrollIntoView({ block: "nearest" });
  }

  /** @param {KeyboardEvent} event */
  typed(event) {
    const moves = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (moves && this.found.length) {
      event.preventDefault();
      this.at = (this.at + moves + this.found.length) % this.found.length;
      this.drawFound();
    } else if (event.key === "Enter" && this.parts.search.value.trim()) {
      event.preventDefault(); // it chooses; sending is another press
      this.take(this.found[this.at]);
    } else if (event.key === "Backspace" && !this.parts.search.value && this.picks.length) {
      this.picks = this.picks.slice(0, -1);
      this.draw();
    }
  }

  /** @param {Pick|undefined} one */
  take(one) {
    if (!one) return;
    if (this.picks.length >= MOST) return this.complain(`No more than ${MOST} are called at once.`);
    this.picks = add(this.picks, one);
    this.parts.search.value = "";
    this.show([]);
    this.complain("");
    this.draw();
    this.parts.search.focus();
  }

  /** @param {string} words */
  complain(words) {
    const { trouble } = this.parts;
    trouble.hidden = !words;
    trouble.replaceChildren(...(words ? [icon("alert"), el("span", {}, words)] : []));
  }

  /** @returns {Asked} */
  asked() {
    const { line, link, id, passcode } = this.parts;
    return { line: line.value, picks: this.picks, link: link.value, id: id.value, passcode: passcode.value };
  }

  /** Send it once; a repeat of what got no answer goes under the same key, so that nobody is rung twice. */
  async send() {
    if (this.sending) return;
    const asked = this.asked();
    const lacks = missing(this.kind, asked);
    if (lacks) return this.complain(lacks);
    const wanted = body(this.kind, asked);
    const said = JSON.stringify(wanted);
    if (said !== this.sent.said) this.sent = { said, key: this.ways.key() };
    this.busy(true);
    const answer = await this.ways.post(wanted, this.sent.key);
    this.busy(false);
    if (answer.status !== 0) this.sent = { said: "", key: "" };
    if (!answer.ok) {
      this.complain(answer.text);
      return this.ways.refused(answer);
    }
    this.dialog.close();
    this.reset();
    this.ways.placed(answer.body);
  }

  /** @param {boolean} sending */
  busy(sending) {
    this.sending = sending;
    this.complain("");
    this.draw();
  }
}

/** @param {Pick} one @returns {string} */
function optionId(one) {
  return `new-${one.kind}-${one.id.replace(/[^\w-]/g, "")}`;
}
