// Our own rows on the direct route. A row that uses a grant is one `use(...)`; what it leaves out is that of the steady row: a
// 7702 account, one rule for the token's transfer to one recipient, one meter with a cap a day, one call, the third use.
import { createPrivateKey, createPublicKey, sign as signWith } from "node:crypto";
import { concat, encodeAbiParameters, encodeFunctionData, keccak256, numberToHex, pad, toBytes, toFunctionSelector, toHex } from "viem";
import {
  encodeChecks, encodeMoveChecks, endSignature, installBytes, metersBytes, ownerSignature, replaceSignature, restBytes, secp256k1, structHash,
  transferArguments, userOpSignature, wire,
} from "../wire.mjs";
import { chainId } from "./anvil.mjs";
import { deployEntryPoint, deposit, handleOp } from "./entrypoint.mjs";
import { amount, artifact, now, payee, transferData } from "./world.mjs";

const zero = (bytes) => `0x${"00".repeat(bytes)}`;
const { abi } = artifact("Hallpass7702");
const many = (count, make) => Array.from({ length: count }, (_, i) => make(i));

// --- what grants are made of

const transferRule = (world, to = payee) => ({ target: world.token, signature: "transfer(address,uint256)", maxValue: 0n, checks: encodeChecks(to, 0) });
/** The transfer's rule, and behind it `count - 1` that are not used, each for a recipient of its own. */
const transferRules = (count) => (world) => many(count, (i) => transferRule(world, i === 0 ? payee : `0x${String(i).padStart(40, "1")}`));
const tokenMeter = (world, id = 0) => ({ id, what: 2, token: world.token, cap: 25_000_000n, period: 86_400, anchor: now - 7_000 });
const callsMeter = (id) => ({ id, what: 3, token: zero(20), cap: 100n, period: 86_400, anchor: now - 7_000 });
const call = (bytes) => ({ rule: 0, gasFloor: 60_000, value: 0n, arguments: bytes });
const transfer = call(transferArguments(payee, amount));
const moveArguments = encodeAbiParameters([{ type: "uint256" }, { type: "uint8" }], [2n, 1]);
const moveRule = ({ game }, meter) => ({ target: game, signature: "move(uint256,uint8)", maxValue: 0n, checks: encodeMoveChecks(meter) });

// --- who holds it

const bySecp256k1 = (world) => ({ keyKind: 1, key: world.session.address, sign: secp256k1(world.session) });

/** A P-256 key as a browser has it: what it signs it hashes by SHA-256, and s is brought to its low half. */
function byP256() {
  // RFC 5915, of the same scalar in every run. Deterministic signatures (RFC 6979) are not node's, so signatures are counted at
  // their full length: r and s are words wherever they are short.
  const scalar = "c4".repeat(32);
  const der = Buffer.from(`30310201010420${scalar}a00a06082a8648ce3d030107`, "hex");
  const secret = createPrivateKey({ key: der, format: "der", type: "sec1" });
  const { x, y } = createPublicKey(secret).export({ format: "jwk" });
  const word = (text) => toHex(Buffer.from(text, "base64url"), { size: 32 });
  const order = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n;
  const whole = (hex) => !toBytes(hex).includes(0);
  const sign = (hash) => {
    for (;;) {
      const rs = toHex(signWith("sha256", toBytes(hash), { key: secret, dsaEncoding: "ieee-p1363" }));
      const s = BigInt(`0x${rs.slice(66)}`);
      const signature = concat([rs.slice(0, 66), numberToHex(s > order / 2n ? order - s : s, { size: 32 })]);
      // A zero byte costs 12 gas less: one without is the same in every run.
      if (whole(signature)) return signature;
    }
  };
  return { keyKind: 2, key: concat([word(x), word(y)]), sign };
}

// --- where a session lives

async function on7702(world) {
  const backend = await world.deploy("Hallpass7702");
  return { backend, account: await world.delegate(backend) };
}

async function inPocket(world) {
  const { backend, account } = await openPocket(world);
  await world.fund(account);
  return { backend, account };
}

async function openPocket(world) {
  const backend = await world.deploy("HallpassPocket");
  const factory = await world.deploy("HallpassFactory", [{ type: "address" }], [backend]);
  const { abi: factoryAbi } = artifact("HallpassFactory");
  const args = [world.owner.address, 0n];
  const account = await world.client.readContract({ address: factory, abi: factoryAbi, functionName: "pocketOf", args });
  const receipt = await world.send({ to: factory, data: encodeFunctionData({ abi: factoryAbi, functionName: "open", args }) });
  return { backend, account, receipt };
}

/** OpenZeppelin's account with the module as its executor, which is written into its set: no owner installs it here. */
async function on7579(world) {
  const backend = await world.deploy("HallpassModule");
  const account = await world.deploy("Erc7579Account");
  await world.fund(account);
  const index = keccak256(concat([pad(backend), numberToHex(3, { size: 32 })]));
  await world.client.setStorageAt({ address: account, index, value: numberToHex(1, { size: 32 }) });
  await world.client.impersonateAccount({ address: account });
  await world.client.setBalance({ address: account, value: 10n ** 18n });
  const { abi: moduleAbi } = artifact("HallpassModule");
  const send = (functionName, args) => ({ to: backend, data: encodeFunctionData({ abi: moduleAbi, functionName, args }) });
  return {
    backend, account,
    install: (grant) => world.send({ from: account, ...send("install", [installBytes(grant), "0x"]) }),
    execute: (bytes) => world.send(send("execute", [account, bytes])),
  };
}

async function besideGame(world) {
  const home = await on7702(world);
  return { ...home, game: await deployGame(world) };
}

const deployGame = (world) => world.deploy("ArenaGame", [{ type: "address" }], [world.token]);

// --- what is done there

function grantOf(world, { account, backend }, rules, meters, { keyKind, key } = bySecp256k1(world)) {
  return {
    chainId: BigInt(chainId), account, backend, epoch: 0n, salt: `0x${"01".repeat(16)}`,
    keyKind, key, notBefore: now - 3_600, notAfter: now + 86_400, firstSeq: 1n, endSeq: 1n << 32n, routes: 1,
    relayer: zero(20), calls: rules, meters,
    rest: {
      gas: { unitsPerOp: 1_000_000n, feeToken: payee, feePerOp: 0n, feeCap: 0n }, ender: world.ender.address, login: zero(32), labels: zero(32),
      rpIdHash: zero(32), relayers: [], paymasters: [], typed: [], apps: [], requires: [],
    },
  };
}

const sendTo = (world, account, functionName, args) => world.send({ to: account, data: encodeFunctionData({ abi, functionName, args }) });

async function install(world, grant) {
  return sendTo(world, grant.account, "install", [installBytes(grant), await ownerSignature(world.owner, grant)]);
}

/** A row that installs a grant and measures its `nth` use. */
function use(name, what, { home = on7702, rules = transferRules(1), meters = (world) => [tokenMeter(world)], calls = [transfer], opened = 0, nth = 3, holder = bySecp256k1 } = {}) {
  const run = async (world) => {
    const place = await home(world);
    const held = holder(world);
    const grant = grantOf(world, place, rules(world, place), meters(world), held);
    await (place.install ?? ((it) => install(world, it)))(grant);
    const execute = place.execute ?? ((bytes) => sendTo(world, grant.account, "execute", [bytes]));
    let receipt;
    for (let sequence = 1n; sequence <= BigInt(nth); sequence += 1n) {
      const op = { sequence, validFrom: now - 60, validUntil: now + 500, calls };
      receipt = await execute(await wire(held.sign, grant, op, opened));
    }
    return receipt;
  };
  return { name, what, run };
}

/** A row that installs a grant and measures what `act` then sends. */
function after(name, what, act) {
  const run = async (world) => {
    const grant = grantOf(world, await on7702(world), transferRules(1)(world), [tokenMeter(world)]);
    const installed = await install(world, grant);
    return act(world, grant, installed);
  };
  return { name, what, run };
}

/** The steady row's grant by EntryPoint 0.8, its fees paid from the account's deposit and counted; the third operation. */
async function entryPoint(world) {
  await deployEntryPoint(world);
  const place = await on7702(world);
  const grant = { ...grantOf(world, place, transferRules(1)(world), [tokenMeter(world)]), firstSeq: 0n, routes: 5 };
  grant.rest = { ...grant.rest, gas: { unitsPerOp: 1_000_000n, feeToken: zero(20), feePerOp: 10n ** 16n, feeCap: 10n ** 18n } };
  await install(world, grant);
  await deposit(world, grant.account);
  const calls = [{ target: world.token, value: 0n, data: transferData() }];
  const batch = encodeAbiParameters([{ type: "tuple[]", components: [{ name: "target", type: "address" }, { name: "value", type: "uint256" }, { name: "data", type: "bytes" }] }], [calls]);
  const callData = encodeFunctionData({ abi, functionName: "execute", args: [`0x01${"00".repeat(31)}`, batch] });
  const times = { validFrom: now - 60, validUntil: now + 500 };
  const sign = (hash) => userOpSignature(secp256k1(world.session), grant, times, hash);
  const op = { sender: grant.account, callData };
  await handleOp(world, op, sign);
  await handleOp(world, op, sign);
  return handleOp(world, op, sign);
}

async function move(world) {
  const step = { to: await deployGame(world), data: concat([toFunctionSelector("move(uint256,uint8)"), moveArguments]) };
  await world.send(step);
  await world.send(step);
  return world.send(step);
}

export const rows = [
  use("hallpass_7702_first", "first use of a grant that was installed before", { nth: 1 }),
  use("hallpass_7702_steady", "third use; expiry, target, selector, recipient, cap a day"),
  use("hallpass_7702_rules_5", "the same, five rules and five meters in the grant", {
    rules: transferRules(5), meters: (world) => many(5, (id) => tokenMeter(world, id)),
  }),
  use("hallpass_7702_rules_20", "the same, twenty rules in the grant that share one meter", { rules: transferRules(20) }),
  ...[2, 5, 20].map((count) => use(`hallpass_7702_batch${count}`, `the same, ${count} transfers in one operation`, { calls: many(count, () => transfer) })),
  use("hallpass_7702_p256", "the same, a P-256 session key", { holder: byP256 }),
  use("hallpass_pocket_steady", "the same, from a pocket", { home: inPocket }),
  use("hallpass_7579_relay_steady", "the same, by the module of OpenZeppelin's ERC-7579 account", { home: on7579 }),
  { name: "hallpass_ep08_steady", what: "the same through EntryPoint 0.8, one operation a bundle, its fee counted", run: entryPoint },
  after("hallpass_install", "a grant installed, the owner's signature relayed", (world, grant, installed) => installed),
  after("hallpass_install_next", "the same, where an earlier grant's salt has opened the salts' slot", (world, grant) =>
    install(world, { ...grant, salt: `0x${"01".repeat(15)}02` })),
  after("hallpass_replace", "a grant replaced by one of half the cap, the owner's signature relayed", async (world, grant) => {
    const to = { ...grant, meters: grant.meters.map((meter) => ({ ...meter, cap: meter.cap / 2n })) };
    const signature = await replaceSignature(world.owner, grant, to);
    return sendTo(world, grant.account, "replace", [installBytes(grant), metersBytes(grant), installBytes(to), metersBytes(to), signature]);
  }),
  after("hallpass_end", "a grant ended, the owner's signature relayed", async (world, grant) =>
    sendTo(world, grant.account, "end", [structHash("Grant", grant), await endSignature(world.owner, grant)])),
  after("hallpass_end_by_ender", "a grant ended, the ender's signature relayed", async (world, grant) =>
    sendTo(world, grant.account, "endFor", [installBytes(grant), restBytes(grant), await endSignature(world.ender, grant)])),
  { name: "hallpass_pocket_open", what: "a pocket opened", run: async (world) => (await openPocket(world)).receipt },
  { name: "eoa_move", what: "`move` of the demo's game, sent by an EOA", run: move },
  use("hallpass_7702_move", "the same by a session, counted by the grant's first meter", {
    home: besideGame, rules: (world, place) => [moveRule(place, 0)], meters: () => [callsMeter(0)], calls: [call(moveArguments)],
  }),
  use("hallpass_7702_move_second_meter", "the same, counted by the second meter", {
    home: besideGame, rules: (world, place) => [moveRule(place, 1), transferRule(world)], meters: (world) => [tokenMeter(world), callsMeter(1)],
    calls: [call(moveArguments)], opened: 1,
  }),
];
