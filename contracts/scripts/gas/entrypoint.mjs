// ERC-4337 EntryPoint 0.8 and the two sample accounts of its authors: npm @account-abstraction/contracts 0.8.0, the bytecode of
// its artifacts as it is. They have no session keys: the owner's key signs, and nothing bounds what it may do.
//
// One operation a bundle, sent by an EOA that is its own beneficiary; the account's deposit pays. Each row is the third operation.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { concat, encodeFunctionData, numberToHex, pad } from "viem";
import { transferData } from "./world.mjs";

export const entryPointAddress = "0x4337084D9E255Ff0702461CF8895CE9E3b5Ff108";
/** With it the artifact's bytecode lands at the canonical address. */
const entryPointSalt = "0x0a59dbff790c23c976a548690c27297883cc66b4c67024f9117b0238995e35e9";
const plainSalt = `0x${"00".repeat(32)}`;

const require = createRequire(import.meta.url);
const artifact = (name) => JSON.parse(readFileSync(require.resolve(`@account-abstraction/contracts/artifacts/${name}.json`), "utf8"));
const { abi: entryPointAbi, bytecode: entryPointCode } = artifact("EntryPoint");

export const rows = [
  { name: "simple7702_ep08", what: "Simple7702Account through EntryPoint 0.8, the owner's signature, no bounds", run: simple7702 },
  { name: "simpleaccount_ep08", what: "SimpleAccount (ERC-1967 proxy) through EntryPoint 0.8, the owner's signature, no bounds", run: simpleAccount },
];

/** EntryPoint 0.8 at its canonical address. */
export async function deployEntryPoint(world) {
  const address = await world.deploy2(entryPointCode, entryPointSalt);
  if (address !== entryPointAddress) throw new Error(`EntryPoint 0.8 landed at ${address}`);
}

/** Pays for an account's operations in advance. */
export function deposit(world, account) {
  const data = encodeFunctionData({ abi: entryPointAbi, functionName: "depositTo", args: [account] });
  return world.send({ to: entryPointAddress, data, value: 10n ** 18n });
}

/**
 * Sends one operation in a bundle of its own: `sign` is given its `userOpHash` and answers with the signature. Demands that the
 * operation succeeded, which the bundle's own status does not say.
 */
export async function handleOp(world, { sender, callData, initCode = "0x", nonceKey = 0n }, sign) {
  const read = (functionName, args) => world.client.readContract({ address: entryPointAddress, abi: entryPointAbi, functionName, args });
  const halves = (high, low) => concat([numberToHex(high, { size: 16 }), numberToHex(low, { size: 16 })]);
  const op = {
    sender, nonce: await read("getNonce", [sender, nonceKey]), initCode, callData,
    accountGasLimits: halves(initCode === "0x" ? 150_000n : 500_000n, 150_000n), preVerificationGas: 50_000n,
    gasFees: halves(1_000_000_000n, 2_000_000_000n), paymasterAndData: "0x", signature: "0x",
  };
  op.signature = await sign(await read("getUserOpHash", [op]));
  const args = [[op], world.relayer.address];
  const receipt = await world.send({ to: entryPointAddress, data: encodeFunctionData({ abi: entryPointAbi, functionName: "handleOps", args }) });
  const [event] = await world.client.getContractEvents({ address: entryPointAddress, abi: entryPointAbi, eventName: "UserOperationEvent", blockHash: receipt.blockHash });
  if (!event.args.success) throw new Error("the user operation reverted");
  return receipt;
}

async function simple7702(world) {
  await deployEntryPoint(world);
  const { abi, bytecode } = artifact("Simple7702Account");
  const sender = await world.delegate(await world.deploy2(bytecode, plainSalt));
  await deposit(world, sender);
  return thrice(world, { sender, callData: execute(world, abi) });
}

async function simpleAccount(world) {
  await deployEntryPoint(world);
  const { abi, bytecode } = artifact("SimpleAccountFactory");
  const factory = await world.deploy2(concat([bytecode, pad(entryPointAddress)]), plainSalt);
  const args = [world.owner.address, 0n];
  const sender = await world.client.readContract({ address: factory, abi, functionName: "getAddress", args });
  await world.fund(sender);
  await deposit(world, sender);
  // The factory serves the EntryPoint alone: the first operation creates the account.
  const initCode = concat([factory, encodeFunctionData({ abi, functionName: "createAccount", args })]);
  return thrice(world, { sender, callData: execute(world, artifact("SimpleAccount").abi) }, initCode);
}

const execute = (world, abi) => encodeFunctionData({ abi, functionName: "execute", args: [world.token, 0n, transferData()] });

async function thrice(world, op, initCode = "0x") {
  const sign = (hash) => world.owner.sign({ hash });
  await handleOp(world, { ...op, initCode }, sign);
  await handleOp(world, op, sign);
  return handleOp(world, op, sign);
}
