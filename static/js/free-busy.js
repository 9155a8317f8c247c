/**
 * The form of a meeting: who has time, other times that would do, and people added by name or group.
 *
 * Nothing of the form depends on it: whatever goes wrong here is said, and the meeting can be scheduled all the same.
 *
 * @import {FreeBusy, Suggestion} from "./meeting/words.js"
 */
import { csrfToken } from "./console/actions.js";
import { attr, el, icon, text } from "./console/dom.js";
import { Adding } from "./meeting/adding.js";
import { rows, suggestions } from "./meeting/grid.js";
import { asked, counted } from "./meeting/guests.js";
import { clock, day, place, summary, trouble } from "./meeting/words.js";

const PAUSE_MS = 400;
const root = /** @type {HTMLElement} */ (document.querySelector("[data-part=free-busy]"));
const form = /** @type {HTMLFormElement} */ (root.closest("form"));
const part = (/** @type {string} */ name) => /** @type {any} */ (root.querySelector(`[data-part="${name}"]`));
const field = (/** @type {string} */ name) => /** @type {any} */ (form.elements.namedItem(name));
const FIELDS = ["organizer", "day", "begins", "ends", "zone", "attendees"];
const most = Number(root.dataset.most);

let questions = 0;
let shownFor = ""; // the question whose answer is on the page
/** @type {FreeBusy|null} */
let last = null;
/** @type {any} */
let timer = null;
/** @type {AbortController|null} */
let running = null;

/** @returns {{body: object|null, unfinished: number}} what to ask; nothing while the form has no time */
function question() {
  const { addresses, unfinished } = asked(field("attendees").value);
  const [organizer, ...times] = ["organizer", "day", "begins", "ends", "zone"].map((name) => field(name).value);
  if (!organizer || times.some((one) => !one)) return { body: null, unfinished };
  const [date, begins, ends, zone] = times;
  const attendees = addresses.slice(0, most).map((address) => ({ address }));
  return { body: { organizer: Number(organizer), day: date, begins: begins.slice(0, 5), ends: ends.slice(0, 5), zone, attendees }, unfinished };
}

function soon() {
  clearTimeout(timer);
  timer = setTimeout(refresh, PAUSE_MS);
}

/** Ask who has time; only the newest question's answer is shown. */
async function refresh() {
  const { body, unfinished } = question();
  const wanted = JSON.stringify(body);
  if (wanted === shownFor && last) return note(last, unfinished);
  const mine = ++questions;
  shownFor = "";
  running?.abort();
  if (!body) return stand("waiting", "", "Choose an organiser, a date and times to see who is free.");
  running = new AbortController();
  stand("loading", "", "Asking who is free …");
  const told = await ask(wanted, running.signal);
  if (mine !== questions) return;
  if (!told.ok) {
    const { title, detail, isFault } = trouble(told.status, told.body);
    return stand(isFault ? "failed" : "waiting", title, detail);
  }
  [shownFor, last] = [wanted, told.body];
  show(told.body, unfinished);
}

/** @param {string} body @param {AbortSignal} signal @returns {Promise<{ok: boolean, status: number, body: any}>} */
async function ask(body, signal) {
  const token = csrfToken(document.cookie, field("csrfmiddlewaretoken").value);
  const headers = { Accept: "application/json", "Content-Type": "application/json", "X-CSRFToken": token };
  const response = await fetch("/api/v1/meetings/free-busy/", { method: "POST", headers, body, signal, credentials: "same-origin" }).catch(() => null);
  return { ok: response?.ok ?? false, status: response?.status ?? 0, body: await response?.json().catch(() => null) };
}

/** @param {"waiting"|"loading"|"failed"|"shown"} state @param {string} title @param {string} words */
function stand(state, title, words) {
  attr(part("grid"), "aria-busy", state === "loading" ? "true" : null);
  const isFault = state === "failed";
  text(part("status"), state === "loading" || state === "shown" ? words : "");
  if (state === "loading") return; // what was said before stays until there is an answer
  root.dataset.stand = state;
  part("trouble").hidden = !isFault;
  part("none").hidden = state !== "waiting";
  text(part("none"), state === "waiting" ? words : "");
  text(part("title"), isFault ? title : "");
  text(part("detail"), isFault ? words : "");
  if (state !== "shown") text(part("when"), "");
  for (const name of ["grid", "legend", "other", "notes"]) part(name).hidden = state !== "shown";
}

/** @param {FreeBusy} told @param {number} unfinished lines that are no address */
function show(told, unfinished) {
  const hadFocus = part("slots").contains(document.activeElement);
  stand("shown", "", summary(told));
  text(part("when"), `${day(told.meeting.starts_at)}, ${clock(told.meeting.starts_at)} to ${clock(told.meeting.ends_at)}, ${place(told.zone)}`);
  const [head, ...people] = rows(told);
  part("head").replaceChildren(head);
  part("people").replaceChildren(...people);
  part("slots").replaceChildren(...suggestions(told, take));
  part("other").hidden = !told.suggestions.length;
  if (hadFocus) part("about").focus(); // the button that was pressed is no suggestion any more
  note(told, unfinished);
}

/** @param {FreeBusy} told @param {number} unfinished */
function note(told, unfinished) {
  const notes = [
    told.left_off ? `${told.people.length} people are asked about at once: ${counted(told.left_off, "more was", "more were")} not asked about.` : "",
    unfinished ? `${counted(unfinished, "line is", "lines are")} no address yet.` : "",
    field("table")?.files?.length ? "Those in the file are not shown." : "",
  ].filter(Boolean);
  part("notes").hidden = !notes.length;
  part("notes").replaceChildren(...(notes.length ? [icon("info"), el("span", {}, notes.join(" "))] : []));
}

/** Fill in a suggested time. @param {Suggestion} one */
function take(one) {
  field("day").value = one.starts_at.slice(0, 10);
  field("begins").value = clock(one.starts_at);
  field("ends").value = clock(one.ends_at);
  field("ends").dispatchEvent(new Event("change", { bubbles: true }));
  clearTimeout(timer);
  void refresh();
}

for (const name of FIELDS) for (const kind of ["input", "change"]) field(name)?.addEventListener(kind, soon);
field("table")?.addEventListener("change", soon);
part("again").addEventListener("click", () => refresh());
const adding = /** @type {HTMLElement} */ (form.querySelector("[data-part=adding]"));
if (adding) new Adding(adding, field("attendees"), most);
void refresh();
