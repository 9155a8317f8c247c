/** The form of a meeting: how it repeats, and what it would make. Without this script all fields show and work. */

import { el } from "./console/dom.js";

const find = (/** @type {string} */ name) => document.querySelector(`[data-part="${name}"]`);
const part = /** @type {HTMLElement} */ (find("repeat"));
const form = /** @type {HTMLFormElement} */ (part.closest("form"));
const preview = /** @type {HTMLElement} */ (find("preview"));
const words = /** @type {HTMLElement} */ (find("preview-words"));
const requests = /** @type {HTMLElement|null} */ (find("preview-requests")); // of a new meeting alone
const repeats = /** @type {HTMLSelectElement} */ (form.elements.namedItem("repeats"));
const calendar = /** @type {HTMLInputElement} */ (form.elements.namedItem("on_calendar"));
const ends = ["until", "count"].map((name) => /** @type {HTMLInputElement} */ (form.elements.namedItem(name)));
const PAUSE_MS = 400;

let wanted = calendar.checked; // by whoever fills it in, as long as it is their choice
let asked = 0;
let waiting = 0;

/** Show what belongs to the choice alone. */
function fit() {
  const choice = repeats.value;
  for (const node of /** @type {NodeListOf<HTMLElement>} */ (part.querySelectorAll("[data-repeats]"))) {
    const choices = (node.dataset.repeats ?? "").split(" ").filter(Boolean); // none: whatever is chosen
    node.hidden = !choice || (choices.length > 0 && !choices.includes(choice));
  }
  calendar.checked = choice !== "" || wanted;
  calendar.disabled = choice !== "";
}

/** Ask what the form would make; the newest answer alone is shown. */
async function ask() {
  const number = ++asked;
  if (repeats.value === "kept") return show(null); // a series that the form has no words for
  const told = new URLSearchParams();
  for (const [name, value] of new FormData(form)) if (typeof value === "string") told.append(name, value);
  const response = await fetch(preview.dataset.preview ?? "", { method: "POST", body: told, headers: { Accept: "application/json" } }).catch(() => null);
  const found = response?.ok ? await response.json() : null;
  if (number === asked) show(found);
}

/** @param {{problem?: string, words?: string, requests?: {title: string, request: string, body: string}[]}|null} found */
function show(found) {
  preview.hidden = !found || !(found.problem || found.requests);
  words.textContent = found?.problem ?? (found?.words || "One meeting.");
  preview.dataset.state = found?.problem ? "waiting" : "";
  const shown = (found?.requests ?? []).map((one) => el("div", {}, el("p", {}, el("b", {}, one.title)), el("pre", { class: "request", tabindex: "0" }, `${one.request}\n${one.body}`)));
  requests?.replaceChildren(...shown);
  requests?.parentElement?.toggleAttribute("hidden", shown.length === 0);
}

function soon() {
  clearTimeout(waiting);
  waiting = setTimeout(ask, PAUSE_MS);
}

/** A series ends on a day or after so many dates: what is filled in last counts. @param {EventTarget|null} filled */
function end(filled) {
  const [until, count] = ends;
  if (filled === until && until.value) count.value = "";
  if (filled === count && count.value) until.value = "";
}

/** @param {Event} event */
function changed(event) {
  if (event.target === calendar) wanted = calendar.checked;
  end(event.target);
  fit();
  soon();
}

for (const kind of ["input", "change"]) form.addEventListener(kind, changed); // a template tells of changes alone
fit();
if (/** @type {HTMLInputElement} */ (form.elements.namedItem("subject")).value) ask();
