import assert from "node:assert/strict";
import { test } from "node:test";
import { backoff, Feed, FIRST_MS, LAST_MS, SILENCE_MS } from "../../static/js/console/socket.js";

/** A feed whose wires, timers and identity are ours. */
function desk(status = 200) {
  const at = { wires: [], phases: [], received: [], timers: new Map(), seq: 0, next: 0 };
  const feed = new Feed({
    open: (since) => {
      const wire = { since, sent: [], closed: false, send: (text) => wire.sent.push(JSON.parse(text)), close: () => (wire.closed = true) };
      at.wires.push(wire);
      return wire;
    },
    since: () => at.seq,
    receive: (message) => at.received.push(message),
    phase: (phase) => at.phases.at(-1) !== phase && at.phases.push(phase),
    whoami: async () => (typeof status === "function" ? status() : status),
    later: (run, ms) => (at.timers.set(++at.next, { run, ms }), at.next),
    cancel: (timer) => at.timers.delete(timer),
    random: () => 1,
  });
  const fire = (ms) => {
    const [key, timer] = [...at.timers].find(([, one]) => one.ms === ms) ?? [];
    assert.ok(timer, `no timer of ${ms} ms`);
    at.timers.delete(key);
    timer.run();
  };
  return { feed, at, fire, last: () => at.wires.at(-1) };
}

const settled = () => new Promise((done) => setImmediate(done));
const heartbeat = (seq) => ({ data: JSON.stringify({ type: "heartbeat", seq, now: "2026-11-21T14:00:00Z" }) });

test("every heartbeat is answered at once, before anything is drawn", () => {
  const { feed, at, last } = desk();
  feed.start();
  last().onopen();
  last().onmessage(heartbeat(12));
  assert.deepEqual(last().sent, [{ type: "seen", seq: 12 }]);
  assert.equal(at.received.length, 1);
  assert.deepEqual(at.phases, ["live"]);
});

test("a heartbeat tells that the database is away, and the next one that it is back", () => {
  const { feed, at, last } = desk();
  const away = { data: JSON.stringify({ type: "heartbeat", seq: 3, now: "2026-11-21T14:00:00Z", stale: true }) };
  const news = { data: JSON.stringify({ type: "changed", seq: 3, cards: [], gone: [] }) };
  feed.start();
  last().onmessage(heartbeat(3));
  last().onmessage(away);
  last().onmessage(news);
  assert.deepEqual(at.phases, ["live", "stale"]);
  assert.deepEqual(last().sent, [{ type: "seen", seq: 3 }, { type: "seen", seq: 3 }]);
  last().onmessage(heartbeat(3));
  assert.deepEqual(at.phases, ["live", "stale", "live"]);
});

test("what a lost connection said of the database is forgotten with it", () => {
  const { feed, at, last } = desk();
  feed.start();
  last().onmessage({ data: JSON.stringify({ type: "heartbeat", seq: 3, now: "2026-11-21T14:00:00Z", stale: true }) });
  last().onclose({ code: 1006 });
  feed.hurry();
  last().onmessage({ data: JSON.stringify({ type: "snapshot", seq: 4, cards: [] }) });
  assert.deepEqual(at.phases, ["stale", "lost", "live"]);
});

test("news is not answered, only heartbeats", () => {
  const { feed, last } = desk();
  feed.start();
  last().onmessage({ data: JSON.stringify({ type: "changed", seq: 2, cards: [], gone: [] }) });
  assert.deepEqual(last().sent, []);
});

test("a lost connection comes back with the last sequence, whether it closed with 1006 or 1012", () => {
  for (const code of [1006, 1012]) {
    const { feed, at, fire, last } = desk();
    feed.start();
    last().onmessage(heartbeat(1));
    at.seq = 44;
    last().onclose({ code });
    assert.deepEqual(at.phases, ["live", "lost"]);
    fire(FIRST_MS);
    assert.equal(at.wires.length, 2);
    assert.equal(last().since, 44);
  }
});

test("seven silent seconds are a lost connection, and the page knows that it was silence", () => {
  const { feed, at, fire, last } = desk();
  feed.start();
  last().onmessage(heartbeat(1));
  const silent = last();
  assert.ok(SILENCE_MS > 5000 && SILENCE_MS <= 7000); // the server speaks every 5 s
  fire(SILENCE_MS);
  assert.ok(silent.closed);
  assert.deepEqual(at.phases, ["live", "silent"]);
  silent.onclose({ code: 1006 });
  silent.onmessage(heartbeat(2));
  fire(FIRST_MS);
  assert.equal(at.wires.length, 2);
  assert.deepEqual(silent.sent, [{ type: "seen", seq: 1 }]);
});

test("each message starts the seven seconds anew", () => {
  const { feed, at, last } = desk();
  feed.start();
  for (const seq of [1, 2, 3]) last().onmessage(heartbeat(seq));
  assert.equal([...at.timers.values()].filter((timer) => timer.ms === SILENCE_MS).length, 1);
});

test("pauses grow from half a second to ten, never less, never more", () => {
  for (const random of [() => 0, () => 0.5, () => 1]) {
    const pauses = Array.from({ length: 14 }, (_, attempt) => backoff(attempt, random));
    assert.ok(pauses.every((pause) => pause >= FIRST_MS && pause <= LAST_MS));
    assert.deepEqual([...pauses].sort((a, b) => a - b), pauses);
  }
  assert.equal(backoff(0, () => 1), FIRST_MS);
  assert.equal(backoff(9, () => 1), LAST_MS);
  assert.notEqual(backoff(5, () => 0.1), backoff(5, () => 0.9));
});

test("coming online or into view connects at once, and never twice", () => {
  const { feed, at, last } = desk();
  feed.start();
  feed.hurry();
  assert.equal(at.wires.length, 1);
  for (let loss = 0; loss < 5; loss++) (last().onclose({ code: 1006 }), feed.hurry());
  assert.equal(at.wires.length, 6);
  assert.equal(feed.attempt, 0);
});

test("when the network goes the page says so at once, and a wire that still speaks stays", () => {
  const { feed, at, last } = desk();
  feed.start();
  last().onmessage(heartbeat(1));
  feed.offline();
  assert.deepEqual(at.phases, ["live", "silent"]);
  assert.equal(last().closed, false);
  last().onmessage(heartbeat(2));
  assert.deepEqual(at.phases, ["live", "silent", "live"]);
  feed.online();
  assert.equal(at.wires.length, 1);
});

test("when the network is back, a wire that said nothing since is dropped for a new one at once", () => {
  const { feed, at, last } = desk();
  feed.start();
  last().onmessage(heartbeat(1));
  const dead = last();
  feed.offline();
  at.seq = 9;
  feed.online();
  assert.ok(dead.closed);
  assert.deepEqual([at.wires.length, last().since], [2, 9]);
  dead.onmessage(heartbeat(2));
  assert.equal(at.phases.at(-1), "silent");
  last().onmessage(heartbeat(10));
  assert.equal(at.phases.at(-1), "live");
});

test("when the network is back, nobody waits for the next try", () => {
  const { feed, at, last } = desk();
  feed.start();
  last().onclose({ code: 1006 });
  feed.offline();
  feed.online();
  assert.equal(at.wires.length, 2);
  assert.equal(feed.attempt, 0);
});

test("a network that comes and goes gives no access back", async () => {
  const { feed, at, last } = desk(403);
  feed.start();
  last().onclose({ code: 4403 });
  await soon();
  feed.offline();
  feed.online();
  await soon();
  assert.deepEqual([at.wires.length, at.phases], [1, ["withdrawn"]]);
});

test("who asks to try again need not wait for a connection that says nothing", () => {
  const { feed, at, last } = desk();
  feed.start();
  const mute = last();
  feed.again();
  assert.ok(mute.closed);
  assert.equal(at.wires.length, 2);
  mute.onclose({ code: 1006 });
  last().onmessage(heartbeat(3));
  assert.deepEqual(at.phases, ["live"]);
  assert.equal([...at.timers.values()].filter((timer) => timer.ms === SILENCE_MS).length, 1);
});

const soon = () => new Promise((done) => setImmediate(done));

test("close code 4403 ends it: access was withdrawn", async () => {
  const { feed, at, last } = desk(403);
  feed.start();
  last().onmessage(heartbeat(1));
  last().onclose({ code: 4403 });
  assert.deepEqual(at.phases, ["live", "withdrawn"]);
  await soon();
  assert.equal(at.timers.size, 0);
  feed.hurry();
  assert.equal(at.wires.length, 1);
  assert.deepEqual(at.phases, ["live", "withdrawn"]);
});

test("close code 4403 of a session that ended asks to sign in", async () => {
  const { feed, at, last } = desk(401);
  feed.start();
  last().onclose({ code: 4403 });
  await soon();
  assert.deepEqual(at.phases, ["withdrawn", "signed-out"]);
  assert.ok(feed.ended);
});

test("close code 4403 by mistake is tried again", async () => {
  const { feed, at, fire, last } = desk(200);
  feed.start();
  last().onclose({ code: 4403 });
  await soon();
  fire(FIRST_MS);
  assert.equal(at.wires.length, 2);
});

test("a refused handshake asks who we are", async () => {
  for (const [status, phase] of [[401, "signed-out"], [403, "withdrawn"], [200, "lost"]]) {
    const { feed, at, last } = desk(status);
    feed.start();
    last().onclose({ code: 1006 });
    feed.start();
    last().onclose({ code: 1006 });
    await soon();
    assert.equal(at.phases.at(-1), phase);
    assert.equal(feed.ended, phase !== "lost");
  }
});

test("who signed in again in another tab is welcomed when they look at this one", async () => {
  let status = 401;
  const { feed, at, last } = desk(() => status);
  feed.start();
  last().onmessage(heartbeat(7));
  await last().onclose({ code: 4403 });
  await settled();
  assert.equal(at.phases.at(-1), "signed-out");
  feed.hurry();
  await settled();
  assert.equal(at.wires.length, 1);
  status = 200;
  feed.hurry();
  await settled();
  assert.deepEqual([at.wires.length, at.phases.at(-1)], [2, "lost"]);
});
