/**
 * By what the directory is narrowed: a department or a skill.
 *
 * @typedef {{name: string, people: number}} Group
 */
import { el } from "./dom.js";

export class Groups {
  /** @param {HTMLElement} root @param {typeof fetch} ask @param {() => void} changed */
  constructor(root, ask, changed) {
    this.root = root;
    this.ask = ask;
    this.select = /** @type {HTMLSelectElement} */ (root.querySelector("select"));
    this.isLoaded = false;
    this.select.addEventListener("change", changed);
  }

  /** @returns {string} what the question for people is followed by */
  narrowed() {
    return this.select.value;
  }

  /** Read what there is, once; without an answer the next search tries again. */
  async load() {
    if (this.isLoaded) return;
    this.isLoaded = true;
    const response = await this.ask("/api/v1/people/groups/", { headers: { Accept: "application/json" } }).catch(() => null);
    const told = response?.ok ? await response.json().catch(() => null) : null;
    this.isLoaded = Boolean(told);
    if (told) this.show(told);
  }

  /** @param {{departments: Group[], skills: Group[]}} told */
  show({ departments, skills }) {
    const parts = [["Department", "department", departments], ["Skill", "skill", skills]];
    const groups = parts.filter(([, , found]) => found.length).map(([label, name, found]) => el("optgroup", { label }, .../** @type {Group[]} */ (found).map((one) => option(/** @type {string} */ (name), one))));
    this.root.hidden = !groups.length;
    this.select.replaceChildren(el("option", { value: "" }, "Everybody"), ...groups);
  }
}

/** @param {string} name @param {Group} group @returns {HTMLElement} */
function option(name, group) {
  return el("option", { value: `&${name}=${encodeURIComponent(group.name)}` }, `${group.name} (${group.people})`);
}
