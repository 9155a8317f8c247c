/**
 * The console: one state, drawn by panes that know nothing of each other.
 *
 * @import {Card, Me, Message, Target} from "./types.js"
 * @import {Answer} from "./actions.js"
 * @import {Phase} from "./socket.js"
 */
import { Commands, csrfToken, freshKey, whoami } from "./actions.js";
import { Alarms } from "./alarms.js";
import { Connection, Log, severity } from "./bars.js";
import { Budget } from "./budget.js";
import { isGroup } from "./callees.js";
import { Stage } from "./callcard.js";
import { Clock, left, since, span, spoken } from "./clock.js";
import { Decisions } from "./decisions.js";
import { text } from "./dom.js";
import { Frame } from "./frame.js";
import { callerIn, musicFor, noMusic } from "./party.js";
import { NewCall } from "./newcall.js";
import { People } from "./people.js";
import { arrange, centre, choose, ends, heldOn, isUnderWay, Named, Presses, rings, sends, takes } from "./pick.js";
import { Queue } from "./queue.js";
import { Alternatives } from "./recall.js";
import { Feed } from "./socket.js";
import { all, apply, empty, expire, put } from "./store.js";
import { caller, event, isIn, isOpen, isOver, isParked, isPending, isRecall, isSettling, isTheirs, ringsOut, summary } from "./words.js";

const SLOT_MS = 5000;
/** The call of which something is asked back: whether its end is meant, for a reason, for keys to press. */
const NOTHING = { confirming: "", reasons: "", keys: "", more: "" };

export class Console {
  /** @param {HTMLElement} root @param {Me} me */
  constructor(root, me) {
    this.root = root;
    this.me = me;
    this.state = empty();
    this.clock = new Clock();
    /** @type {Phase} */
    this.phase = "connecting";
    this.lostAt = Date.now();
    this.heardAt = 0;
    /** @type {{id: string, byHand: boolean, open?: boolean}} */
    this.chosen = { id: "", byHand: false };
    this.presses = new Presses();
    this.bar = new Named();
    this.ask = { ...NOTHING };
    this.slotUntil = 0; // until when a digit names a slot
    /** @type {string[]} */
    this.staged = [];
    this.drawing = false;
    this.build();
  }

  build() {
    const find = (/** @type {string} */ part) => /** @type {HTMLElement} */ (document.querySelector(`[data-part="${part}"]`));
    this.parts = { sum: find("sum"), ringbar: find("ringbar"), nothing: find("nothing"), skeleton: find("skeleton"), withdrawn: find("withdrawn"), budget: find("budget") };
    const commands = new Commands({ fetch: (...a) => fetch(...a), token: () => csrfToken(document.cookie, meta("csrf-token")), key: freshKey, wait: (ms) => new Promise((done) => setTimeout(done, ms)) });
    this.decisions = new Decisions(commands, { me: this.me.username, put: (card) => this.takeIn(put(this.state, card)), card: (id) => this.state.cards.get(id), redraw: () => this.redraw(), refused: (answer) => this.refused(answer) });
    this.queue = new Queue(find("queue"), { select: (id) => this.select(id), redraw: () => this.redraw() });
    this.stage = new Stage(find("stage"), this.stageWays());
    this.people = new People(find("people"), { fetch: (...a) => fetch(...a), token: () => csrfToken(document.cookie, meta("csrf-token")), send: (target) => this.sendTo(target), invite: (target) => this.inviteTo(target), changed: () => this.redraw(), refused: (status) => status === 401 && this.setPhase("signed-out"), now: () => this.clock.now() });
    this.connection = new Connection(document, () => this.reconnect());
    this.log = new Log(find("log"));
    this.alarms = new Alarms(find("sound"), (id) => this.select(id));
    this.budget = new Budget(find("budget"), (...a) => fetch(...a));
    this.alternatives = new Alternatives({ fetch: (...a) => fetch(...a), changed: () => this.redraw() });
    this.frame = new Frame(this.root, () => this.redraw());
    const dialog = document.querySelector("[data-part=newcall]");
    this.newCall = dialog instanceof HTMLDialogElement ? new NewCall(dialog, { me: this.me.name, fetch: (...a) => fetch(...a), key: freshKey, post: commands.place, placed: (card) => this.placed(card), refused: (answer) => answer.status === 401 && this.setPhase("signed-out") }) : null;
    this.feed = this.newFeed();
    this.parts.ringbar.querySelector("button")?.addEventListener("click", () => this.takeNamed());
  }

  /** @returns {any} what the buttons of a card do */
  stageWays() {
    const picked = (/** @type {(card: Card, detail?: any) => void} */ act) => (/** @type {Card} */ card, /** @type {any} */ detail) => {
      this.presses.left("");
      this.chosen = { id: card.id, byHand: true };
      this.ask = { ...NOTHING };
      act(card, detail);
      this.redraw();
    };
    const { decisions } = this;
    return {
      take: picked(decisions.take), answer: picked(decisions.answer), claim: picked(decisions.claim), release: picked(decisions.release),
      reject: picked(decisions.reject), hangUp: picked(decisions.hangUp), redirect: picked(() => this.send()), transfer: picked(() => this.send()), invite: picked(() => this.invite()),
      consult: picked(() => this.consult()), park: picked(decisions.park), unpark: picked(decisions.unpark),
      sendTo: picked((card, target) => decisions.send(card, target)), "ring-again": picked((card) => decisions.ringAgain(card)),
      hold: picked((card) => this.music(card)), resume: picked((card) => this.music(card)), member: picked((card, { act, id }) => decisions.member(card, act, id)),
      open: (/** @type {Card} */ card) => location.assign(`/calls/${encodeURIComponent(card.id)}/`),
      askReason: picked((card) => (this.ask = { ...NOTHING, reasons: card.id })),
      askKeys: picked((card) => (this.ask = { ...NOTHING, keys: card.id })), tones: picked(decisions.tones),
      askMore: picked((card) => (this.ask = { ...NOTHING, more: card.id })), media: picked(decisions.media), muteAll: picked(decisions.muteAll),
      askEnd: picked((card) => (this.ask = { ...NOTHING, confirming: card.id })),
      keep: picked(() => undefined), dismiss: picked((card) => decisions.dismiss(card.id)),
    };
  }

  /** @returns {Feed} */
  newFeed() {
    return new Feed({
      open: (seq) => new WebSocket(`${location.protocol === "https:" ? "wss" : "ws"}://${location.host}/ws/console/?since=${seq}`),
      since: () => this.state.seq,
      receive: (message) => this.receive(message),
      phase: (phase) => this.setPhase(phase),
      whoami: () => whoami(this.me.username, () => location.reload()),
    });
  }

  start() {
    this.feed.start();
    this.people.search();
    this.budget.start();
    setInterval(() => this.tick(), 250);
    setTimeout(() => !this.state.ready && this.root.setAttribute("data-waiting", ""), 300);
  }

  reconnect() {
    if (this.feed.ended) this.feed = this.newFeed();
    this.setPhase("lost");
    this.feed.again();
  }

  /** @param {Message} message */
  receive(message) {
    this.heardAt = Date.now();
    if (message.type === "heartbeat") this.clock.hear(message.now);
    this.takeIn(apply(this.state, message));
  }

  /** @param {import("./store.js").State} next */
  takeIn(next) {
    if (this.state.ready) for (const card of next.cards.values()) this.note(this.state.cards.get(card.id), card);
    this.state = next;
    this.decisions.tidy((id) => this.state.cards.get(id));
    this.rings();
    this.redraw();
  }

  /** @param {Card|undefined} before @param {Card} after */
  note(before, after) {
    if (before !== after) this.log.add(this.clock.now(), event(before, after, this.me.username));
  }

  /** Ring, call out, mark the tab: whatever must not wait for a frame. */
  rings() {
    const ringing = this.me.rights.has("decide") && !this.away() ? this.cards().filter((card) => isOpen(card, this.me.username)) : [];
    if (this.alarms.follow(ringing)) this.frame.closeHelp();
    this.newCall?.rings(ringing.length ? ringsOut(ringing) : "");
    this.alarms.recalls(this.me.rights.has("decide") && !this.away() ? this.cards().filter((card) => isRecall(card)) : []);
  }

  /** @returns {Card[]} those of the lines this person shows */
  cards() {
    return all(this.state).filter((card) => !this.frame.hidden.has(String(card.line?.id ?? "")));
  }

  /** @param {Phase} phase */
  setPhase(phase) {
    if (phase === this.phase || (phase === "lost" && this.phase === "silent")) return; // a banner that is shown stays
    if (phase === "live" && Date.now() - this.lostAt > 2000 && this.heardAt) this.alarms.back();
    if (phase === "stale") this.alarms.stale();
    if (phase !== "live" && this.phase === "live") this.lostAt = phase === "silent" ? this.heardAt : Date.now();
    if (this.away() && phase === "lost") this.people.search(); // its people were forgotten
    this.phase = phase;
    if (phase === "withdrawn") this.forget();
    if (this.away()) this.alarms.follow([]);
    this.root.dataset.phase = phase;
    this.redraw();
  }

  /** @returns {boolean} nothing comes any more unless somebody does something */
  away() {
    return this.phase === "withdrawn" || this.phase === "signed-out";
  }

  /** Take away everything that this person may no longer see. */
  forget() {
    this.state = empty();
    this.people.clear();
    this.log.clear();
    this.parts.budget.hidden = true;
  }

  redraw() {
    if (this.drawing) return;
    this.drawing = true;
    const draw = () => {
      this.drawing = false;
      this.draw();
    };
    if (document.hidden) setTimeout(draw, 0);
    else requestAnimationFrame(draw);
  }

  draw() {
    const cards = this.cards();
    const me = this.me.username;
    const now = this.clock.now();
    this.follow(choose(cards, heldOn(this.chosen, this.state.cards.get(this.chosen.id)), me));
    this.queue.render(this.state, { chosen: this.chosen.id, me, notes: this.decisions.notes, targets: this.decisions.targets, hidden: this.frame.hidden, now });
    this.drawStage(cards, now);
    const target = sends(cards, this.chosen.id, me);
    const may = target && this.me.rights.has("decide");
    this.people.offer(may ? (isGroup(target) ? "Invite" : target.lane === "ringing" ? "Redirect" : "Transfer") : "", target ? caller(target) : "", this.notYet());
    this.parts.withdrawn.hidden = this.phase !== "withdrawn";
    if (this.state.ready) this.root.removeAttribute("data-waiting");
    this.tick();
  }

  /** Go on to the call that is chosen now. @param {{id: string, byHand: boolean, open?: boolean}} next */
  follow(next) {
    if (this.chosen.open && !isUnderWay(this.state.cards.get(this.chosen.id))) this.people.served(this.chosen.id);
    if (this.state.cards.get(next.id)?.bridge_of === this.chosen.id) this.presses.goesOn(this.chosen.id, next.id);
    else if (next.id !== this.chosen.id && this.chosen.open) this.presses.left(this.chosen.id);
    this.chosen = { ...next, open: isUnderWay(this.state.cards.get(next.id)) };
  }

  /** @param {Card[]} cards @param {number} now */
  drawStage(cards, now) {
    const stage = this.stage.root;
    const held = stage.matches(":hover") || stage.contains(document.activeElement);
    this.staged = arrange(this.staged, centre(cards, this.chosen.id, this.me.username), held);
    const shown = this.staged.flatMap((id) => this.state.cards.get(id) ?? []);
    this.stage.render(shown, { me: this.me, notes: this.decisions.notes, chosen: this.chosen.id, targets: this.decisions.targets, alternatives: this.alternatives, ...this.ask, now });
    this.parts.nothing.hidden = Boolean(shown.length) || (this.away() && !this.state.ready);
  }

  /** Everything that only time changes. */
  tick() {
    const now = this.clock.now();
    this.state = expire(this.state, now);
    this.queue.tick(now);
    this.stage.tick(now);
    this.sums(now);
    this.alternatives.follow(this.away() || document.hidden ? [] : this.staged.flatMap((id) => this.state.cards.get(id) ?? []));
    const lost = Date.now() - this.lostAt;
    const level = severity(this.phase, lost);
    if (level === "red" && this.connection.shown !== "red") this.alarms.lost(navigator.onLine);
    this.connection.show(level, Math.floor(lost / 1000), this.heardAt, this.state.ready, navigator.onLine);
  }

  /** @param {number} now */
  sums(now) {
    const cards = this.cards().filter((card) => !isOver(card));
    const longest = Math.max(0, ...cards.map((card) => since(card.received_at, now)));
    text(this.parts.sum, this.state.ready ? summary(cards, longest, span) : this.away() ? "" : "Connecting …");
    this.alarms.voice.sum(cards.map((card) => card.lane).join(), summary(cards, longest, spoken));
    const ring = this.me.rights.has("decide") ? rings(cards, this.chosen.id, this.me.username) : undefined;
    const more = cards.filter((card) => isOpen(card, this.me.username)).length - 1;
    this.bar.show(ring?.id ?? "");
    this.frame.ringbar(this.parts.ringbar, ring, { seconds: ring ? left(ring.deadline, now) : 0, more, now, onTop: this.staged[0] === ring?.id });
  }

  /** @param {string} id */
  select(id) {
    this.presses.left("");
    this.chosen = { id, byHand: true };
    this.ask = { ...NOTHING };
    this.staged = [];
    this.frame.pane("call");
    this.redraw();
    this.stage.reveal(id);
  }

  take() {
    this.newCall?.close();
    const chosen = this.state.cards.get(this.chosen.id);
    const card = takes(this.cards(), this.chosen.id, this.me.username, (one) => isIn(one, this.me));
    if (!card && chosen && isIn(chosen, this.me)) return this.frame.hint("You are in this call already, in Teams.");
    if (!card || !this.me.rights.has("decide")) return this.frame.hint(this.notYet() || "There is no call to take.");
    if (!this.presses.mean(card.id)) return this.frame.hint("Press again to take the next call.");
    this.chosen = { id: card.id, byHand: true };
    this.decisions.take(card);
  }

  /** Take the call whose caller the bar shows, whichever is chosen. */
  takeNamed() {
    const card = this.cards().find((one) => one.id === this.bar.id);
    if (!card || !isOpen(card, this.me.username)) return this.frame.hint("That call is no longer free.");
    if (!this.bar.meant()) return this.frame.hint("The call shown here has just changed. Press again.");
    this.select(card.id);
    this.decisions.take(card);
  }

  send() {
    if (this.people.searching) return this.frame.hint("Still searching. Press F8 again.");
    const target = this.people.target();
    if (target) return this.sendTo(target);
    this.frame.pane("people");
    this.people.focus();
    this.frame.hint("Choose a person, then press F8.");
  }

  /** @param {Target} target */
  sendTo(target) {
    const card = sends(this.cards(), this.chosen.id, this.me.username);
    if (!card || !this.me.rights.has("decide")) return this.frame.hint(this.notYet() || "Choose a ringing or answered call first.");
    if (!this.presses.mean(card.id)) return this.frame.hint("The chosen call has just changed. Press again.");
    this.frame.pane("call");
    this.people.sent(card.id);
    this.decisions.send(card, target);
  }

  invite() {
    if (this.people.searching) return this.frame.hint("Still searching. Press Shift+F8 again.");
    const target = this.people.target();
    if (target) return this.inviteTo(target);
    this.frame.pane("people");
    this.people.focus();
    this.frame.hint("Choose a person, then press Shift+F8.");
  }

  /** @param {Target} target who is rung into the chosen call */
  inviteTo(target) {
    const card = sends(this.cards(), this.chosen.id, this.me.username);
    if (card?.lane !== "live" || !this.me.rights.has("decide")) return this.frame.hint(this.notYet() || "Choose an answered call first.");
    if (!this.presses.mean(card.id)) return this.frame.hint("The chosen call has just changed. Press again.");
    this.frame.pane("call");
    this.decisions.invite(card, target);
  }

  /** Have people called together, or a meeting joined. */
  begin() {
    if (!this.newCall || this.away()) return this.frame.hint("Your role may look; a receptionist calls.");
    this.frame.closeHelp();
    this.newCall.open();
  }

  /** @param {Card} card that has begun here */
  placed(card) {
    this.takeIn(put(this.state, card));
    this.select(card.id);
  }

  /** Ring the chosen person into the chosen call while its caller hears music. */
  consult() {
    const card = sends(this.cards(), this.chosen.id, this.me.username);
    if (!card || !this.me.rights.has("decide")) return this.frame.hint(this.notYet() || "Choose an answered call first.");
    if (!musicFor(card)) return this.frame.hint(noMusic(card));
    if (this.people.searching) return this.frame.hint("Still searching. Press F7 again.");
    const target = this.people.target();
    if (target && !this.presses.mean(card.id)) return this.frame.hint("The chosen call has just changed. Press again.");
    this.frame.pane(target ? "call" : "people");
    if (target) return void this.decisions.consult(card, target);
    this.people.focus();
    this.frame.hint("Choose a person, then press F7.");
  }

  /** Park the chosen call, or take its caller back; with neither ask for a slot. */
  park() {
    const card = sends(this.cards(), this.chosen.id, this.me.username);
    const may = this.me.rights.has("decide");
    const parked = this.cards().some((one) => isParked(one));
    if (!may || (!parked && card?.lane !== "live")) return this.frame.hint(this.notYet() || "Choose an answered call first.");
    if (card && card.lane !== "ringing") {
      if (!this.presses.mean(card.id)) return this.frame.hint("The chosen call has just changed. Press again.");
      return void (card.park ? this.decisions.unpark(card) : this.decisions.park(card));
    }
    this.slotUntil = Date.now() + SLOT_MS;
    this.frame.hint("Which slot? Press its number.");
  }

  /** @returns {boolean} a digit names a slot now */
  awaitsSlot() {
    return Date.now() < this.slotUntil;
  }

  /** Take back who waits in a slot. @param {number} number */
  slot(number) {
    this.slotUntil = 0;
    const card = this.cards().find((one) => one.park?.slot === number);
    if (!card) return this.frame.hint(`Nobody waits in slot ${number}.`);
    if (isTheirs(card, this.me.username)) return this.frame.hint(`${card.claim?.name} has this call.`);
    this.select(card.id);
    this.decisions.unpark(card);
  }

  /** Put the caller of the chosen call on hold, or bring them back. */
  hold() {
    const card = sends(this.cards(), this.chosen.id, this.me.username);
    if (!card || !this.me.rights.has("decide")) return this.frame.hint(this.notYet() || "Choose an answered call first.");
    if (!this.presses.mean(card.id)) return this.frame.hint("The chosen call has just changed. Press again.");
    this.music(card);
  }

  /** @param {Card} card */
  music(card) {
    const act = musicFor(card);
    if (!act) return this.frame.hint(noMusic(card));
    this.decisions.member(card, act, callerIn(card)?.id ?? "");
  }

  /** @returns {string} why the chosen call cannot be moved yet, if that is why */
  notYet() {
    const card = this.state.cards.get(this.chosen.id);
    if (card?.lane === "waiting" && !isParked(card)) return "The call is on its way: wait for an answer, or hang up.";
    if (!card || !isUnderWay(card)) return "";
    if (isPending(card)) return "Asked already: wait for the answer.";
    return isSettling(card) ? "The call is not connected yet: wait a moment." : "";
  }

  /** Reject what rings; hang up what is answered, after asking once. */
  end() {
    const card = ends(this.cards(), this.chosen.id, this.me.username);
    if (!card || !this.me.rights.has(card.lane === "ringing" ? "decide" : "hang_up")) return this.frame.hint("There is no call to end.");
    if (!this.presses.mean(card.id)) return this.frame.hint("The chosen call has just changed. Press again.");
    if (card.lane === "ringing") return void this.decisions.reject(card);
    if (this.ask.confirming !== card.id) this.ask = { ...NOTHING, confirming: card.id };
    else this.hangUp(card);
    this.redraw();
  }

  /** @param {Card} card */
  hangUp(card) {
    this.ask = { ...NOTHING };
    this.decisions.hangUp(card);
  }

  claim() {
    const card = this.state.cards.get(this.chosen.id);
    if (!card || !this.me.rights.has("decide")) return;
    if (card.claim?.owner === this.me.username) this.decisions.release(card);
    else if (!isOver(card)) this.decisions.claim(card);
  }

  /** Go back one level; never ends a call. */
  back() {
    const asking = this.ask.confirming || this.ask.reasons || this.ask.keys || this.ask.more;
    this.ask = { ...NOTHING };
    if (!asking && document.activeElement === this.people.input) {
      if (this.people.input.value) this.people.input.value = "";
      else this.queue.focus();
      this.people.search();
    }
    this.redraw();
  }

  /** @param {Answer} answer */
  refused(answer) {
    if (answer.status === 401) this.setPhase("signed-out");
    this.alarms.refused(answer.text);
  }
}

/** @param {string} name */
function meta(name) {
  return /** @type {HTMLMetaElement|null} */ (document.querySelector(`meta[name="${name}"]`))?.content ?? "";
}
