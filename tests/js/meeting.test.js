import assert from "node:assert/strict";
import { test } from "node:test";
import { add, asked, offered, said } from "../../static/js/meeting/guests.js";
import { against, described, local, marks, outside, placed, shown, span, summary, trouble, verdict } from "../../static/js/meeting/words.js";

const at = (clock, day = "2026-11-24") => `${day}T${clock}:00+01:00`;
const interval = (from, to) => ({ starts_at: at(from), ends_at: at(to) });
const person = (changes = {}) => ({ oid: "", address: "a@b.example", name: "Ann", is_organizer: false, is_known: true, zone: "Europe/Berlin", local_starts_at: at("10:00"), local_ends_at: at("11:00"), is_outside_hours: false, hours: [interval("08:00", "17:00")], busy: [], conflicts: [], ...changes });
const told = (...people) => ({ zone: "Europe/Berlin", meeting: interval("10:00", "11:00"), day: { starts_at: at("00:00"), ends_at: at("00:00", "2026-11-25") }, people, left_off: 0, suggestions: [] });
const clocks = (one, day = told().day) => [one.starts, one.ends].map((moment) => (moment - span(day).starts) / 3_600_000);
const stranger = person({ is_known: false, name: "", zone: "", hours: null, local_starts_at: null, conflicts: ["unknown"] });

test("those are asked about who have an address, each once", () => {
  assert.deepEqual(asked("* a@b.example\nA@B.example\r\n\nnobody\n c@d.example "), { addresses: ["A@B.example", "c@d.example"], unfinished: 1 });
});

test("people are added to the end of the list, nobody twice", () => {
  const done = add("* ann@b.example", [{ address: "ANN@b.example" }, { address: "bob@b.example" }, { address: "bob@B.example" }], 500);
  assert.deepEqual(done, { text: "* ann@b.example\nbob@b.example\n", added: 1, known: 2, refused: 0 });
  assert.equal(add("", [], 500).text, "");
});

test("no more people fit in than a meeting has", () => {
  const done = add("a@b.example\n", [{ address: "c@d.example" }, { address: "e@f.example" }], 2);
  assert.deepEqual([done.text, done.added, done.refused], ["a@b.example\nc@d.example\n", 1, 1]);
  assert.match(said(done, { most: 2 }), /1 person added\. 1 does not fit in: a meeting has 2 people at most\./);
  assert.match(said(add(done.text, [{ address: "e@f.example" }], 2), { name: "Eve", most: 2 }), /Nobody was added\. 1 does not fit in/);
});

test("what became of adding is said", () => {
  assert.equal(said({ added: 1, known: 0, refused: 0 }, { name: "Ann", most: 9 }), "Ann is invited.");
  assert.equal(said({ added: 0, known: 1, refused: 0 }, { name: "Ann", most: 9 }), "Ann is named already.");
  assert.equal(said({ added: 3, known: 2, refused: 0 }, { lacking: 1, most: 9 }), "3 people added. 2 were named already. 1 has no address.");
});

test("only those are offered who have an address", () => {
  const found = offered([{ name: "Ann", mail: "", upn: "ann@b.example", job_title: "Nurse", department: "Clinic" }, { name: "Bob", mail: "", upn: "" }]);
  assert.deepEqual(found, [{ name: "Ann", address: "ann@b.example", about: "Nurse, Clinic" }]);
});

test("the working day is shown, and whatever is before or after it", () => {
  assert.deepEqual(clocks(shown(told(person()))), [7, 19]);
  const early = { ...interval("05:30", "06:00"), status: "busy" };
  assert.deepEqual(clocks(shown({ ...told(person({ busy: [early] })), meeting: interval("20:00", "20:30") })), [5, 21]);
});

test("blocks stand where their time is, and are cut at the edges", () => {
  const whole = span(interval("08:00", "18:00"));
  assert.deepEqual(placed(span(interval("10:30", "11:00")), whole), { from: 0.25, length: 0.05 });
  assert.deepEqual(placed(span(interval("06:00", "09:00")), whole), { from: 0, length: 0.1 });
  assert.equal(placed(span(interval("06:00", "08:00")), whole), null);
});

test("what is not worked is shaded", () => {
  const whole = span(interval("07:00", "19:00"));
  const off = outside([span(interval("06:00", "12:00")), span(interval("13:00", "17:00"))], whole);
  assert.deepEqual(off.map((one) => clocks(one)), [[12, 13], [17, 19]]);
  assert.deepEqual(outside([], whole), [whole]);
  assert.deepEqual(outside([span(interval("20:00", "23:00"))], whole), [whole]);
});

test("hours are named by the clocks of the zone, on the day they leap too", () => {
  const day = span({ starts_at: "2026-03-29T00:00:00+01:00", ends_at: "2026-03-30T00:00:00+02:00" });
  const labels = marks(day, "Europe/Berlin").map((one) => one.label);
  assert.equal(labels.length, 23);
  assert.deepEqual(labels.slice(0, 4), ["00:00", "01:00", "03:00", "04:00"]);
});

test("a day is told in words as well", () => {
  const busy = [{ ...interval("10:00", "11:00"), status: "busy" }, { ...interval("12:00", "12:30"), status: "oof" }];
  assert.equal(described(person({ busy })), "Busy 10:00 to 11:00, Out of office 12:00 to 12:30. Works 08:00 to 17:00.");
  assert.equal(described(person({ hours: [] })), "Free all day. Does not work that day.");
  assert.match(described(person({ hours: null })), /Working hours are not known/);
  assert.match(described(stranger), /Not known/);
});

test("the worst is said of each, and the time by their own clocks where it is another", () => {
  assert.deepEqual([["busy", "tentative"], ["tentative"], ["elsewhere"], ["outside_hours"], []].map((conflicts) => verdict(person({ conflicts })).word), ["Busy", "Tentative", "Works elsewhere", "Free", "Free"]);
  assert.equal(verdict(stranger).word, "Unknown");
  assert.equal(local(person(), "Europe/Berlin"), "");
  assert.equal(local(person({ zone: "America/New_York", local_starts_at: "2026-11-24T04:00:00-05:00" }), "Europe/Berlin"), "04:00 New York");
  assert.equal(local(person({ zone: "", local_starts_at: null }), "Europe/Berlin"), "zone not known");
});

test("who can come is counted", () => {
  assert.equal(summary(told(person())), "1 of 1 person free");
  assert.equal(summary(told(person(), person({ conflicts: ["busy"] }), person({ is_outside_hours: true }), stranger)), "2 of 4 people free, 1 busy, 1 not known, 1 outside hours");
});

test("what speaks against a time is said by name", () => {
  const people = [person(), person({ name: "Bob" }), stranger];
  const one = (...conflicts) => against({ ...interval("10:00", "11:00"), is_good: true, conflicts }, people);
  assert.equal(one({ person: 2, reason: "unknown" }), "All who are known are free");
  assert.equal(against({ ...interval("10:00", "11:00"), is_good: true, conflicts: [] }, [person()]), "Everybody is free");
  assert.equal(one({ person: 0, reason: "busy" }, { person: 1, reason: "outside_hours" }), "Ann busy, Bob outside hours");
  assert.equal(one({ person: 0, reason: "busy" }, { person: 0, reason: "outside_hours" }, { person: 1, reason: "oof" }), "Ann busy, Ann outside hours and 1 more");
});

test("faults are told from what the form lacks", () => {
  assert.deepEqual(trouble(422, { errors: { ends_at: ["That is over already."] } }), { title: "", detail: "That is over already.", isFault: false });
  assert.deepEqual(trouble(409, { title: "No", detail: "Because" }), { title: "No", detail: "Because", isFault: true });
  assert.ok(trouble(0, null).isFault && /session/.test(trouble(401, null).title));
});
