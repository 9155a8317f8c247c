/** The few things done to a page: make elements, change only what differs, keep nodes by key. Never markup from text. */

const SVG = "http://www.w3.org/2000/svg";
const SPRITE = new URL("../../img/icons.svg", import.meta.url).pathname;
const FLIPPED = new Set(["transfer", "redirect", "chevron-right", "chevron-left"]);

/**
 * Make an element.
 * @param {string} tag
 * @param {Record<string, any>} [attributes] "class", "data-x", "onclick" …; false and null leave one out
 * @param {...(Node|string|null|undefined|false)} children
 * @returns {any}
 */
export function el(tag, attributes = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
    else attr(node, name, value);
  }
  node.append(...children.filter((child) => child !== null && child !== undefined && child !== false));
  return node;
}

/** @param {string} name @param {string} [extra] @returns {SVGSVGElement} */
export function icon(name, extra = "") {
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("class", `icon ${extra}`.trim());
  svg.setAttribute("aria-hidden", "true");
  svg.append(document.createElementNS(SVG, "use"));
  setIcon(svg, name);
  return svg;
}

/** @param {SVGSVGElement} svg @param {string} name */
export function setIcon(svg, name) {
  if (svg.dataset.icon === name) return;
  svg.dataset.icon = name;
  svg.firstElementChild?.setAttribute("href", `${SPRITE}#${name}`);
  svg.classList.toggle("icon--flip", FLIPPED.has(name));
}

/** @param {number} [turns] @returns {SVGSVGElement} the two circles of a countdown */
export function circles() {
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("viewBox", "0 0 36 36");
  for (let index = 0; index < 2; index++) {
    const circle = document.createElementNS(SVG, "circle");
    for (const [name, value] of Object.entries({ cx: "18", cy: "18", r: "15.9" })) circle.setAttribute(name, value);
    svg.append(circle);
  }
  return svg;
}

/** @param {Element} node @param {string} name @param {any} value false, null and undefined take the attribute away */
export function attr(node, name, value) {
  const wanted = value === true ? "" : value;
  if (wanted === false || wanted === null || wanted === undefined) {
    if (node.hasAttribute(name)) node.removeAttribute(name);
  } else if (node.getAttribute(name) !== String(wanted)) node.setAttribute(name, String(wanted));
}

/** @param {Node} node @param {string} value */
export function text(node, value) {
  if (node.textContent !== value) node.textContent = value;
}

/**
 * Make a parent's children follow a list; a child keeps its node, and so its focus, as long as its key stays.
 * @template T
 * @param {Element} parent
 * @param {T[]} items
 * @param {(item: T) => string} key
 * @param {(item: T) => HTMLElement} create
 * @param {(node: any, item: T) => void} update
 */
export function keyed(parent, items, key, create, update) {
  const old = new Map([...parent.children].map((node) => [/** @type {HTMLElement} */ (node).dataset.key, node]));
  const wanted = items.map((item) => node(item));
  for (const child of old.values()) child.remove();
  wanted.forEach((child, index) => parent.children[index] !== child && parent.insertBefore(child, parent.children[index] ?? null));

  /** @param {T} item */
  function node(item) {
    const name = key(item);
    const found = /** @type {HTMLElement} */ (old.get(name)) ?? create(item);
    old.delete(name);
    found.dataset.key = name;
    update(found, item);
    return found;
  }
}

/**
 * Make a button with an icon, a word and the key that does the same.
 * @param {{icon: string, label: string, key?: string, kind?: string, run: () => void}} spec
 * @returns {HTMLButtonElement}
 */
export function button({ icon: name, label, key, kind = "", run }) {
  const children = [icon(name), el("span", { class: "btn__word" }, label), key ? el("kbd", { class: "kbd", "aria-hidden": "true" }, key) : null];
  const node = el("button", { type: "button", class: `btn ${kind}`.trim(), "aria-keyshortcuts": key?.replace("⇧", "Shift+") ?? null }, ...children);
  node.addEventListener("click", () => node.getAttribute("aria-disabled") !== "true" && run());
  return node;
}

/** @param {Element} node @param {boolean} off @param {string} [why] said to who points or listens */
export function disable(node, off, why = "") {
  attr(node, "aria-disabled", off ? "true" : null);
  attr(node, "title", off && why ? why : null);
}
