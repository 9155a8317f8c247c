/** Adding people to a meeting: somebody of the directory, or a whole group. The list itself stays a field that anybody can type in. */

/** @import {Guest} from "./guests.js" */
import { attr, el, icon, keyed, text } from "../console/dom.js";
import { add, offered, said, written } from "./guests.js";

const PAUSE_MS = 150;
const JSON_ONLY = { headers: { Accept: "application/json" } };

export class Adding {
  /** @param {HTMLElement} root @param {HTMLTextAreaElement} list @param {number} most */
  constructor(root, list, most) {
    const find = (/** @type {string} */ name) => /** @type {any} */ (root.querySelector(`[data-add="${name}"]`));
    this.list = list;
    this.most = most;
    this.search = /** @type {HTMLInputElement} */ (find("search"));
    this.found = /** @type {HTMLElement} */ (find("found"));
    this.status = /** @type {HTMLElement} */ (find("said"));
    this.group = /** @type {HTMLSelectElement} */ (find("group"));
    this.button = /** @type {HTMLButtonElement} */ (find("take"));
    this.groups = /** @type {HTMLElement} */ (find("groups"));
    /** @type {(Guest & {about: string})[]} */
    this.people = [];
    this.at = -1; // who of them is marked
    this.searches = 0;
    /** @type {any} */
    this.timer = null;
    this.search.addEventListener("input", () => this.soon());
    this.search.addEventListener("keydown", (event) => this.typed(event));
    this.search.addEventListener("blur", () => this.show([]));
    this.found.addEventListener("pointerdown", (event) => event.preventDefault()); // the field keeps the focus
    this.found.addEventListener("click", (event) => this.take(this.people[[...this.found.children].indexOf(/** @type {any} */ (event.target).closest("li"))]));
    this.button.addEventListener("click", () => this.takeGroup());
    void this.load();
  }

  soon() {
    this.searches++;
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.ask(), PAUSE_MS);
  }

  /** Ask the directory; only the newest question's answer is shown. */
  async ask() {
    const query = this.search.value.trim();
    const mine = ++this.searches;
    if (!query) return this.show([]);
    const answer = await read(`/api/v1/people/?q=${encodeURIComponent(query)}&limit=8`);
    if (mine !== this.searches || document.activeElement !== this.search) return;
    const people = offered(answer?.results ?? []);
    this.show(people, people.length ? "" : answer ? `Nobody matches “${query}”. An address outside can be typed into the list.` : "The directory does not answer. Addresses can be typed into the list.");
  }

  /** @param {(Guest & {about: string})[]} people @param {string} [nobody] what to say when that is nobody */
  show(people, nobody) {
    this.people = people;
    this.at = people.length ? 0 : -1;
    if (nobody !== undefined) text(this.status, nobody);
    this.draw();
  }

  draw() {
    const { found, search } = this;
    found.hidden = !this.people.length;
    attr(search, "aria-expanded", String(this.people.length > 0));
    const named = new Set(written(this.list.value).map((line) => line.toLowerCase()));
    keyed(found, this.people, (one) => one.address, (one) => option(one), (node, one) => {
      attr(node, "aria-selected", String(one === this.people[this.at]));
      node.querySelector("[data-named]").hidden = !named.has(one.address.toLowerCase());
    });
    [...found.children].forEach((node, index) => (node.id = `add-option-${index}`));
    attr(search, "aria-activedescendant", this.at >= 0 ? `add-option-${this.at}` : null);
    found.children[this.at]?.scrollIntoView({ block: "nearest" });
  }

  /** @param {KeyboardEvent} event */
  typed(event) {
    const moves = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (moves && this.people.length) {
      event.preventDefault();
      this.at = (this.at + moves + this.people.length) % this.people.length;
      this.draw();
    } else if (event.key === "Enter") {
      event.preventDefault(); // it chooses; the form is sent by its button
      this.take(this.people[this.at]);
    } else if (event.key === "Escape" && this.people.length) {
      event.preventDefault();
      this.show([]);
    }
  }

  /** @param {(Guest & {about: string})|undefined} one */
  take(one) {
    if (!one) return;
    this.enter([one], { name: one.name });
    this.search.value = "";
    this.searches++;
    this.show([]);
    this.search.focus();
  }

  /** @param {Guest[]} people @param {{name?: string, lacking?: number}} about */
  enter(people, about) {
    const done = add(this.list.value, people, this.most);
    text(this.status, said(done, { ...about, most: this.most }));
    if (!done.added) return;
    this.list.value = done.text;
    this.list.scrollTop = this.list.scrollHeight;
    this.list.dispatchEvent(new Event("input", { bubbles: true }));
  }

  /** Read which groups there are; without an answer there is nothing to choose from. */
  async load() {
    const [told, lines] = await Promise.all([read("/api/v1/people/groups/"), read("/api/v1/lines/?limit=200")]);
    const departments = (told?.departments ?? []).map((/** @type {any} */ one) => [`department=${encodeURIComponent(one.name)}`, `${one.name} (${one.people})`]);
    const staffs = (lines?.results ?? []).map((/** @type {any} */ one) => [`line=${one.id}`, `Staff of ${one.name}`]);
    const parts = /** @type {[string, string[][]][]} */ ([["Departments", departments], ["Lines", staffs]]);
    const filled = parts.filter(([, options]) => options.length);
    this.groups.hidden = !filled.length;
    this.group.append(...filled.map(([label, options]) => el("optgroup", { label }, ...options.map(([value, name]) => el("option", { value }, name)))));
  }

  /** Add everybody of the chosen group. */
  async takeGroup() {
    if (!this.group.value) {
      text(this.status, "Choose a group first.");
      return this.group.focus();
    }
    if (this.button.getAttribute("aria-busy") === "true") return;
    attr(this.button, "aria-busy", "true");
    const told = await read(`/api/v1/meetings/guests/?${this.group.value}`);
    attr(this.button, "aria-busy", null);
    if (!told) return text(this.status, "The group could not be read. Try again.");
    this.enter(told.results, { lacking: told.without_address });
  }
}

/** @param {string} path @returns {Promise<any>} null without an answer */
async function read(path) {
  const response = await fetch(path, JSON_ONLY).catch(() => null);
  return response?.ok ? response.json().catch(() => null) : null;
}

/** @param {Guest & {about: string}} one @returns {HTMLElement} */
function option(one) {
  const named = el("span", { class: "faint sm", "data-named": "", hidden: true }, "named already");
  return el("li", { class: "people__row", role: "option" }, icon("user"), el("span", { class: "name" }, el("b", { dir: "auto" }, one.name), el("span", { class: "cut" }, one.about || one.address)), named);
}
