// The softphone: choose who to be, ring, hang up, and move the switches.

/** @typedef {{at: string, state: string, by: string}} Happening */
/** @typedef {{id: string, state: string, leg: string, group: string | null, from: string, to: string, quiet: boolean, deadline: string | null,
 *   created_at: string, result: {code: number, subcode: number} | null, history: Happening[],
 *   participants: {name: string, state: string}[]}} Call */

import { ask, attempt, button, choiceOfPeople, element } from "./asking.js";

const byId = (id) => document.getElementById(id);
const callers = byId("callers");
let mine = null;

// Who is calling

const options = () => [...callers.querySelectorAll(".caller")].filter((row) => !row.hidden);
const chosen = () => callers.querySelector('[aria-selected="true"]');

function choose(row) {
  for (const other of callers.querySelectorAll(".caller")) {
    other.setAttribute("aria-selected", String(other === row));
    other.tabIndex = other === row ? 0 : -1;
  }
  byId("as").textContent = `as ${row.dataset.name}`;
}

function narrow() {
  const text = byId("find").value.trim().toLowerCase();
  const number = text.replace(/[\s()-]/g, "");
  const typed = byId("typed");
  for (const row of callers.querySelectorAll(".caller")) {
    if (row !== typed) row.hidden = !row.textContent.toLowerCase().includes(text);
  }
  typed.hidden = !/^\+[1-9]\d{5,14}$/.test(number);
  if (!typed.hidden) {
    typed.dataset.phone = typed.dataset.name = number;
    typed.querySelector("[data-number]").textContent = number;
    choose(typed);
  }
}

callers.addEventListener("click", (event) => {
  const row = event.target.closest(".caller");
  if (row) choose(row);
});
callers.addEventListener("keydown", (event) => {
  const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  if (!step) return;
  event.preventDefault();
  const rows = options();
  const next = rows[Math.min(rows.length - 1, Math.max(0, rows.indexOf(chosen()) + step))];
  if (next) {
    choose(next);
    next.focus();
  }
});
byId("find").addEventListener("input", narrow);

// Ringing

byId("ring").addEventListener("submit", (event) => {
  event.preventDefault();
  const row = chosen();
  const from = row.dataset.user ? { user: row.dataset.user } : { phone: row.dataset.phone };
  attempt(async () => {
    mine = (await ask("/api/calls", "POST", { from, to: byId("line").value })).id;
    await refresh();
  });
});
byId("load").addEventListener("submit", (event) => {
  event.preventDefault();
  const body = { rate: Number(byId("rate").value), count: Number(byId("count").value), to: byId("line").value };
  attempt(() => ask("/api/load", "POST", body));
});

const hangUp = (id) => attempt(async () => {
  await ask(`/api/calls/${id}/hang-up`, "POST", {});
  await refresh();
});
byId("mine-hang-up").addEventListener("click", () => mine && hangUp(mine));

// What is going on

const LOOKS = { incoming: "ringing", establishing: "moving", established: "active", transferring: "moving",
  transferAccepted: "moving", terminating: "waiting", ringing: "ringing", talking: "active" };
const WORDS = { incoming: "Ringing", establishing: "Connecting", established: "With the front desk", transferring: "Being transferred",
  transferAccepted: "Transfer accepted", terminating: "Hanging up", terminated: "Over", redirecting: "Redirected", ended: "Hung up" };

/** The word for where the caller is now. */
function word(call) {
  const others = call.participants.slice(1).filter((leg) => leg.state !== "left").map((leg) => leg.name).join(", ");
  if (call.group && !call.quiet) return `Among ${call.participants.length}`;
  if (call.leg === "ringing") return `Ringing ${others}`;
  if (call.leg === "talking") return `Talking to ${others}`;
  return call.result ? `${WORDS[call.state]}, ${call.result.code}/${call.result.subcode}` : (WORDS[call.state] ?? call.state);
}
const look = (call) => (call.quiet ? "waiting" : LOOKS[call.leg || call.state] ?? "waiting");
const clock = (iso) => new Date(iso).toLocaleTimeString([], { hour12: false });

function happening(entry) {
  const row = element("li");
  const time = element("time", "", clock(entry.at));
  const said = element("div", "", WORDS[entry.state] ?? entry.state[0].toUpperCase() + entry.state.slice(1));
  said.append(element("small", "", `by ${entry.by}`));
  row.append(time, said);
  row.dataset.state = LOOKS[entry.state] ?? "waiting";
  return row;
}

function showMine(call) {
  byId("mine").hidden = false;
  byId("mine").dataset.state = look(call);
  byId("mine-state").textContent = word(call);
  byId("mine-from").textContent = call.from;
  byId("mine-to").textContent = `to ${call.to}`;
  const left = call.deadline ? Math.max(0, Math.ceil((Date.parse(call.deadline) - Date.now()) / 1000)) : null;
  byId("mine-clock").textContent = left === null ? "" : `${left} s left to decide`;
  byId("mine-history").replaceChildren(...call.history.map(happening));
  byId("mine-hang-up").disabled = call.quiet;
}

/** One row per call, kept while it lasts, so that focus and hover stay where they are. */
function rowOf(call, kept) {
  const row = kept.get(call.id) ?? newRow(call.id);
  row.querySelector("b").textContent = `${call.from} → ${call.to}`;
  const chip = row.querySelector(".chip");
  chip.textContent = word(call);
  chip.dataset.state = look(call);
  row.querySelector("small").textContent = call.history.map((entry) => `${entry.state} (${entry.by})`).join(" · ");
  row.querySelector("button").hidden = call.quiet;
  row.querySelector("select").hidden = call.state !== "established" || call.group !== null;
  return row;
}

function newRow(id) {
  const row = element("li");
  row.dataset.id = id;
  const add = choiceOfPeople("Add somebody", (user) => attempt(() => ask(`/api/calls/${id}/escalate`, "POST", { user })));
  const acts = element("div", "calls__acts");
  acts.append(add, button("Hang up", "Hang up", () => hangUp(id), "btn--danger"));
  row.append(element("b", "cut"), element("span", "chip"), element("small"), acts);
  return row;
}

async function refresh() {
  /** @type {{results: Call[]}} */
  const { results } = await ask("/api/calls?limit=40");
  const list = byId("calls");
  const kept = new Map([...list.children].map((row) => [row.dataset.id, row]));
  const rows = results.map((call) => rowOf(call, kept));
  if (rows.length !== list.children.length || rows.some((row, index) => list.children[index] !== row)) list.replaceChildren(...rows);
  const busy = results.filter((call) => !call.quiet).length;
  byId("summary").textContent = busy ? `${busy} going on` : "";
  const own = results.find((call) => call.id === mine);
  if (own) showMine(own);
}

async function watch() {
  if (!document.hidden) await refresh().catch(() => undefined);
  setTimeout(watch, 700);
}

// Switches

const faults = byId("faults");

function showFaults(values) {
  for (const input of faults.elements) {
    if (input.type === "checkbox") input.checked = values[input.name];
    else if (input !== document.activeElement && input.name in values) input.value = Number(values[input.name]);
    if (input.type === "range") input.nextElementSibling.textContent = `${Math.round(input.value * 100)} %`;
  }
}

faults.addEventListener("input", ({ target }) => {
  if (target.type === "range") target.nextElementSibling.textContent = `${Math.round(target.value * 100)} %`;
});
faults.addEventListener("change", ({ target }) => {
  const value = target.type === "checkbox" ? target.checked : Number(target.value);
  attempt(async () => showFaults(await ask("/api/faults", "PUT", { [target.name]: value })));
});
faults.addEventListener("submit", (event) => event.preventDefault());
byId("calm").addEventListener("click", () => {
  const none = {};
  for (const input of faults.elements) if (input.name) none[input.name] = input.type === "checkbox" ? input.defaultChecked : Number(input.defaultValue);
  attempt(async () => showFaults(await ask("/api/faults", "PUT", none)));
});
for (const label of document.querySelectorAll("[data-words]")) {
  label.textContent = label.textContent.replaceAll("_", " ").replace(/^./, (letter) => letter.toUpperCase());
}

byId("habits").addEventListener("change", ({ target }) => {
  attempt(() => ask(`/api/people/${target.dataset.user}`, "PUT", { behaviour: target.value }));
});
byId("scenario").addEventListener("change", ({ target }) => {
  attempt(async () => {
    await ask("/api/scenario", "PUT", { name: target.value });
    showFaults(await ask("/api/faults"));
  });
});
byId("theme").addEventListener("click", () => {
  const dark = matchMedia("(prefers-color-scheme: dark)").matches;
  const now = document.documentElement.dataset.theme ?? (dark ? "dark" : "light");
  const next = now === "dark" ? "light" : "dark";
  document.documentElement.dataset.theme = next;
  localStorage.setItem("theme", next);
});

choose(chosen());
attempt(async () => showFaults(await ask("/api/faults")));
watch();
