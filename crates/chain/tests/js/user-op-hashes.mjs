// `node user-op-hashes.mjs <file>`: for each {version, address, chain, op} of a JSON list the hash of that user operation, by viem.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { argv } from "node:process";

const require = createRequire(new URL("../../../../contracts/package.json", import.meta.url));
const { getUserOperationHash } = require("viem/account-abstraction");
const numbers = ["nonce", "callGasLimit", "verificationGasLimit", "preVerificationGas", "maxFeePerGas", "maxPriorityFeePerGas",
  "paymasterVerificationGasLimit", "paymasterPostOpGasLimit"];

const list = JSON.parse(readFileSync(argv[2], "utf8"));
console.log(JSON.stringify(list.map(({ version, address, chain, op }) => getUserOperationHash({
  chainId: chain,
  entryPointAddress: address,
  entryPointVersion: version,
  userOperation: Object.fromEntries(Object.entries(op).map(([name, value]) => [name, numbers.includes(name) ? BigInt(value) : value])),
}))));
