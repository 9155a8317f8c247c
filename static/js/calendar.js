/** The calendar of meetings: where a week's events stand, and the keys that its links name. */

/** @param {HTMLElement} week */
function place(week) {
  week.style.setProperty("--first", week.dataset.first ?? "0");
  for (const node of /** @type {NodeListOf<HTMLElement>} */ (week.querySelectorAll("[data-from]"))) {
    for (const name of ["from", "for", "column", "of"]) if (node.dataset[name]) node.style.setProperty(`--${name}`, node.dataset[name]);
  }
  week.dataset.placed = "";
  const today = week.querySelector("[aria-current=date]");
  const scrolls = week.parentElement;
  if (today instanceof HTMLElement && scrolls) scrolls.scrollLeft = today.offsetLeft + today.offsetWidth - scrolls.clientWidth;
}

for (const week of /** @type {NodeListOf<HTMLElement>} */ (document.querySelectorAll("[data-week]"))) place(week);

/** Letters come with Alt: alone they would get in the way of whoever types by voice (WCAG 2.1.4). */
document.addEventListener("keydown", (event) => {
  if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.shiftKey || event.repeat) return;
  const at = event.target instanceof Element ? event.target : null;
  if (at?.closest("input, select, textarea, [contenteditable], [role=region], dialog, details[open]")) return;
  const key = event.altKey ? (event.code.startsWith("Key") ? `Alt+${event.code.slice(3)}` : "") : event.key;
  const link = key.length > 1 ? document.querySelector(`a[aria-keyshortcuts="${CSS.escape(key)}"]`) : null;
  if (!(link instanceof HTMLAnchorElement)) return;
  event.preventDefault();
  link.click();
});
