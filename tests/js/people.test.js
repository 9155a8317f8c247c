import assert from "node:assert/strict";
import { test } from "node:test";

globalThis.document ??= /** @type {any} */ ({});
const { sections, typedNumber } = await import("../../static/js/console/people.js");

/** @param {string} id */
const row = (id) => ({ id, name: id.toUpperCase(), department: "", job_title: "", upn: "", phones: [], skills: [] });
/** @param {string} id @returns {any} */
const entry = (id) => ({ ...row(id), kind: "user" });

test("favourites come first, then those called of late, then everybody, each once", () => {
  const found = sections([entry("a"), entry("b"), entry("c")], { favourites: [row("c")], recents: [row("c"), row("x"), row("a")] });
  assert.deepEqual(found.map(({ id, section }) => `${section}: ${id}`), ["Favourites: c", "Recent: x", "Recent: a", "Everybody: b"]);
});

test("without anybody at hand, and in what a search finds, there are no sections", () => {
  const found = [entry("a"), entry("b")];
  assert.equal(sections(found, { favourites: [], recents: [] }), found);
  assert.equal(sections(found, null), found);
});

test("a number that somebody types can be called", () => {
  assert.deepEqual(typedNumber("+1 (425) 555-0110").map(({ id, kind }) => [id, kind]), [["+14255550110", "phone"]]);
  assert.deepEqual(typedNumber("Dana"), []);
});
