// Computes the roots of the ERC-7201 storage and compares them with the constants in `src`; prints them.
import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { encodeAbiParameters, keccak256, stringToBytes, toHex } from "viem";

const src = join(dirname(fileURLToPath(import.meta.url)), "..", "..", "src");
const places = { "hallpass.account.v1": "libraries/State.sol", "hallpass.owner.v1": "OwnerCalls.sol" };

for (const [name, file] of Object.entries(places)) {
  const inner = BigInt(keccak256(stringToBytes(name))) - 1n;
  const outer = BigInt(keccak256(encodeAbiParameters([{ type: "uint256" }], [inner])));
  const root = toHex(outer & ~0xffn, { size: 32 });
  const source = readFileSync(join(src, file), "utf8");
  if (!source.includes(`erc7201:${name}`) || !source.includes(`SLOT = ${root};`)) throw new Error(`${file}: not ${root} for ${name}`);
  console.log(`${name}  ${root}  src/${file}`);
}
