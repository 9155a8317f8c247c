import assert from "node:assert/strict";
import { test } from "node:test";
import { command } from "../../static/js/console/keys.js";

const anywhere = [{ typing: false, region: "queue" }, { typing: true, region: "people" }, { typing: false, region: "" }];

test("function keys work everywhere, fields included", () => {
  for (const where of anywhere) {
    assert.equal(command({ key: "F2" }, where), "take");
    assert.equal(command({ key: "F4" }, where), "end");
    assert.equal(command({ key: "F3" }, where), "hold");
    assert.equal(command({ key: "F8" }, where), "send");
    assert.equal(command({ key: "F8", shiftKey: true }, where), "invite");
    assert.equal(command({ key: "k", ctrlKey: true }, where), "search");
    assert.equal(command({ key: "q", code: "KeyQ", altKey: true }, where), "queue");
    assert.equal(command({ key: "ç", code: "KeyC", altKey: true }, where), "call");
    assert.equal(command({ key: "d", code: "KeyD", altKey: true }, where), "people");
    assert.equal(command({ key: "˜", code: "KeyN", altKey: true }, where), "new");
    assert.equal(command({ key: "Escape" }, where), "back");
  }
});

test("Alt F4 and its kind belong to the system", () => {
  assert.equal(command({ key: "F4", altKey: true }, anywhere[0]), null);
  assert.equal(command({ key: "F4", ctrlKey: true }, anywhere[0]), null);
  assert.equal(command({ key: "F2", shiftKey: true }, anywhere[0]), null);
  assert.equal(command({ key: "q", code: "KeyQ", altKey: true, ctrlKey: true }, anywhere[0]), null);
});

test("a letter claims only inside queue or call, never while somebody types", () => {
  assert.equal(command({ key: "c" }, { typing: false, region: "queue" }), "claim");
  assert.equal(command({ key: "C" }, { typing: false, region: "call" }), "claim");
  assert.equal(command({ key: "c" }, { typing: false, region: "people" }), null);
  assert.equal(command({ key: "c" }, { typing: true, region: "call" }), null);
  assert.equal(command({ key: "c", ctrlKey: true }, { typing: false, region: "queue" }), null);
});

test("arrows move in the queue and are left alone elsewhere", () => {
  assert.equal(command({ key: "ArrowDown" }, { typing: false, region: "queue" }), "ArrowDown");
  assert.equal(command({ key: "End" }, { typing: false, region: "queue" }), "End");
  assert.equal(command({ key: "ArrowDown" }, { typing: false, region: "" }), null);
});

test("the question mark opens the sheet, not in a field", () => {
  assert.equal(command({ key: "?", shiftKey: true }, { typing: false, region: "" }), "help");
  assert.equal(command({ key: "?", shiftKey: true }, { typing: true, region: "people" }), null);
});

test("the slash searches like Ctrl K, on every keyboard, but is a sign in a field", () => {
  for (const region of ["queue", "call", "people", ""]) assert.equal(command({ key: "/" }, { typing: false, region }), "search");
  assert.equal(command({ key: "/", code: "Digit7", shiftKey: true }, { typing: false, region: "" }), "search");
  assert.equal(command({ key: "/" }, { typing: true, region: "people" }), null);
  assert.equal(command({ key: "/", ctrlKey: true }, { typing: false, region: "" }), null);
});

test("browser keys keep their meaning", () => {
  for (const key of ["F1", "F5", "F11", "F12", "Tab", "Enter", "a"]) assert.equal(command({ key }, anywhere[0]), null);
});

test("talking first and parking have keys, and a digit names a slot only when asked", () => {
  for (const where of anywhere) {
    assert.equal(command({ key: "F7" }, where), "consult");
    assert.equal(command({ key: "F9" }, where), "park");
    for (const more of [{ shiftKey: true }, { ctrlKey: true }, { altKey: true }]) assert.equal(command({ key: "F9", ...more }, where), null);
    assert.equal(command({ key: "3" }, where), null);
    assert.equal(command({ key: "3" }, { ...where, slots: true }), "slot");
    assert.equal(command({ key: "0" }, { ...where, slots: true }), null);
  }
});

test("keys whose function comes later do nothing", () => {
  const held = [{}, { shiftKey: true }, { ctrlKey: true }];
  for (const key of ["F6", "F10"]) for (const where of anywhere) for (const more of held) assert.equal(command({ key, ...more }, where), null);
  for (const where of anywhere) {
    assert.equal(command({ key: "b", code: "KeyB", ctrlKey: true, shiftKey: true }, where), null);
    assert.equal(command({ key: "1", code: "Digit1", altKey: true }, where), null);
    assert.equal(command({ key: "Enter", code: "NumpadEnter" }, where), null);
    for (const code of ["NumpadAdd", "NumpadSubtract"]) assert.equal(command({ key: code === "NumpadAdd" ? "+" : "-", code }, where), null);
  }
});
