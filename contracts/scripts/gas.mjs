// Measures whole transactions on a local anvil (osaka): `node scripts/gas.mjs`; prints one JSON object, gas by case, and
// writes it to `gas.json`. Every "7702" and "pocket" row is the third use of a grant.
import { spawn } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { concat, createTestClient, encodeAbiParameters, encodeFunctionData, http, parseAbi, publicActions, toFunctionSelector, walletActions } from "viem";
import { mnemonicToAccount, privateKeyToAccount } from "viem/accounts";
import { native } from "../tools/native.cjs";
import {
  encodeChecks, encodeMoveChecks, endSignature, installBytes, ownerSignature, restBytes, structHash, transferArguments, wire,
} from "./wire.mjs";

const root = join(dirname(fileURLToPath(import.meta.url)), "..");
const artifact = (name) => JSON.parse(readFileSync(join(root, "artifacts", `${name}.json`), "utf8"));
const chainId = 31337;
// Fixed, so that the calldata and with it every figure is the same in every run.
const now = 1_800_000_000;

/** A port that was free a moment ago. */
function freePort() {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.on("error", reject);
    server.listen(0, "127.0.0.1", () => {
      const { port } = server.address();
      server.close(() => resolve(port));
    });
  });
}

const port = await freePort();
const anvil = spawn(native("anvil"), ["--port", String(port), "--hardfork", "osaka", "--timestamp", String(now), "--quiet"], {
  stdio: ["ignore", "inherit", "inherit"],
});

try {
  await measure();
} finally {
  anvil.kill("SIGTERM");
}

async function measure() {
  const chain = { id: chainId, name: "anvil", nativeCurrency: { name: "Ether", symbol: "ETH", decimals: 18 }, rpcUrls: { default: { http: [] } } };
  const transport = http(`http://127.0.0.1:${port}`);
  const relayer = mnemonicToAccount("test test test test test test test test test test test junk");
  const client = createTestClient({ account: relayer, chain, mode: "anvil", transport, pollingInterval: 20 })
    .extend(publicActions)
    .extend(walletActions);
  for (let tries = 0; ; tries += 1) {
    try {
      await client.getChainId();
      break;
    } catch (error) {
      if (tries === 100) throw error;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }

  const send = async (transaction) => {
    const hash = await client.sendTransaction({ gas: 5_000_000n, ...transaction });
    const receipt = await client.waitForTransactionReceipt({ hash });
    if (receipt.status !== "success") {
      await client.call({ ...transaction, gas: 5_000_000n });
      throw new Error("reverted");
    }
    return receipt;
  };
  const deploy = async (name, types = [], values = []) => {
    const data = artifact(name).bytecode + encodeAbiParameters(types, values).slice(2);
    return (await send({ data })).contractAddress;
  };

  const token = await deploy("ArenaToken", [{ type: "uint256" }], [10n ** 15n]);
  const backend = await deploy("Hallpass7702");
  const pocketBackend = await deploy("HallpassPocket");
  const factory = await deploy("HallpassFactory", [{ type: "address" }], [pocketBackend]);
  const erc20 = parseAbi(["function transfer(address to, uint256 amount) returns (bool)"]);
  const abi = artifact("Hallpass7702").abi;
  const factoryAbi = artifact("HallpassFactory").abi;

  const owner = privateKeyToAccount(`0x${"a1".repeat(32)}`);
  const session = privateKeyToAccount(`0x${"b2".repeat(32)}`);
  const ender = privateKeyToAccount(`0x${"c3".repeat(32)}`);
  const payee = "0x51f0000000000000000000000000000000beef51";
  const transfer = (to, amount) => encodeFunctionData({ abi: erc20, functionName: "transfer", args: [to, amount] });
  const account = owner.address;
  const pocket = await client.readContract({ address: factory, abi: factoryAbi, functionName: "pocketOf", args: [account, 0n] });

  await send({ to: token, data: transfer(payee, 1n) });
  for (const to of [account, pocket]) await send({ to: token, data: transfer(to, 10n ** 12n) });
  const gas = {};
  gas.plainTransfer = Number((await send({ to: token, data: transfer(payee, 5n) })).gasUsed);

  const authorization = await owner.signAuthorization({ contractAddress: backend, chainId, nonce: 0 });
  await send({ to: account, authorizationList: [authorization] });

  const rule = { target: token, signature: "transfer(address,uint256)", maxValue: 0n, checks: encodeChecks(payee, 0) };
  const meter = { id: 0, what: 2, token, cap: 25_000_000n, period: 86_400, anchor: now - 7_000 };
  const spare = (i) => ({ ...rule, checks: encodeChecks(`0x${String(i).padStart(40, "1")}`, 0) });
  const grantOf = (salt, home, implementation, rules, meters) => ({
    chainId: BigInt(chainId), account: home, backend: implementation, epoch: 0n, salt: `0x${salt.toString(16).padStart(2, "0").repeat(16)}`,
    keyKind: 1, key: session.address, notBefore: now - 3_600, notAfter: now + 86_400, firstSeq: 1n, endSeq: 1n << 32n, routes: 1,
    relayer: "0x0000000000000000000000000000000000000000", calls: rules, meters,
    rest: { gas: { unitsPerOp: 1_000_000n, feeToken: payee, feePerOp: 0n, feeCap: 0n }, ender: ender.address, login: `0x${"00".repeat(32)}`, labels: `0x${"00".repeat(32)}`,
      rpIdHash: `0x${"00".repeat(32)}`, relayers: [], paymasters: [], typed: [], apps: [], requires: [] },
  });

  const run = async (name, salt, home, implementation, rules, meters, calls, opened = 0) => {
    const grant = grantOf(salt, home, implementation, rules, meters);
    const data = encodeFunctionData({ abi, functionName: "install", args: [installBytes(grant), await ownerSignature(owner, grant)] });
    gas[`${name}: install`] = Number((await send({ to: home, data })).gasUsed);
    for (let i = 1; i <= 3; i += 1) {
      const bytes = await wire(session, grant, { sequence: BigInt(i), validFrom: now - 60, validUntil: now + 500, calls }, opened);
      const used = Number((await send({ to: home, data: encodeFunctionData({ abi, functionName: "execute", args: [bytes] }) })).gasUsed);
      if (i === 3) gas[name] = used;
    }
  };
  const one = [{ rule: 0, gasFloor: 60_000, value: 0n, arguments: transferArguments(payee, 5n) }];
  await run("7702 transfer", 1, account, backend, [rule], [meter], one);
  await run("7702 transfer, 5 rules and meters", 2, account, backend, [rule, ...[1, 2, 3, 4].map(spare)], [0, 1, 2, 3, 4].map((id) => ({ ...meter, id })), one);
  await run("7702 transfer, 20 rules", 3, account, backend, [rule, ...Array.from({ length: 19 }, (_, i) => spare(i + 1))], [meter], one);
  await run("7702 batch of 5", 4, account, backend, [rule], [meter], Array(5).fill(one[0]));
  const game = await deploy("ArenaGame", [{ type: "address" }], [token]);
  const move = encodeAbiParameters([{ type: "uint256" }, { type: "uint8" }], [2n, 1]);
  for (let i = 1; i <= 3; i += 1) gas.plainMove = Number((await send({ to: game, data: concat([toFunctionSelector("move(uint256,uint8)"), move]) })).gasUsed);
  const moves = { target: game, signature: "move(uint256,uint8)", maxValue: 0n, checks: encodeMoveChecks(0) };
  const calls = { id: 0, what: 3, token: `0x${"00".repeat(20)}`, cap: 100n, period: 86_400, anchor: now - 7_000 };
  const step = [{ rule: 0, gasFloor: 60_000, value: 0n, arguments: move }];
  await run("7702 move, first meter", 6, account, backend, [moves], [calls], step);
  await run("7702 move, second meter", 7, account, backend, [{ ...moves, checks: encodeMoveChecks(1) }, rule], [meter, { ...calls, id: 1 }], step, 1);
  gas["open pocket"] = Number((await send({ to: factory, data: encodeFunctionData({ abi: factoryAbi, functionName: "open", args: [account, 0n] }) })).gasUsed);
  await run("pocket transfer", 5, pocket, pocketBackend, [rule], [meter], one);
  const ends = async (name, salt, call) => {
    const grant = grantOf(salt, account, backend, [rule], [meter]);
    const data = encodeFunctionData({ abi, functionName: "install", args: [installBytes(grant), await ownerSignature(owner, grant)] });
    await send({ to: account, data });
    gas[name] = Number((await send({ to: account, data: encodeFunctionData({ abi, ...(await call(grant)) }) })).gasUsed);
  };
  await ends("end, owner's signature relayed", 8, async (grant) => ({ functionName: "end", args: [structHash("Grant", grant), await endSignature(owner, grant)] }));
  await ends("end, ender's signature relayed", 9, async (grant) => ({ functionName: "endFor", args: [installBytes(grant), restBytes(grant), await endSignature(ender, grant)] }));
  const text = `${JSON.stringify(gas, null, 1)}\n`;
  writeFileSync(join(root, "gas.json"), text);
  process.stdout.write(text);
}
