// What all rows share: the chain, the keys, the token, the funded recipient; sending, deploying and undoing.
//
// Every row starts from the same state (`atBase`), so that neither its place in the table nor a row more changes its gas.
import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import {
  concat, createTestClient, encodeAbiParameters, encodeFunctionData, getContractAddress, http, parseAbi, publicActions, walletActions,
} from "viem";
import { mnemonicToAccount, privateKeyToAccount } from "viem/accounts";
import { chainId, startAnvil } from "./anvil.mjs";

/** Block time at the start, Unix seconds. Fixed, as all keys are: calldata, and with it every figure, is the same in every run. */
export const now = 1_800_000_000;
/** Holds the token before any row: a first receipt would cost 17,100 more. */
export const payee = "0x51f0000000000000000000000000000000beef51";
/** What each transfer moves, in the token's smallest unit. */
export const amount = 5n;
/** Keyless, the same on every chain, and part of anvil's genesis: https://github.com/Arachnid/deterministic-deployment-proxy */
export const create2Deployer = "0x4e59b44847b379578588920cA78FbF26c0B4956C";

const root = join(dirname(fileURLToPath(import.meta.url)), "..", "..");
const key = (byte) => privateKeyToAccount(`0x${byte.repeat(32)}`);
const erc20 = parseAbi(["function transfer(address to, uint256 amount) returns (bool)"]);
const gas = 12_000_000n;
const fees = { maxFeePerGas: 20_000_000_000n, maxPriorityFeePerGas: 1_000_000_000n };

/** Calldata of the token's transfer. */
export const transferData = (to = payee, value = amount) => encodeFunctionData({ abi: erc20, functionName: "transfer", args: [to, value] });

/** A committed artifact of ours. */
export const artifact = (name) => JSON.parse(readFileSync(join(root, "artifacts", `${name}.json`), "utf8"));

/** Starts the chain, which keeps the `steps` of transactions if they are to be broken down, and puts on it what all rows share. */
export async function createWorld({ steps = false } = {}) {
  const anvil = await startAnvil(now, { steps });
  try {
    const world = new World(anvil);
    await world.prepare();
    return world;
  } catch (error) {
    await anvil.stop();
    throw error;
  }
}

class World {
  /** Sends every transaction that no row says otherwise about: relayer, bundler, plain EOA. Holds tokens. */
  relayer = mnemonicToAccount("test test test test test test test test test test test junk");
  /** Owns the accounts. */
  owner = key("a1");
  /** The session key. Has ether, for the frameworks in which it sends by itself. */
  session = key("b2");
  /** May end grants. */
  ender = key("c3");

  constructor({ url, stop }) {
    const chain = { id: chainId, name: "anvil", nativeCurrency: { name: "Ether", symbol: "ETH", decimals: 18 }, rpcUrls: { default: { http: [url] } } };
    this.stop = stop;
    this.client = createTestClient({ account: this.relayer, chain, mode: "anvil", transport: http(url, { maxResponseBodySize: false }) })
      .extend(publicActions)
      .extend(walletActions);
  }

  async prepare() {
    await this.client.setBlockTimestampInterval({ interval: 1 });
    await this.client.setBalance({ address: this.session.address, value: 10n ** 18n });
    this.token = await this.deploy("ArenaToken", [{ type: "uint256" }], [10n ** 15n]);
    await this.fund(payee, 1n);
    this.base = await this.client.snapshot();
  }

  /** Undoes all that rows did, then runs one. */
  async atBase(row) {
    await this.client.revert({ id: this.base });
    // Reverting uses a snapshot up.
    this.base = await this.client.snapshot();
    return row.run(this);
  }

  /** Sends a transaction, the relayer's unless `from` is given, and demands success. */
  async send({ from = this.relayer, ...transaction }) {
    const hash = await this.client.sendTransaction({ account: from, gas, ...fees, ...transaction });
    await this.client.mine({ blocks: 1 });
    const receipt = await this.client.getTransactionReceipt({ hash });
    if (receipt.status !== "success") {
      await this.client.call({ account: from, gas, ...transaction });
      throw new Error(`transaction ${hash} reverted`);
    }
    return receipt;
  }

  /** Demands that a transaction would be refused, for this reason: a bound that does not bind has no place in the table. */
  async refuses({ from = this.relayer, ...transaction }, reason) {
    const outcome = await this.client.call({ account: from, gas, ...transaction }).then(() => "it passes", (error) => String(error));
    if (!outcome.includes(reason)) throw new Error(`expected a refusal for \`${reason}\`: ${outcome}`);
  }

  /** Deploys an artifact of ours; where it lands depends on the row's earlier transactions alone, never on its code. */
  async deploy(name, types = [], values = []) {
    return (await this.send({ data: concat([artifact(name).bytecode, encodeAbiParameters(types, values)]) })).contractAddress;
  }

  /** Deploys by the CREATE2 deployer, and demands the address that follows from code and salt. */
  async deploy2(bytecode, salt) {
    const address = getContractAddress({ opcode: "CREATE2", from: create2Deployer, salt, bytecode });
    await this.send({ to: create2Deployer, data: concat([salt, bytecode]) });
    if ((await this.client.getCode({ address })) === undefined) throw new Error(`no code at ${address}`);
    return address;
  }

  /** Gives tokens. */
  fund(to, value = 10n ** 12n) {
    return this.send({ to: this.token, data: transferData(to, value) });
  }

  /** Points the owner's EOA to an implementation (EIP-7702) and gives it tokens. */
  async delegate(contractAddress) {
    const authorization = await this.owner.signAuthorization({ contractAddress, chainId, nonce: 0 });
    await this.send({ to: this.owner.address, authorizationList: [authorization] });
    await this.fund(this.owner.address);
    return this.owner.address;
  }
}
