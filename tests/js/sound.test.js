import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";
import { showSound } from "../../static/js/console/bars.js";
import { Ringer } from "../../static/js/console/sound.js";

/** A browser's sound: silent until somebody clicks, and everything that is played is kept. */
class Audio {
  static allowed = false;
  static last = null;

  constructor() {
    this.state = "suspended";
    this.currentTime = 0;
    this.notes = [];
    this.gains = [];
    this.heard = [];
    Audio.last = this;
  }

  addEventListener(_, changed) {
    this.changed = changed;
  }

  async resume() {
    if (!Audio.allowed) throw new Error("not allowed");
    this.state = "running";
    this.changed();
  }

  createGain() {
    const param = { value: 1, faded: false, setValueAtTime() {}, linearRampToValueAtTime() {}, exponentialRampToValueAtTime() {}, setTargetAtTime: () => (param.faded = true) };
    const gain = { gain: param, connect: (to) => to, disconnect() {} };
    this.gains.push(gain);
    return gain;
  }

  createOscillator() {
    const note = { frequency: {}, connect: (to) => to, start: (at) => (note.at = at), stop() {}, addEventListener: (_, ended) => (note.ended = ended) };
    this.notes.push(note);
    return note;
  }
}

/** The lock of a browser: the first tab that asks has it until `free`. */
function locks() {
  const waiting = [];
  return { request: (_, held) => (waiting.push(held), waiting.length === 1 && held(), new Promise(() => undefined)), next: () => waiting[1]() };
}

let told;
let shared;

beforeEach(() => {
  Audio.allowed = false;
  Audio.last = null;
  told = [];
  shared = locks();
  globalThis.AudioContext = Audio;
  Object.defineProperty(globalThis, "navigator", { value: { locks: shared }, configurable: true });
});

const ringer = () => new Ringer((state) => told.push(state));
const clicked = async (one) => {
  Audio.allowed = true;
  await one.unlock();
};

test("until somebody clicks the browser plays nothing, and that is said", async () => {
  const one = ringer();
  assert.equal(one.state, "blocked");
  one.ring(true);
  await one.unlock();
  assert.equal(one.state, "blocked");
  assert.equal(told.at(-1), "blocked");
  assert.equal(Audio.last.notes.length, 0);
});

test("after a click sound is ready, and a call that rings already is heard at once", async () => {
  const one = ringer();
  one.ring(true);
  await clicked(one);
  assert.equal(one.state, "ready");
  assert.equal(told.at(-1), "ready");
  assert.ok(Audio.last.notes.length > 0);
});

test("it rings while somebody rings, once for all of them, and stops with the last", async () => {
  const one = ringer();
  await clicked(one);
  assert.equal(Audio.last.notes.length, 0);
  one.ring(true);
  const { notes } = Audio.last;
  const [played, ring] = [notes.length, one.playing];
  assert.ok(played > 0 && ring);
  one.ring(true);
  assert.equal(notes.length, played);
  one.ring(false);
  assert.equal(one.playing, null);
  assert.ok(ring.gain.faded);
});

test("a ring that lasts longer than its tune begins anew", async () => {
  const one = ringer();
  await clicked(one);
  one.ring(true);
  const played = Audio.last.notes.length;
  Audio.last.notes.at(-1).ended();
  assert.equal(Audio.last.notes.length, 2 * played);
});

test("of several tabs one rings, and the next when that one is gone", async () => {
  const [first, second] = [ringer(), ringer()];
  await clicked(first);
  await clicked(second);
  assert.deepEqual([first.state, second.state], ["ready", "elsewhere"]);
  second.ring(true);
  assert.equal(Audio.last.notes.length, 0);
  shared.next();
  assert.equal(second.state, "ready");
  assert.ok(Audio.last.notes.length > 0);
});

test("a browser that takes sound back is shown as blocked again", async () => {
  const one = ringer();
  await clicked(one);
  one.ring(true);
  Audio.last.state = "suspended";
  Audio.last.changed();
  assert.equal(told.at(-1), "blocked");
  assert.equal(one.playing, null);
});

test("the pill says in words whether it rings here", () => {
  const shown = { attributes: {}, words: "" };
  const use = { setAttribute: (name, value) => (shown[name] = value) };
  const svg = { dataset: {}, firstElementChild: use, classList: { toggle() {} } };
  const span = { get textContent() { return shown.words; }, set textContent(words) { shown.words = words; } };
  const pill = {
    querySelector: (name) => (name === "svg" ? svg : span), hasAttribute: (name) => name in shown.attributes, removeAttribute: (name) => delete shown.attributes[name],
    getAttribute: (name) => shown.attributes[name] ?? null, setAttribute: (name, value) => (shown.attributes[name] = value),
  };
  const said = ["blocked", "ready", "elsewhere"].map((state) => (showSound(pill, state), [shown.words, shown.attributes["data-state"], svg.dataset.icon]));
  assert.deepEqual(said, [["Sound blocked", "ringing", "sound-off"], ["Sound ready", "active", "sound"], ["Rings in another tab", "active", "sound"]]);
});
