/** Starts the console of this page and binds what comes from outside: keys, network, visibility, the first click. */

import { Console } from "./console.js";
import { command, where } from "./keys.js";

const root = /** @type {HTMLElement} */ (document.querySelector(".console"));
const me = { username: root.dataset.user ?? "", name: root.dataset.name ?? "", rights: new Set((root.dataset.rights ?? "").split(" ")) };
const desk = new Console(root, me);

/** @type {Record<string, (key: any) => void>} */
const DOES = {
  take: () => desk.take(),
  end: () => desk.end(),
  send: () => desk.send(),
  invite: () => desk.invite(),
  claim: () => desk.claim(),
  back: () => desk.back(),
  help: () => desk.frame.openHelp(),
  search: () => focusPeople(),
  hold: () => desk.hold(),
  consult: () => desk.consult(),
  park: () => desk.park(),
  slot: (key) => desk.slot(Number(key)),
  new: () => desk.begin(),
  people: () => focusPeople(),
  queue: () => (desk.frame.pane("queue"), desk.queue.focus()),
  call: () => (desk.frame.pane("call"), focusCall()),
};

function focusPeople() {
  desk.frame.closeHelp();
  desk.frame.pane("people");
  desk.people.focus();
}

function focusCall() {
  const card = desk.stage.root.querySelector("[data-chosen]") ?? desk.stage.root.firstElementChild;
  const first = card?.querySelector("button:not([aria-disabled=true])") ?? card;
  /** @type {HTMLElement|null} */ (first)?.focus();
}

window.addEventListener("keydown", (event) => {
  const wanted = command(event, { ...where(document.activeElement), slots: desk.awaitsSlot() });
  if (!wanted || (wanted === "back" && document.querySelector("dialog[open]"))) return;
  event.preventDefault();
  const moves = ["ArrowUp", "ArrowDown", "Home", "End"].includes(wanted);
  if (event.repeat && !moves) return; // a key held down is one decision
  if (moves) desk.queue.move(/** @type {any} */ (wanted));
  else DOES[wanted](event.key);
});

window.addEventListener("offline", () => desk.feed.offline());
window.addEventListener("online", () => desk.feed.online());
document.addEventListener("visibilitychange", () => {
  desk.rings();
  if (!document.hidden) desk.feed.hurry();
  desk.redraw();
});
for (const opener of document.querySelectorAll("[data-opens=help]")) opener.addEventListener("click", () => desk.frame.openHelp());
for (const opener of document.querySelectorAll("[data-opens=newcall]")) opener.addEventListener("click", () => desk.begin());
for (const opener of document.querySelectorAll("[data-opens=search]")) opener.addEventListener("click", focusPeople);
document.querySelector("[data-closes=help]")?.addEventListener("click", () => desk.frame.closeHelp());

desk.start();
