/**
 * What is seen when the console is not: desktop notices, the title, the tab's mark.
 *
 * @import {Card} from "./types.js"
 */
import { caller, line } from "./words.js";

export class Notices {
  /** @param {(id: string) => void} open called when somebody clicks a notice */
  constructor(open) {
    this.open = open;
    this.title = document.title;
    this.mark = /** @type {HTMLLinkElement|null} */ (document.querySelector("link[rel=icon]"));
    /** @type {Map<string, Notification>} */
    this.shown = new Map();
  }

  /** Ask once, in the wake of a click. */
  async permit() {
    if (typeof Notification !== "undefined" && Notification.permission === "default") await Notification.requestPermission().catch(() => "denied");
  }

  /** Show and take back notices so that they match who rings; none while the page itself is seen. @param {Card[]} ringing */
  follow(ringing) {
    const unseen = document.hidden ? ringing : [];
    const ids = new Set(unseen.map((card) => card.id));
    for (const [id, notice] of this.shown) if (!ids.has(id)) this.withdraw(id, notice);
    for (const card of unseen) this.announce(card);
    this.count(ringing.length);
  }

  /** @param {Card} card */
  announce(card) {
    if (this.shown.has(card.id) || typeof Notification === "undefined" || Notification.permission !== "granted") return;
    const body = [card.caller?.name ? card.caller.phone : "", "You talk in Teams"].filter(Boolean).join(" · ");
    const notice = new Notification(`${caller(card)} rings${line(card) ? ` on ${line(card)}` : ""}`, { body, tag: card.id, requireInteraction: true });
    notice.onclick = () => {
      window.focus();
      this.open(card.id);
      notice.close();
    };
    this.shown.set(card.id, notice);
  }

  /** @param {string} id @param {Notification} notice */
  withdraw(id, notice) {
    notice.close();
    this.shown.delete(id);
  }

  /** @param {number} ringing */
  count(ringing) {
    const title = ringing ? `(${ringing}) ${this.title}` : this.title;
    if (document.title !== title) document.title = title;
    const wanted = ringing ? this.mark?.dataset.ring : this.mark?.dataset.calm;
    if (this.mark && wanted && this.mark.getAttribute("href") !== wanted) this.mark.setAttribute("href", wanted);
  }
}
