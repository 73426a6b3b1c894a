// The encodings of `spec/encoding.md` for one-rule operations, written with viem: what `gas.mjs` sends.
import { concat, encodeAbiParameters, encodePacked, hashStruct, hashTypedData, keccak256, numberToHex, parseSignature, size, toHex } from "viem";
import { types } from "./types.mjs";

const domain = (verifyingContract, chainId) => ({ name: "Hallpass", version: "1", chainId: Number(chainId), verifyingContract });
export const structHash = (primaryType, data) => hashStruct({ data, primaryType, types });
const listHash = (primaryType, list) => keccak256(list.length === 0 ? "0x" : concat(list.map((item) => structHash(primaryType, item))));

export function minimal(value) {
  return value === 0n ? "0x00" : concat([numberToHex(size(toBytesHex(value)), { size: 1 }), toBytesHex(value)]);
}

function toBytesHex(value) {
  const digits = value.toString(16);
  return `0x${digits.length % 2 === 1 ? "0" : ""}${digits}`;
}

/** `transfer(address,uint256)` with `to == payee`, and the amount charged to `meter`. */
export function encodeChecks(payee, meter) {
  return concat(["0x04", "0x7202601f", "0x01", "0x01", "0x010000", `0x${payee.slice(2).padStart(64, "0")}`,
    "0x01", numberToHex(meter, { size: 2 }), "0x03", "0x010001"]);
}

/** `move(uint256,uint8)` of heroes 1 to 3, one counted by `meter` a call. */
export function encodeMoveChecks(meter) {
  return concat(["0x04", "0x72021f00", "0x01", "0x07", "0x010000", "0x03", ...[1, 2, 3].map((hero) => numberToHex(hero, { size: 32 })),
    "0x01", numberToHex(meter, { size: 2 }), "0x01"]);
}

export function transferArguments(to, amount) {
  return encodeAbiParameters([{ type: "address" }, { type: "uint256" }], [to, amount]);
}

export function installBytes(g) {
  return encodePacked(
    ["uint64", "address", "address", "uint64", "bytes16", "uint8", "uint8", "bytes", "uint48", "uint48", "uint64", "uint64", "uint8", "address", "bytes32", "bytes32", "bytes32"],
    [g.chainId, g.account, g.backend, g.epoch, g.salt, g.keyKind, size(g.key), g.key, g.notBefore, g.notAfter, g.firstSeq, g.endSeq, g.routes, g.relayer,
      listHash("CallRule", g.calls), listHash("Meter", g.meters), structHash("Rest", g.rest)],
  );
}

/** The grant's rest, opened. */
export function restBytes({ rest }) {
  const zero = `0x${"00".repeat(32)}`;
  const list = (name, type) => listHash(type, rest[name]);
  const addresses = (items) => concat([numberToHex(items.length, { size: 1 }), ...items]);
  const { unitsPerOp, feeToken, feePerOp, feeCap } = rest.gas;
  const parts = [
    [unitsPerOp + BigInt(feeToken) + feePerOp + feeCap !== 0n, () => encodePacked(["uint64", "address", "uint120", "uint120"], [unitsPerOp, feeToken, feePerOp, feeCap])],
    [BigInt(rest.ender) !== 0n, () => rest.ender],
    ...["login", "labels", "rpIdHash"].map((name) => [rest[name] !== zero, () => rest[name]]),
    ...["relayers", "paymasters"].map((name) => [rest[name].length > 0, () => addresses(rest[name])]),
    [rest.typed.length + rest.apps.length + rest.requires.length > 0, () => concat([list("typed", "TypedRule"), list("apps", "AppRule"), list("requires", "Require")])],
  ];
  const flags = parts.reduce((sum, [sent], bit) => sum | (sent ? 1 << bit : 0), 0);
  return concat([numberToHex(flags, { size: 1 }), ...parts.filter(([sent]) => sent).map(([, bytes]) => bytes())]);
}

export async function endSignature(signer, grant) {
  const message = { grant: structHash("Grant", grant) };
  return packed(await signer.signTypedData({ domain: domain(grant.backend, grant.chainId), types, primaryType: "End", message }));
}

/** r, s, v. */
const packed = (signature) => {
  const { r, s, yParity } = parseSignature(signature);
  return concat([r, s, numberToHex(27 + yParity, { size: 1 })]);
};

export async function ownerSignature(owner, grant) {
  const typed = { domain: domain(grant.backend, grant.chainId), types, primaryType: "Grant", message: grant };
  return packed(await owner.signTypedData(typed));
}

/** What the session key signs: `primaryType` in the SessionOp domain, as a digest. */
const digest = (g, primaryType, message) => hashTypedData({ domain: domain(g.account, g.chainId), types, primaryType, message });

/** The header, the rule of number 0 and the meter of number `opened` in full, all others by hash. */
function opening(g, opened, rest) {
  const [rule, ...rules] = g.calls;
  const meter = g.meters[opened];
  const meters = g.meters.filter((item) => item !== meter);
  return concat([
    encodePacked(["uint64", "uint64", "bytes16", "uint8", "bytes", "uint48", "uint48", "uint64", "uint64", "uint8"],
      [g.chainId, g.epoch, g.salt, g.keyKind, g.key, g.notBefore, g.notAfter, g.firstSeq, g.endSeq, g.routes]),
    ...(rest === undefined ? ["0x00", structHash("Rest", g.rest)] : ["0x80", rest]),
    numberToHex(g.calls.length, { size: 2 }), "0x01", "0x0000", rule.target, numberToHex(rule.signature.length, { size: 1 }), toHex(rule.signature),
    minimal(rule.maxValue), numberToHex(size(rule.checks), { size: 2 }), rule.checks, ...rules.map((item) => structHash("CallRule", item)),
    numberToHex(g.meters.length, { size: 2 }), "0x01", numberToHex(opened, { size: 2 }), meterBytes(meter),
    ...meters.map((item) => structHash("Meter", item)),
  ]);
}

const meterBytes = ({ id, what, token, cap, period, anchor }) =>
  encodePacked(["uint16", "uint8", "address", "uint120", "uint32", "uint48"], [id, what, token, cap, period, anchor]);

/** All meters of a grant, as `replace` takes them. */
export const metersBytes = (g) => concat(g.meters.map(meterBytes));

/** The bytes for `execute`, with the rule of number 0 and the meter of number `opened` (0 or 1) opened. `sign` is given the digest. */
export async function wire(sign, g, op, opened = 0) {
  const calls = concat(op.calls.map((call) =>
    concat([numberToHex(call.rule, { size: 2 }), numberToHex(call.gasFloor, { size: 4 }), minimal(call.value), numberToHex(size(call.arguments), { size: 3 }), call.arguments])));
  const message = { grant: structHash("Grant", g), nonce: op.sequence, validFrom: op.validFrom, validUntil: op.validUntil, relayer: g.relayer, maxFee: 0n, calls };
  return concat([
    opening(g, opened), numberToHex(op.sequence, { size: 32 }), numberToHex(op.validFrom, { size: 6 }), numberToHex(op.validUntil, { size: 6 }), "0x00",
    numberToHex(size(calls), { size: 3 }), calls, await sign(digest(g, "SessionOp", message)),
  ]);
}

/** The signature of a session's user operation of one call, by the rule of number 0, its fees opened. */
export async function userOpSignature(sign, g, { validFrom, validUntil }, userOpHash) {
  const message = { grant: structHash("Grant", g), validFrom, validUntil, rules: [0], userOpHash };
  return concat([
    "0x01", opening(g, 0, restBytes(g)), numberToHex(validFrom, { size: 6 }), numberToHex(validUntil, { size: 6 }), "0x010000",
    await sign(digest(g, "SessionUserOp", message)),
  ]);
}

/** A secp256k1 account of viem's as the signer of digests: r, s, v. */
export const secp256k1 = (account) => async (hash) => packed(await account.sign({ hash }));

export async function replaceSignature(owner, from, to) {
  const message = { from: structHash("Grant", from), to };
  return packed(await owner.signTypedData({ domain: domain(to.backend, to.chainId), types, primaryType: "Replace", message }));
}
