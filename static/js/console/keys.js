/**
 * The keyboard map. Function keys and modifiers work everywhere, fields included; a single letter only inside the
 * queue or the call (WCAG 2.1.4). Pure but for `typing` and `region`.
 *
 * @typedef {"take"|"hold"|"end"|"send"|"invite"|"consult"|"park"|"slot"|"new"|"search"|"queue"|"call"|"people"|"claim"|"back"|"help"|"ArrowUp"|"ArrowDown"|"Home"|"End"} Command
 * @typedef {{key: string, code?: string, ctrlKey?: boolean, altKey?: boolean, metaKey?: boolean, shiftKey?: boolean}} Press
 */

/** @type {Record<string, Command>} */
const FUNCTION_KEYS = { F2: "take", F3: "hold", F4: "end", F7: "consult", F8: "send", F9: "park" };
/** @type {Record<string, Command>} */
const ALT_KEYS = { KeyQ: "queue", KeyC: "call", KeyD: "people", KeyN: "new" };

/**
 * Say what a key press means, if it means anything.
 * @param {Press} press
 * @param {{typing: boolean, region: string, slots?: boolean}} where `slots`: a digit names a slot now
 * @returns {Command|null}
 */
export function command(press, { typing, region, slots }) {
  const held = [press.ctrlKey, press.altKey, press.metaKey].filter(Boolean).length;
  if (!held && !press.shiftKey && FUNCTION_KEYS[press.key]) return FUNCTION_KEYS[press.key];
  if (!held && press.shiftKey && press.key === "F8") return "invite";
  if (held === 1 && (press.ctrlKey || press.metaKey) && press.key.toLowerCase() === "k") return "search";
  if (held === 1 && press.altKey) return ALT_KEYS[press.code ?? ""] ?? null;
  if (held) return null;
  if (press.key === "Escape") return "back";
  if (slots && /^[1-9]$/.test(press.key)) return "slot";
  if (typing) return null;
  if (press.key === "?") return "help";
  if (press.key === "/") return "search";
  if (press.key.toLowerCase() === "c" && (region === "queue" || region === "call")) return "claim";
  const moves = ["ArrowUp", "ArrowDown", "Home", "End"];
  return region === "queue" && moves.includes(press.key) ? /** @type {Command} */ (press.key) : null;
}

/** @param {Element|null} element @returns {{typing: boolean, region: string}} */
export function where(element) {
  const typing = Boolean(element?.closest("input:not([type=checkbox], [type=radio]), textarea, select, [contenteditable]"));
  const pane = element?.closest("[data-region]");
  return { typing, region: pane instanceof HTMLElement ? pane.dataset.region ?? "" : "" };
}
