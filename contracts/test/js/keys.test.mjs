// Node's crypto accepts the signatures of `keys.json`, which `Keys.t.sol` has as constants. The key is that of RFC 6979, A.2.5.
import assert from "node:assert/strict";
import { createHash, createPublicKey, verify } from "node:crypto";
import { readFileSync } from "node:fs";

const read = (name) => readFileSync(new URL(name, import.meta.url), "utf8");
const vector = JSON.parse(read("keys.json"));
const bytes = (hex) => Buffer.from(hex, "hex");
const sha256 = (data) => createHash("sha256").update(data).digest();
const coordinate = (hex) => bytes(hex).toString("base64url");
const key = createPublicKey({
  key: { kty: "EC", crv: "P-256", x: coordinate(vector.x), y: coordinate(vector.y) }, format: "jwk",
});
const signed = (message, signature) =>
  verify("sha256", message, { key, dsaEncoding: "ieee-p1363" }, bytes(signature));

const digest = bytes(vector.digest);
assert(signed(digest, vector.p256));

const data = bytes(vector.authenticatorData);
assert(data.subarray(0, 32).equals(sha256(vector.rpId)));
const client = `{"type":"webauthn.get","challenge":"${digest.toString("base64url")}"${vector.tail}`;
assert.equal(JSON.parse(client).challenge, digest.toString("base64url"));
assert(signed(Buffer.concat([data, sha256(client)]), vector.webAuthn));

const source = read("../unit/Keys.t.sol");
for (const name of ["x", "y", "digest", "p256", "webAuthn"]) assert(source.includes(vector[name]), name);
console.log("keys: node's crypto agrees with the vectors");
