// Where the gas of one transaction went: every step of its trace is put into one part, and the parts must add up to the receipt.
//
// What the token does inside its own frames is one part, whatever its opcodes. Expanding memory, copying, and the 100 of a call
// to a warm address belong to the interpreter's rest, even where an opcode of another part caused them.
import { getAddress, hexToBytes } from "viem";

const parts = {
  base: "base of a transaction",
  calldata: "calldata",
  floor: "raised to the calldata floor (EIP-7623)",
  coldRead: "storage, first read of a slot (2,100)",
  warmRead: "storage, read again (100)",
  write: "storage, writes",
  transient: "transient storage",
  coldAccount: "cold accounts (2,600)",
  value: "calls that carry value",
  precompile: "precompiles",
  log: "logs",
  keccak: "keccak",
  token: "the token's own execution",
  rest: "the interpreter's rest",
  refund: "refund",
};

const calls = new Set(["CALL", "CALLCODE", "DELEGATECALL", "STATICCALL"]);
const looks = new Set(["BALANCE", "EXTCODESIZE", "EXTCODECOPY", "EXTCODEHASH"]);
const [warmAccess, coldAccess, coldSlot] = [100, 2_600, 2_100];
const words = (bytes) => Math.ceil(bytes / 32);
/** Gas of the precompiles that occur, by the bytes they are given. */
const precompiles = new Map([
  [1, () => 3_000],
  [2, (size) => 60 + 12 * words(size)],
  [4, (size) => 15 + 3 * words(size)],
  [0x100, () => 6_900],
]);
const isPrecompile = (address) => BigInt(address) >= 1n && (BigInt(address) <= 0x11n || BigInt(address) === 0x100n);

/** The parts of a mined transaction, as `[what, gas, times]`; refuses what it cannot attribute. */
export async function breakdown(world, receipt) {
  const { client } = world;
  const transaction = await client.getTransaction({ hash: receipt.transactionHash });
  if (transaction.authorizationList?.length > 0) throw new Error("a transaction that carries authorizations is not broken down");
  const options = { disableMemory: true, disableStorage: true };
  const { structLogs: steps } = await client.request({ method: "debug_traceTransaction", params: [receipt.transactionHash, options] });
  const tally = new Tally();

  const bytes = hexToBytes(transaction.input);
  const zeros = bytes.filter((byte) => byte === 0).length;
  tally.add("base", 21_000);
  tally.add("calldata", 4 * zeros + 16 * (bytes.length - zeros), bytes.length);
  const intrinsic = tally.sum();
  if (Number(transaction.gas) - intrinsic !== steps[0].gas) throw new Error("the gas before the first step is not the intrinsic gas");

  const to = getAddress(transaction.to);
  const delegates = await delegatesOf(client, [to, ...steps.filter(({ op }) => calls.has(op)).map((step) => addressAt(step, 2))]);
  const block = await client.getBlock({ blockHash: receipt.blockHash });
  const accounts = new Accounts(delegates, [getAddress(transaction.from), getAddress(block.miner)]);
  accounts.call(to);
  const run = new Run(steps, accounts, tally, getAddress(world.token));
  const used = intrinsic + run.frame(to, false);
  if (run.at !== steps.length) throw new Error("the trace goes on behind the transaction's end");

  const all = Number(receipt.gasUsed);
  const floor = 21_000 + 10 * (zeros + 4 * (bytes.length - zeros));
  if (all === floor && all > used) tally.add("floor", all - used);
  else if (all < used) tally.add("refund", all - used);
  if (tally.sum() !== all) throw new Error(`the parts add up to ${tally.sum()}, the receipt says ${all}`);
  return tally.list();
}

/** Walks the steps frame by frame. */
class Run {
  at = 0;

  constructor(steps, accounts, tally, token) {
    Object.assign(this, { steps, accounts, tally, token });
  }

  /** Attributes one frame and all below it, and answers with its gas. */
  frame(address, inToken) {
    const { depth } = this.steps[this.at];
    const token = inToken || address === this.token;
    let total = 0;
    while (this.steps[this.at]?.depth === depth) {
      const step = this.steps[this.at];
      this.at += 1;
      const target = calls.has(step.op) ? addressAt(step, 2) : undefined;
      const below = this.steps[this.at]?.depth === depth + 1 ? this.enter(step, target, token) : 0;
      const next = this.steps[this.at];
      // A frame's last step has no next one in it, and its own cost is the whole of it.
      const gas = next?.depth === depth ? step.gas - next.gas : step.gasCost + below;
      if (token) this.tally.add("token", gas - below, 0);
      else this.attribute(step, target, gas - below);
      total += gas;
      if (next?.depth !== depth) break;
    }
    return total;
  }

  enter(step, target, token) {
    if (target === undefined) throw new Error(`${step.op} opens a frame`);
    // Warm from here on, for the frame too; whether it was cold is what `call` still has to know.
    step.access = this.accounts.call(target);
    if (!token && target === this.token) this.tally.add("token", 0);
    return this.frame(target, token);
  }

  attribute(step, target, gas) {
    const { op, stack } = step;
    if (op === "REVERT" || op === "INVALID") throw new Error("a frame that reverts is not broken down");
    const word = (place) => Number(BigInt(stack.at(-place)));
    const split = (part, cost) => {
      if (cost > gas) throw new Error(`${op} cost ${gas}, of which ${cost} should be ${parts[part]}`);
      this.tally.add(part, cost);
      this.tally.add("rest", gas - cost);
    };
    if (op === "SLOAD") this.tally.add(gas >= coldSlot ? "coldRead" : "warmRead", gas);
    else if (op === "SSTORE") this.tally.add("write", gas);
    else if (op === "TLOAD" || op === "TSTORE") this.tally.add("transient", gas);
    else if (op === "KECCAK256" || op === "SHA3") split("keccak", 30 + 6 * words(word(2)));
    else if (op.startsWith("LOG")) split("log", 375 * (1 + Number(op.slice(3))) + 8 * word(2));
    else if (looks.has(op)) {
      const cold = this.accounts.touch(addressAt(step, 1));
      if (cold) split("coldAccount", coldAccess);
      else this.tally.add("rest", gas);
    } else if (target !== undefined) this.call(step, target, gas, word);
    else this.tally.add("rest", gas);
  }

  call(step, target, gas, word) {
    const valued = step.op === "CALL" || step.op === "CALLCODE";
    const access = step.access ?? this.accounts.call(target);
    let rest = gas;
    const take = (part, cost, times) => {
      if (cost > rest) throw new Error(`${step.op} to ${target} cost ${gas}, too little for ${parts[part]}`);
      this.tally.add(part, cost, times);
      rest -= cost;
    };
    if (access.cold > 0) take("coldAccount", access.cold * coldAccess, access.cold);
    if (isPrecompile(target)) {
      const cost = precompiles.get(Number(BigInt(target)));
      if (cost === undefined) throw new Error(`no price is known of the precompile ${target}`);
      take("precompile", cost(word(valued ? 5 : 4)));
    }
    // 9,000, less what the callee leaves of its 2,300.
    if (valued && BigInt(step.stack.at(-3)) > 0n) take("value", rest - access.warm * warmAccess);
    this.tally.add("rest", rest);
  }
}

/** Which addresses are warm (EIP-2929, EIP-3651), with the second access that a delegated account costs (EIP-7702). */
class Accounts {
  constructor(delegates, warm) {
    this.delegates = delegates;
    this.warm = new Set(warm);
  }

  /** Touches one address: whether it was cold. */
  touch(address) {
    const known = this.warm.has(address) || isPrecompile(address);
    this.warm.add(address);
    return !known;
  }

  /** Touches an address that is called, and the code it is delegated to: how many of them were cold, how many warm. */
  call(address) {
    const touched = [address, this.delegates.get(address)].filter(Boolean).map((each) => this.touch(each));
    return { cold: touched.filter(Boolean).length, warm: touched.filter((cold) => !cold).length };
  }
}

class Tally {
  gas = {};
  times = {};

  add(part, gas, times = 1) {
    this.gas[part] = (this.gas[part] ?? 0) + gas;
    this.times[part] = (this.times[part] ?? 0) + times;
  }

  sum = () => Object.values(this.gas).reduce((sum, gas) => sum + gas, 0);

  list() {
    const counted = (part) => (["base", "rest", "refund", "floor"].includes(part) ? undefined : this.times[part]);
    return Object.keys(parts).filter((part) => this.gas[part]).map((part) => [parts[part], this.gas[part], counted(part)]);
  }
}

/** The address at a place of the stack, counted from its top. */
const addressAt = ({ stack }, place) => getAddress(`0x${stack.at(-place).slice(2).padStart(40, "0").slice(-40)}`);

/** By address, the code that each delegated account runs. */
async function delegatesOf(client, addresses) {
  const found = new Map();
  for (const address of new Set(addresses)) {
    const code = await client.getCode({ address });
    if (code?.startsWith("0xef0100")) found.set(address, getAddress(`0x${code.slice(8)}`));
  }
  return found;
}
