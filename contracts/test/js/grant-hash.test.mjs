// viem and the Solidity oracle agree on one grant: `Vector.t.sol` asserts the same hash for the same grant.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { types } from "../../scripts/types.mjs";
import { hashes } from "./grant-hash.mjs";

const vector = JSON.parse(readFileSync(new URL("vector.json", import.meta.url), "utf8"));
const found = hashes({ ...vector, types });
assert.deepEqual(found, vector.expected);
console.log("grant-hash: viem agrees with the vector");
