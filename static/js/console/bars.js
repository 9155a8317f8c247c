/**
 * What frames the panes: connection, sum, sound, the last events, what a screen reader is told.
 *
 * @import {Phase} from "./socket.js"
 * @typedef {"fine"|"amber"|"red"|"stale"|"signed-out"|"withdrawn"} Level
 */
import { hour } from "./clock.js";
import { attr, el, setIcon, text } from "./dom.js";

export const AMBER_MS = 2000;
export const RED_MS = 10_000;
const SPEAK_MS = 3000;
const EVENTS = 6;

/**
 * Say how bad a connection is.
 * @param {Phase} phase
 * @param {number} lostMs how long nothing came
 * @returns {Level}
 */
export function severity(phase, lostMs) {
  if (phase === "stale" || phase === "signed-out" || phase === "withdrawn") return phase;
  if (phase === "live" || (phase !== "silent" && lostMs < AMBER_MS)) return "fine";
  return lostMs < RED_MS ? "amber" : "red";
}

export class Connection {
  /** @param {Document} page @param {() => void} retry */
  constructor(page, retry) {
    this.banner = /** @type {HTMLElement} */ (page.querySelector("[data-part=connection]"));
    this.head = /** @type {HTMLElement} */ (this.banner.querySelector("b"));
    this.body = /** @type {HTMLElement} */ (this.banner.querySelector("[data-body]"));
    this.again = /** @type {HTMLElement} */ (this.banner.querySelector("button"));
    this.signIn = /** @type {HTMLElement} */ (this.banner.querySelector("a"));
    this.pill = /** @type {HTMLElement} */ (page.querySelector("[data-part=live]"));
    this.stale = /** @type {HTMLElement} */ (page.querySelector("[data-part=stale]"));
    this.shown = "";
    this.network = true;
    this.again.addEventListener("click", retry);
  }

  /** @param {Level} level @param {number} seconds @param {number} heard local milliseconds of the last message @param {boolean} ready there is something that may be old @param {boolean} network as the browser knows */
  show(level, seconds, heard, ready, network) {
    this.draw(level, heard, network);
    this.stale.hidden = !ready || !["red", "stale", "signed-out"].includes(level);
    text(/** @type {Node} */ (this.pill.querySelector("span")), pill(level, seconds));
    if (level === "red") text(this.head, `No connection for ${seconds} s`);
  }

  /** @param {string} level @param {number} heard @param {boolean} network */
  draw(level, heard, network) {
    if (level === this.shown && network === this.network) return;
    this.shown = level;
    this.network = network;
    const said = words(level, network);
    this.banner.hidden = !said;
    attr(this.pill, "data-state", level === "fine" ? "active" : level === "amber" ? "ringing" : "failed");
    if (!said) return;
    attr(this.banner, "data-state", level === "amber" ? "ringing" : "failed");
    text(this.head, said[0]);
    text(this.body, heard && level === "amber" ? `${said[1]} Last update ${hour(heard, true)}.` : said[1]);
    this.signIn.hidden = level !== "signed-out";
    this.again.hidden = level === "withdrawn" || level === "stale";
  }
}

/** @type {Record<string, [string, string]>} */
const WORDS = {
  "amber offline": ["No network", "Calls continue in Teams. Buttons work again once this device is online."],
  "red offline": ["No connection", "This device is offline. What you see may be old."],
  amber: ["Reconnecting", "Calls continue in Teams. Buttons still work."],
  red: ["No connection", "Buttons still work. What you see may be old."],
  stale: ["Database away", "Calls continue in Teams. Until it is back nothing new shows here, and buttons may not work."],
  "signed-out": ["Your session ended", "Calls go on in Teams. Sign in in a new tab and come back to this one."],
  withdrawn: ["Access withdrawn", "You may no longer see calls. An administrator can change your role."],
};

/** @param {Level} level @param {number} seconds since nothing came @returns {string} the connection in a word */
export function pill(level, seconds) {
  if (level === "fine") return "Live";
  if (level === "stale") return `Stale ${seconds} s`;
  return level === "amber" || level === "red" ? `Offline ${seconds} s` : "Offline";
}

/** @param {string} level @param {boolean} network @returns {[string, string]|undefined} what happened, and what that means for who sits here */
export function words(level, network) {
  return (network ? undefined : WORDS[`${level} offline`]) ?? WORDS[level];
}

/** Tell a screen reader the sum, at most every three seconds, and alarms at once. */
export class Voice {
  /** @param {Document} page @param {() => number} [now] */
  constructor(page, now = Date.now) {
    this.status = /** @type {HTMLElement} */ (page.querySelector("[data-part=status]"));
    this.alert = /** @type {HTMLElement} */ (page.querySelector("[data-part=alert]"));
    this.now = now;
    this.spoke = 0;
    this.counts = "";
  }

  /** @param {string} counts what makes a new sentence worth saying @param {string} sentence */
  sum(counts, sentence) {
    if (counts === this.counts || this.now() - this.spoke < SPEAK_MS) return;
    this.counts = counts;
    this.spoke = this.now();
    text(this.status, sentence);
  }

  /** @param {string} sentence */
  alarm(sentence) {
    text(this.alert, "");
    text(this.alert, sentence);
  }
}

/** @param {HTMLElement} pill @param {import("./sound.js").SoundState} state */
export function showSound(pill, state) {
  const words = { ready: "Sound ready", elsewhere: "Rings in another tab", blocked: "Sound blocked" };
  attr(pill, "data-state", state === "blocked" ? "ringing" : "active");
  setIcon(/** @type {any} */ (pill.querySelector("svg")), state === "blocked" ? "sound-off" : "sound");
  text(/** @type {Node} */ (pill.querySelector("span")), words[state]);
  attr(pill, "title", state === "blocked" ? "The browser needs one click before it may ring" : "Play the ring once");
}

/** The line at the foot: what happened last, newest first. */
export class Log {
  /** @param {HTMLElement} root */
  constructor(root) {
    this.root = root;
  }

  /** @param {number} at @param {string} words */
  add(at, words) {
    if (!words) return;
    this.root.querySelector("[data-none]")?.remove();
    this.root.prepend(el("span", {}, el("b", {}, hour(at, true)), ` ${words}`));
    while (this.root.children.length > EVENTS) this.root.lastElementChild?.remove();
  }

  clear() {
    this.root.replaceChildren();
  }
}
