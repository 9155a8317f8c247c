/**
 * The pane in the centre: what is known of a call, what it waits for, and the buttons that decide.
 *
 * @import {Card, Me, Note, Operation} from "./types.js"
 * @typedef {{
 *   me: Me, notes: Map<string, Note>, chosen: string, targets: Map<string, string>, confirming: string, reasons: string, keys?: string, more?: string, now: number,
 *   alternatives?: import("./recall.js").Alternatives
 * }} View
 * @typedef {Record<"take"|"redirect"|"answer"|"reject"|"claim"|"release"|"transfer"|"invite"|"hold"|"resume"|"consult"|"park"|"unpark"|"sendTo"|"member"|"ring-again"|"hangUp"|"open"|"askReason"|"askKeys"|"tones"|"askMore"|"media"|"muteAll"|"askEnd"|"keep"|"dismiss", (card: Card, detail?: any) => void>} Ways
 */
import { hour, left, since, span } from "./clock.js";
import { attr, button, circles, disable, el, icon, keyed, setIcon, text } from "./dom.js";
import { isGroup, toRing } from "./callees.js";
import { draw, mediaTrouble, musicFor, rows, trouble as memberTrouble } from "./party.js";
import { draw as drawAlternatives } from "./recall.js";
import { absence, caller, failed, guests, hasGuests, initials, isIn, isInDoubt, isOver, isParked, isPending, isSettling, isTheirs, leading, line, look, nextStep, outcome, sentence } from "./words.js";

/** @type {Record<string, string>} */
const ASKS = { reasons: "Reason", keys: "Keys", more: "More" };

export class Stage {
  /**
   * @param {HTMLElement} root
   * @param {Ways} ways
   */
  constructor(root, ways) {
    this.root = root;
    this.ways = ways;
  }

  /** @param {Card[]} cards @param {View} view */
  render(cards, view) {
    const held = this.root.contains(document.activeElement);
    keyed(this.root, cards, (card) => card.id, (card) => createCard(card), (node, card) => this.update(node, card, view));
    // A button that went took the focus along; its card, or the next one, gets it.
    const next = /** @type {HTMLElement|null} */ (this.root.querySelector("[data-chosen]") ?? this.root.firstElementChild);
    if (held && !this.root.contains(document.activeElement)) next?.focus();
    this.tick(view.now);
  }

  /** Scroll to a call, if it is out of sight. @param {string} id */
  reveal(id) {
    const node = [.../** @type {any} */ (this.root.children)].find((one) => one.card?.id === id);
    node?.scrollIntoView({ block: "nearest" });
  }

  /** @param {any} node @param {Card} card @param {View} view */
  update(node, card, view) {
    const me = view.me.username;
    const note = view.notes.get(card.id);
    const seen = look(card, me, note, view.targets.get(card.id));
    node.seen = seen;
    node.card = card;
    attr(node, "data-state", seen.tone);
    attr(node, "data-chosen", card.id === view.chosen);
    attr(node, "aria-label", `${seen.word}: ${caller(card)}`);
    head(node.parts, card, seen, me);
    trouble(node.parts, card, note, () => this.ways.dismiss(card));
    const found = view.alternatives?.of(card) ?? [];
    drawAlternatives(node.parts.others, card, found, { me, may: view.me.rights.has("decide"), now: view.now, run: (target) => this.ways.sendTo(node.card, target) });
    draw(node.parts.roster, rows(card, view.me), (act, id) => this.ways.member(node.card, { act, id }));
    facts(node.parts.facts, card, me);
    this.acts(node, card, view);
    this.asks(node.parts, card, view);
  }

  /** @param {any} node @param {Card} card @param {View} view */
  acts(node, card, view) {
    const specs = buttons(card, view);
    keyed(node.parts.acts, specs, (spec) => spec.name, (spec) => createButton(spec, () => this.press(node, spec.name)), (one, spec) => updateButton(one, spec));
    attr(node.parts.acts, "hidden", !specs.length);
  }

  /** @param {any} node @param {string} name */
  press(node, name) {
    const way = /** @type {keyof Ways} */ (name);
    this.ways[way](node.card);
  }

  /** Draw what a button asks back: a reason, or whether it is meant. @param {any} parts @param {Card} card @param {View} view */
  asks(parts, card, view) {
    const what = view.reasons === card.id ? "reasons" : view.keys === card.id ? "keys" : view.more === card.id ? "more" : view.confirming === card.id ? "confirm" : "";
    if (parts.ask.dataset.what === what) return;
    parts.ask.dataset.what = what;
    parts.ask.hidden = !what;
    attr(parts.ask, "aria-label", ASKS[what] ?? "Confirm");
    parts.ask.replaceChildren(...(what === "reasons" ? this.reasonRow(card) : what === "keys" ? this.keysRow(card) : what === "more" ? this.moreRow(card) : what === "confirm" ? this.confirmRow(card) : []));
    if (what === "keys" || what === "more") /** @type {HTMLElement|null} */ (parts.ask.querySelector("input, button"))?.focus();
  }

  /** @param {Card} card @returns {Node[]} */
  reasonRow(card) {
    const choices = [["none", "No reason"], ["busy", "Busy"], ["forbidden", "Not allowed"]];
    return [el("span", { class: "dim" }, "The caller hears:"), ...choices.map(([reason, label]) =>
      el("button", { type: "button", class: "btn btn--sm btn--danger", onclick: () => this.ways.reject(card, reason) }, label)), this.keepButton(card)];
  }

  /** @param {Card} card @returns {Node[]} */
  keysRow(card) {
    const input = /** @type {HTMLInputElement} */ (el("input", { class: "input", inputmode: "tel", maxlength: "64", autocomplete: "off", "aria-label": "Keys to press for the other side", placeholder: "0-9 * #" }));
    const press = () => input.value.trim() && this.ways.tones(card, input.value.replace(/[\s-]/g, ""));
    input.addEventListener("keydown", (event) => event.key === "Enter" && press());
    return [input, el("button", { type: "button", class: "btn btn--sm", onclick: press }, "Press"), this.keepButton(card)];
  }

  /** @param {Card} card @returns {Node[]} */
  moreRow(card) {
    return [...mediaOf(card).map(([what, label]) => el("button", { type: "button", class: "btn btn--sm", onclick: () => this.ways.media(card, what) }, label)), this.keepButton(card)];
  }

  /** @param {Card} card @returns {Node[]} */
  confirmRow(card) {
    const end = el("button", { type: "button", class: "btn btn--sm btn--solid-danger", onclick: () => this.ways.hangUp(card) }, "Hang up ", el("kbd", { class: "kbd", "aria-hidden": "true" }, "F4"));
    const then = isGroup(card) && !hasGuests(card) ? "The bot leaves." : hasGuests(card) && !leading(card) ? "The bot leaves; the others go on." : "The caller is cut off.";
    return [el("span", { class: "dim" }, then), end, this.keepButton(card)];
  }

  /** @param {Card} card @returns {Node} */
  keepButton(card) {
    return el("button", { type: "button", class: "btn btn--sm btn--ghost", onclick: () => this.ways.keep(card) }, "Keep ", el("kbd", { class: "kbd", "aria-hidden": "true" }, "Esc"));
  }

  /** Write the times anew. @param {number} now */
  tick(now) {
    for (const node of /** @type {any} */ (this.root.children)) if (node.card) clock(node.parts, node.card, now);
  }
}

/** @param {Card} card @returns {HTMLElement} */
function createCard(card) {
  const parts = {
    icon: icon("bell"), word: el("span", { class: "cut" }), side: el("span", { class: "end cut" }), seconds: el("b"), avatar: el("span", { class: "avatar avatar--lg", "aria-hidden": "true" }),
    name: el("span", { class: "cut", dir: "auto" }), phone: el("span", { class: "nowrap", dir: "auto" }), line: el("span"),
    clock: el("span", { class: "callcard__clock", "aria-hidden": "true" }), trouble: el("div", { class: "callcard__trouble", hidden: true }),
    others: el("div", { class: "callcard__others", hidden: true }, el("span", { class: "faint sm" }, "Transfer instead to"), el("ul", { "aria-label": "Others who might take it" })),
    acts: el("div", { class: "callcard__acts" }), ask: el("div", { class: "callcard__ask", role: "group", "aria-label": "Confirm", hidden: true }), facts: el("dl", { class: "context" }), roster: el("ul", { class: "roster", "aria-label": "In this call", hidden: true }),
    /** @type {any} */ ring: null,
  };
  parts.ring = el("span", { class: "ring", "aria-hidden": "true" }, circles(), parts.seconds);
  const who = el("div", { class: "grow" }, el("h3", {}, parts.name), el("p", {}, parts.phone, parts.line));
  const node = el("article", { class: "callcard", tabindex: "-1" }, el("div", { class: "callcard__strip" }, parts.icon, parts.word, parts.side),
    el("div", { class: "callcard__who" }, parts.ring, parts.avatar, who, parts.clock), parts.trouble, parts.others, parts.roster, parts.acts, parts.ask, parts.facts);
  node.parts = parts;
  node.card = card;
  return node;
}

/** @param {any} parts @param {Card} card @param {any} seen @param {string} me */
function head(parts, card, seen, me) {
  const rings = card.lane === "ringing" && Boolean(card.deadline);
  setIcon(parts.icon, seen.icon);
  text(parts.word, strip(card, seen, me));
  text(parts.side, seen.tone === "pending" ? "Done when Graph says so" : side(card));
  parts.ring.hidden = !rings;
  parts.avatar.hidden = rings;
  text(parts.avatar, isGroup(card) ? "" : initials(caller(card)));
  if (!parts.avatar.textContent && !parts.avatar.firstElementChild) parts.avatar.append(icon(isGroup(card) ? "group" : "user"));
  text(parts.name, caller(card));
  text(parts.phone, card.caller?.name ? card.caller.phone : "");
  text(parts.line, line(card));
  parts.clock.hidden = card.lane !== "live" && card.lane !== "waiting";
}

/** @param {Card} card @param {any} seen @param {string} me @returns {string} */
function strip(card, seen, me) {
  if (seen.tone === "pending" || seen.tone === "claimed") return capital(seen.why);
  if (["Recall", "Parked", "Moving"].includes(seen.word)) return `${seen.word}: ${seen.why}`;
  if (seen.tone === "failed" && !isInDoubt(card)) return ["Failed", "Unknown"].includes(seen.word) ? capital(failedHead(card)) : seen.word;
  if (card.lane === "ringing") return `Ringing on ${line(card) || "no line"}${card.claim?.owner === me ? ", you are taking it" : ""}`;
  return card.lane === "live" ? capital(seen.why) : capital(outcome(card, me));
}

/** @param {Card} card */
function failedHead(card) {
  return card.operation?.status === "unknown" ? "no answer from Graph" : failed(card).split(". ")[0];
}

/** @param {Card} card @returns {string} */
function side(card) {
  if (card.lane === "ringing") return card.deadline ? `No decision by ${hour(card.deadline, true)}: the line's fallback` : "";
  if (card.lane === "live") return "Audio is in Teams";
  if (card.lane === "waiting") return isParked(card) ? "Whoever is free takes them back" : "Graph tells when somebody answers";
  const at = hour(card.ended_at ?? card.received_at, true);
  return card.outcome === "redirected" ? `${at}, Graph does not tell who picks up` : at;
}

/** @param {any} parts @param {Card} card @param {Note|undefined} note @param {() => void} dismiss */
function trouble(parts, card, note, dismiss) {
  const lines = troubleLines(card, note);
  const joined = lines.join("\n");
  if (parts.trouble.dataset.said === joined) return;
  parts.trouble.dataset.said = joined;
  parts.trouble.hidden = !lines.length;
  attr(parts.trouble, "data-state", lines.length ? "failed" : null);
  const close = note && note.phase !== "sending" ? el("button", { type: "button", class: "btn btn--icon btn--ghost btn--sm", "aria-label": "Dismiss", onclick: dismiss }, icon("cross")) : null;
  parts.trouble.replaceChildren(...(lines.length ? [el("div", { class: "grow" }, ...lines.map((line) => el("p", {}, line))), ...(close ? [close] : [])] : []));
}

/** @param {Card} card @param {Note|undefined} note @returns {string[]} why, then the next step */
function troubleLines(card, note) {
  if (note?.phase === "sending" || isPending(card)) return [];
  const open = card.lane === "ringing" || card.lane === "live";
  const next = open || (card.lane === "missed" && card.direction === "incoming") ? [nextStep(card)] : [];
  if (note?.phase === "lost") return [];
  if (note) return [note.text, ...(open && (note.status === 0 || Number(note.status) >= 500) ? next : [])];
  const operation = card.operation;
  if (operation?.status === "failed" || (operation?.status === "unknown" && (open || isInDoubt(card)))) {
    return [reason(operation) || "Graph refused and gave no reason.", ...next].filter(Boolean);
  }
  return [memberTrouble(card), mediaTrouble(card), isGroup(card) ? "" : absence(card)].filter(Boolean);
}

/** @param {Operation} operation @returns {string} what went wrong, with Graph's numbers once */
function reason({ error }) {
  const numbers = [error?.code, error?.subcode].filter(Boolean).join("/");
  const code = numbers && !error?.detail.includes(numbers) ? `Code ${numbers}.` : "";
  return [sentence(error?.title), sentence(error?.detail), code].filter(Boolean).join(" ");
}

/** @param {HTMLElement} list @param {Card} card @param {string} me */
function facts(list, card, me) {
  const rows = [
    [isGroup(card) ? "Began" : "Came in", hour(card.received_at, true)],
    ["Line", line(card) || "None"],
    !isOver(card) ? ["Audio", "In Teams, not here"] : ["Result", capital(outcome(card, me))],
    ...(card.roster !== "known" && guests(card) && !isGroup(card) ? [["Invited", guests(card)]] : []),
  ];
  keyed(list, rows, ([name]) => name, () => el("div", {}, el("dt"), el("dd")), (node, [name, value]) => {
    text(node.firstElementChild, name);
    text(node.lastElementChild, value);
  });
}

/** @param {any} parts @param {Card} card @param {number} now */
function clock(parts, card, now) {
  if (card.lane === "live" || card.lane === "waiting") text(parts.clock, span(since(card.park?.at ?? card.established_at ?? card.received_at, now)));
  if (card.lane !== "ringing" || !card.deadline) return;
  const total = Math.max(1, Date.parse(card.deadline) - Date.parse(card.received_at));
  const rest = Math.max(0, Math.min(1, (Date.parse(card.deadline) - now) / total));
  text(parts.seconds, String(left(card.deadline, now)));
  parts.ring.style.setProperty("--left", rest.toFixed(2));
}

/**
 * List the buttons a call offers to this person.
 * @param {Card} card
 * @param {View} view
 * @returns {{name: string, icon: string, label: string, key?: string, kind: string, off: boolean, why: string, busy: boolean}[]}
 */
export function buttons(card, view) {
  const { me, notes } = view;
  const sent = notes.get(card.id)?.phase === "sending" ? notes.get(card.id)?.kind : "";
  const theirs = isTheirs(card, me.username);
  const asked = Boolean(sent) || isPending(card);
  const off = theirs || asked;
  const why = theirs ? `${card.claim?.name} has this call` : asked ? "Asked already; wait for the answer" : "";
  /** @param {string} name @param {string} label @param {string} mark @param {string} key @param {string} kind @param {boolean} [always] */
  const one = (name, label, mark, key, kind, always = false) => ({ name, label, icon: mark, key, kind, off: off && !always, why, busy: sent === name || (sent === "hangUp" && name === "askEnd") });
  if (isOver(card)) return [one("open", "Timeline", "history", "", "", true)];
  const decide = me.rights.has("decide");
  const held = card.claim?.owner === me.username;
  const claim = decide ? [held ? one("release", "Release", "cross", "C", "btn--ghost btn--end") : one("claim", "Claim", "lock", "C", "btn--ghost btn--end")] : [];
  const timeline = decide ? [] : [one("open", "Timeline", "history", "", "", true)];
  const answer = card.mode === "bridge" ? [] : [one("answer", "Answer", "headset", "", "")]; // taking it is answering it
  if (card.lane === "ringing") return decide ? [
    one("take", "Take", "phone", "F2", "btn--take"), one("redirect", "Redirect", "redirect", "F8", ""), ...answer,
    one("reject", "Reject", "hang-up", "F4", "btn--danger"), one("askReason", "Reject with a reason", "chevron-down", "", "btn--danger btn--icon btn--joined"), ...claim,
  ] : timeline;
  const park = card.park ? one("unpark", "Unpark", "park", "F9", "") : settled(one("park", "Park", "park", "F9", ""), card);
  const hangingUp = sent === "hangUp" || (card.operation?.kind === "hang-up" && isPending(card));
  const end = me.rights.has("hang_up") ? [{ ...one("askEnd", "Hang up", "hang-up", "F4", "btn--danger"), off: isTheirs(card, me.username) || hangingUp }] : [];
  if (card.lane === "waiting" && !isParked(card)) return [...end, ...timeline];
  if (isParked(card)) return decide ? [one("take", "Take", "phone", "F2", "btn--take"), park, one("transfer", "Transfer", "transfer", "F8", ""), ...end, ...claim] : [...end, ...timeline];
  const move = decide ? [...(isIn(card, me) ? [] : [one("take", isGroup(card) ? "Join" : "Take", "phone", "F2", "btn--take")]), ...(isGroup(card) ? [] : [one("transfer", "Transfer", "transfer", "F8", "")]), one("invite", "Invite", "invite", "⇧F8", ""), ...(toRing(card).length ? [one("ring-again", "Ring again", "replay", "", "")] : [])].map((spec) => settled(spec, card)) : [];
  const music = musicFor(card);
  const hold = decide && music ? [music === "hold" ? one("hold", "Hold", "pause", "F3", "") : one("resume", "Bring back", "play", "F3", ""), one("consult", "Consult", "consult", "F7", "")] : [];
  const heard = card.roster === "known" ? card.people.filter((who) => !who.is_muted && !who.is_in_lobby) : [];
  const all = decide && heard.length > 1 ? [settled(one("muteAll", "Mute all", "mic-off", "", "btn--icon"), card)] : [];
  const keys = decide ? [settled(one("askKeys", "Press keys", "keypad", "", "btn--icon"), card)] : [];
  const more = decide ? [settled(one("askMore", "More", "more", "", "btn--icon"), card)] : [];
  return [...move, ...hold, ...(decide && !isGroup(card) ? [park] : []), ...keys, ...all, ...more, ...end, ...claim, ...timeline];
}

/** @param {Card} card @returns {[string, string][]} what can be asked about what is heard and seen in it */
export function mediaOf(card) {
  const several = card.roster !== "none" || hasGuests(card);
  const bot = /** @type {[string, string][]} */ ([["mute-bot", "Mute the bot"], ["unmute-bot", "Unmute the bot"], ["gallery", "Add the gallery"]]);
  return [...(several ? bot : []), ["cancel-media", "Stop what plays"]];
}

/** @param {any} spec @param {Card} card @returns {any} the button, off while the call cannot be moved yet */
function settled(spec, card) {
  return spec.off || !isSettling(card) ? spec : { ...spec, off: true, why: "Wait until it is connected" };
}

/** @param {any} spec @param {() => void} run @returns {HTMLButtonElement} */
function createButton(spec, run) {
  const node = button({ icon: spec.icon, label: spec.label, key: spec.key || undefined, kind: spec.kind, run });
  node.dataset.act = spec.name;
  if (spec.kind.includes("btn--icon")) attr(/** @type {Element} */ (node.querySelector(".btn__word")), "class", "btn__word vh");
  return node;
}

/** @type {Record<string, string>} */
const HINTS = { askReason: "Reject with a reason", askKeys: "Press keys for the other side", askMore: "What the bot plays and says, and the gallery", muteAll: "Mute everybody in this call", answer: "The bot answers and the caller waits; transfer after that", take: "To your Teams", invite: "Rings somebody into this call; the caller stays", "ring-again": "Rings those who did not answer, and nobody else", hold: "The caller hears music while the others talk", consult: "Rings somebody in; the caller hears music meanwhile", park: "The caller waits in a numbered slot for whoever takes them back" };

/** @param {HTMLButtonElement} node @param {any} spec */
function updateButton(node, spec) {
  disable(node, spec.off, spec.why);
  attr(node, "aria-busy", spec.busy ? "true" : null);
  if (HINTS[spec.name] && !spec.off) attr(node, "title", HINTS[spec.name]);
}

/** @param {string} text */
function capital(text) {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

