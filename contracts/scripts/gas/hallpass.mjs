// Our own rows on the direct route. A row that uses a grant is one `use(...)`; what it leaves out is that of the steady row: a
// 7702 account, one rule for the token's transfer to one recipient, one meter with a cap a day, one call, the third use.
import { concat, encodeAbiParameters, encodeFunctionData, toFunctionSelector } from "viem";
import {
  encodeChecks, encodeMoveChecks, endSignature, installBytes, ownerSignature, restBytes, structHash, transferArguments, wire,
} from "../wire.mjs";
import { chainId } from "./anvil.mjs";
import { amount, artifact, now, payee } from "./world.mjs";

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

async function besideGame(world) {
  const home = await on7702(world);
  return { ...home, game: await deployGame(world) };
}

const deployGame = (world) => world.deploy("ArenaGame", [{ type: "address" }], [world.token]);

// --- what is done there

function grantOf(world, { account, backend }, rules, meters) {
  return {
    chainId: BigInt(chainId), account, backend, epoch: 0n, salt: `0x${"01".repeat(16)}`,
    keyKind: 1, key: world.session.address, notBefore: now - 3_600, notAfter: now + 86_400, firstSeq: 1n, endSeq: 1n << 32n, routes: 1,
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
function use(name, what, { home = on7702, rules = transferRules(1), meters = (world) => [tokenMeter(world)], calls = [transfer], opened = 0, nth = 3 } = {}) {
  const run = async (world) => {
    const place = await home(world);
    const grant = grantOf(world, place, rules(world, place), meters(world));
    await install(world, grant);
    let receipt;
    for (let sequence = 1n; sequence <= BigInt(nth); sequence += 1n) {
      const op = { sequence, validFrom: now - 60, validUntil: now + 500, calls };
      receipt = await sendTo(world, grant.account, "execute", [await wire(world.session, grant, op, opened)]);
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
  use("hallpass_pocket_steady", "the same, from a pocket", { home: inPocket }),
  after("hallpass_install", "a grant installed, the owner's signature relayed", (world, grant, installed) => installed),
  after("hallpass_install_next", "the same, where an earlier grant's salt has opened the salts' slot", (world, grant) =>
    install(world, { ...grant, salt: `0x${"01".repeat(15)}02` })),
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
