import assert from "node:assert/strict";
import { test } from "node:test";
import { faults } from "./snapshot.mjs";

const snapshot = { a: 60_000, b: 33_861 };

test("the same figures pass", () => assert.deepEqual(faults(snapshot, { ...snapshot }), []));

test("a rise of exactly 1 % passes, one unit more does not", () => {
  assert.deepEqual(faults(snapshot, { ...snapshot, a: 60_600 }), []);
  assert.deepEqual(faults(snapshot, { ...snapshot, a: 60_601 }), ["a rose from 60000 to 60601, over 1 %"]);
});

test("a fall passes", () => assert.deepEqual(faults(snapshot, { ...snapshot, a: 30_000 }), []));

test("a row that only one side has does not pass", () => {
  assert.deepEqual(faults(snapshot, { a: 60_000 }), ["b is in the snapshot and was not measured"]);
  assert.deepEqual(faults({ a: 60_000 }, snapshot), ["b was measured and is not in the snapshot"]);
  assert.equal(faults({}, snapshot).length, 2);
});

test("a snapshot without a figure does not pass", () => {
  assert.deepEqual(faults({ a: null }, { a: 1 }), ["a has no figure in the snapshot"]);
  assert.deepEqual(faults({ a: "60000" }, { a: 60_000 }), ["a has no figure in the snapshot"]);
});
