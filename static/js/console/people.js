/**
 * The pane at the right: search the directory, choose who gets the call.
 *
 * @import {Target} from "./types.js"
 * @typedef {{id: string, name: string, department: string, job_title: string, upn: string, phones: string[], skills: string[], kind: "user"|"phone", section?: string}} Entry
 * @typedef {{fetch: typeof fetch, token: () => string, send: (target: Target) => void, invite: (target: Target) => void, changed: () => void, refused: (status: number) => void, now: () => number}} Ways
 */
import { problem } from "./actions.js";
import { attr, button, disable, el, icon, keyed, text } from "./dom.js";
import { Groups } from "./groups.js";
import { asOf, Presences } from "./presence.js";
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
    this.unknown = /** @type {HTMLElement} */ (root.querySelector("[data-unknown]"));
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
    /** @type {Set<string>} */
    this.favourites = new Set();
    this.groups = new Groups(/** @type {HTMLElement} */ (root.querySelector("[data-groups]")), ways.fetch, () => this.search());
    this.presences = new Presences({ fetch: ways.fetch, shown: () => this.inView(), now: ways.now, changed: () => this.drawPresence(), refused: ways.refused });
    this.presences.start();
    this.list.addEventListener("scroll", () => this.presences.hurry(), { passive: true });
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
    const narrowed = this.groups.narrowed();
    const [answer, hand] = await Promise.all([this.ask(`?q=${encodeURIComponent(query)}${narrowed}`), this.ask("at-hand/")]);
    clearTimeout(skeleton);
    if (mine !== this.searches) return;
    attr(this.list, "aria-busy", null);
    this.busy(false);
    if (hand) this.favourites = new Set(hand.favourites.map((/** @type {any} */ one) => one.id));
    if (!answer) return this.show(query, [], false, "The directory does not answer.");
    this.show(query, sections(answer.results.map(entry), query || narrowed ? null : hand), Boolean(answer.next));
    this.groups.load();
  }

  /** @param {string} what @returns {Promise<any>} null: there is no answer */
  async ask(what) {
    const response = await this.ways.fetch(`/api/v1/people/${what}`, { headers: { Accept: "application/json" } }).catch(() => null);
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
    if (!trouble) this.presences.resume();
  }

  /** @returns {string[]} the people whom somebody can see now, the chosen one first */
  inView() {
    const { top, bottom, height } = this.list.getBoundingClientRect();
    if (!height) return []; // another pane is shown
    const isSeen = (/** @type {Element} */ row) => row.getBoundingClientRect().bottom > top && row.getBoundingClientRect().top < bottom;
    const people = new Set(this.found.filter((one) => one.kind === "user").map((one) => one.id));
    const rows = /** @type {HTMLElement[]} */ ([...this.list.children]).filter(isSeen).map((row) => row.dataset.key ?? "");
    return [...new Set([this.chosen?.kind === "user" ? this.chosen.id : "", ...rows.filter((id) => people.has(id))])].filter(Boolean);
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
    this.presences.forget();
    this.said.hidden = true;
    this.choose(null);
  }

  draw() {
    keyed(this.list, this.found.flatMap(headed), (one) => one.id, createRow, (row, one) => {
      if (one.kind === "head") return;
      attr(row, "data-favourite", this.favourites.has(one.id));
      attr(row, "aria-selected", String(one.id === this.chosen?.id));
      row.tabIndex = one.id === (this.chosen?.id ?? this.found[0]?.id) ? 0 : -1;
      this.drawFreedom(row, one);
    });
    attr(this.input, "aria-activedescendant", this.chosen && this.found.includes(this.chosen) ? rowId(this.chosen) : null);
  }

  /** Show who is free in the rows and the panel that are there; nothing else moves. */
  drawPresence() {
    const rows = new Map(/** @type {HTMLElement[]} */ ([...this.list.children]).map((row) => [row.dataset.key, row]));
    for (const one of this.found) this.drawFreedom(rows.get(one.id), one);
    this.drawStatus();
    text(this.unknown, this.presences.trouble);
    this.unknown.hidden = !this.presences.trouble;
  }

  /** @param {HTMLElement|undefined} row @param {Entry} one */
  drawFreedom(row, one) {
    if (!row || one.kind !== "user") return;
    const { is, word } = this.presences.look(one.id);
    attr(/** @type {Element} */ (row.querySelector(".presence")), "data-is", is || null);
    text(/** @type {Element} */ (row.querySelector(".free")), word);
  }

  /** How the chosen one shows: in words, as of when, and what their automatic reply says. */
  drawStatus() {
    const place = this.panel.querySelector(".person__presence");
    const one = this.chosen;
    if (!place || !one) return;
    const { is, word } = this.presences.look(one.id);
    const told = this.presences.of(one.id);
    const age = asOf(told, this.ways.now());
    const isOut = Boolean(age && told?.is_out_of_office);
    attr(place, "hidden", is ? null : true);
    attr(/** @type {Element} */ (place.querySelector(".presence")), "data-is", is || null);
    text(/** @type {Element} */ (place.querySelector("b")), word);
    text(/** @type {Element} */ (place.querySelector("[data-age]")), age);
    attr(/** @type {Element} */ (place.querySelector("[data-out]")), "hidden", isOut && is !== "ooo" ? null : true);
    const message = /** @type {HTMLElement} */ (this.panel.querySelector(".person__away"));
    message.hidden = !isOut || !told?.message;
    text(message, isOut ? told?.message ?? "" : "");
    attr(message, "title", isOut ? told?.message ?? null : null);
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
    this.presences.hurry();
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
    const row = document.getElementById(rowId(/** @type {Entry} */ (this.chosen)));
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
    this.drawStatus();
    this.enable();
    if (held) /** @type {HTMLElement} */ (this.panel.querySelector("button") ?? this.input).focus();
  }

  /** @param {Entry} one @returns {Node[]} */
  panelOf(one) {
    const { verb, what, why } = this.offered;
    const head = el("div", { class: "row" }, mark(one), el("b", { class: "cut", dir: "auto" }, one.name), el("span", { class: "faint sm cut grow" }, [one.job_title, one.department].filter(Boolean).join(", ")));
    const skills = one.skills.length ? el("p", { class: "person__skills", "aria-label": "Skills" }, ...one.skills.map((skill) => el("span", { class: "tag", dir: "auto" }, skill))) : null;
    const hint = el("p", { class: "sm faint cut" }, verb === "Invite" ? `They are rung into the call: ${what}.` : verb ? `${what} is sent there and hears ringing.` : why || "Choose a ringing or answered call to send it there.");
    return [head, ...(one.kind === "user" ? statusOf() : []), ...(skills ? [skills] : []), el("div", { class: "row row--wrap person__acts" }, ...this.targets(one, verb), one.kind === "user" && this.star(one)), hint];
  }

  /** @param {Entry} one @returns {HTMLElement} what makes somebody a favourite, or no longer */
  star(one) {
    const name = `${one.name} is a favourite`;
    const node = el("button", { type: "button", class: "btn btn--icon btn--ghost btn--sm star end", "aria-label": name, "aria-pressed": String(this.favourites.has(one.id)), title: "Favourite" }, icon("star"));
    node.addEventListener("click", () => this.toggle(one));
    return node;
  }

  /** Mark at once, and take it back when the portal refuses; nobody moves in the list for it. @param {Entry} one */
  async toggle(one) {
    const wanted = !this.favourites.has(one.id);
    this.mark(one, wanted);
    const options = { method: wanted ? "PUT" : "DELETE", headers: { Accept: "application/json", "X-CSRFToken": this.ways.token() }, credentials: /** @type {const} */ ("same-origin") };
    const response = await this.ways.fetch(`/api/v1/favourites/${encodeURIComponent(one.id)}/`, options).catch(() => null);
    if (response?.ok) return;
    this.mark(one, !wanted);
    if (response) this.ways.refused(response.status);
    const words = response ? problem(response.status, await response.json().catch(() => null)) : "The portal does not answer. Try again.";
    this.said.hidden = false;
    this.said.replaceChildren(el("span", {}, words));
  }

  /** @param {Entry} one @param {boolean} wanted */
  mark(one, wanted) {
    if (wanted) this.favourites.add(one.id);
    else this.favourites.delete(one.id);
    const star = this.chosen?.id === one.id ? this.panel.querySelector(".star") : null;
    if (star) attr(star, "aria-pressed", String(wanted));
    this.draw();
  }

  enable() {
    const { verb, why: waits } = this.offered;
    const why = this.searching ? "Still searching" : verb ? "" : waits || "There is no call to send";
    for (const node of this.panel.querySelectorAll("button:not(.star)")) disable(node, Boolean(why), why);
  }

  /** @param {Entry} one @param {string} verb @returns {Node[]} */
  targets(one, verb) {
    const send = (/** @type {Target} */ target) => () => this.ways.send(target);
    const main = button({ icon: verb === "Invite" ? "invite" : verb === "Transfer" ? "transfer" : "redirect", label: verb || "Redirect", key: "F8", kind: "btn--sm btn--primary", run: send({ kind: one.kind, id: one.id, name: one.name }) });
    const invite = button({ icon: "invite", label: "Invite", key: "⇧F8", kind: "btn--sm", run: () => this.ways.invite({ kind: one.kind, id: one.id, name: one.name }) });
    const several = verb === "Invite"; // nobody is sent away from it, and a voicemail cannot join
    const voicemail = button({ icon: "voicemail", label: "Voicemail", kind: "btn--sm", run: send({ kind: "voicemail", id: one.id, name: `voicemail of ${one.name}` }) });
    const phones = one.kind === "user" ? one.phones.map((phone) => button({ icon: "phone", label: phone, kind: "btn--sm", run: send({ kind: "phone", id: phone, name: phone }) })) : [];
    return [main, ...(verb === "Transfer" ? [invite] : []), ...(one.kind === "user" && !several ? [voicemail] : []), ...phones];
  }
}

/** @param {any} row what the API says of a person @returns {Entry} */
function entry(row) {
  const phones = row.phones ?? [];
  return { id: row.id, name: row.name || row.upn, department: row.department ?? "", job_title: row.job_title ?? "", upn: row.upn ?? "", phones, skills: row.skills ?? [], kind: "user" };
}

/**
 * Put those at hand before everybody; each is there once.
 * @param {Entry[]} found
 * @param {{favourites: any[], recents: any[]}|null} hand
 * @returns {Entry[]}
 */
export function sections(found, hand) {
  if (!hand?.favourites.length && !hand?.recents.length) return found;
  const parts = [["Favourites", hand.favourites.map(entry)], ["Recent", hand.recents.map(entry)], ["Everybody", found]];
  const all = parts.flatMap(([section, people]) => /** @type {Entry[]} */ (people).map((one) => ({ ...one, section: /** @type {string} */ (section) })));
  const seen = new Set();
  return all.filter((one) => !seen.has(one.id) && seen.add(one.id));
}

/** @param {Entry} one @param {number} index @param {Entry[]} found @returns {any[]} with the heading of the section that begins with them */
function headed(one, index, found) {
  return one.section && one.section !== found[index - 1]?.section ? [{ id: `section ${one.section}`, kind: "head", name: one.section }, one] : [one];
}

/** @param {string} query @returns {Entry[]} the number itself, when somebody typed one */
export function typedNumber(query) {
  const digits = query.replace(/[^\d+]/g, "");
  if (!NUMBER.test(query) || !/^\+\d{5,15}$/.test(digits)) return [];
  return [{ id: digits, name: digits, department: "Number as typed", job_title: "", upn: "", phones: [digits], skills: [], kind: "phone" }];
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

/** @returns {Node[]} where the panel tells how somebody shows */
function statusOf() {
  const out = el("span", { class: "chip", "data-state": "parked", "data-out": "", hidden: true }, "Out of office");
  const line = el("p", { class: "person__presence", hidden: true }, el("span", { class: "presence", "aria-hidden": "true" }), el("b"), out, el("span", { class: "end faint sm nowrap", "data-age": "" }));
  return [line, el("p", { class: "person__away sm", dir: "auto", hidden: true })];
}

/** @param {any} one an entry, or the heading of a section @returns {HTMLElement} */
function createRow(one) {
  if (one.kind === "head") return el("li", { class: "people__section", role: "presentation" }, one.name);
  const name = el("span", { class: "name" }, el("b", { dir: "auto" }, one.name), icon("star", "people__star"), el("span", { class: "cut" }, one.department));
  const avatar = mark(one);
  if (one.kind === "user") avatar.append(el("span", { class: "presence" }));
  return el("li", { class: "people__row", role: "option", id: rowId(one) }, avatar, name, el("span", { class: "free" }));
}
