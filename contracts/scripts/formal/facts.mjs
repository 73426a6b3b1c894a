// Computes the figures of docs/reference/contracts.md and fails where the page, or a constant in `src`, has another: the roots of
// the ERC-7201 storage, and the sizes of the committed bytecode.
import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { encodeAbiParameters, keccak256, size, stringToBytes, toHex } from "viem";

const root = join(dirname(fileURLToPath(import.meta.url)), "..", "..");
const page = readFileSync(join(root, "..", "docs", "reference", "contracts.md"), "utf8");
const limit = 24576;

function require(text) {
  if (!page.includes(text)) throw new Error(`docs/reference/contracts.md lacks: ${text}`);
  console.log(text);
}

for (const [name, file] of Object.entries({ "hallpass.account.v1": "libraries/State.sol", "hallpass.owner.v1": "OwnerCalls.sol" })) {
  const inner = BigInt(keccak256(stringToBytes(name))) - 1n;
  const outer = BigInt(keccak256(encodeAbiParameters([{ type: "uint256" }], [inner])));
  const slot = toHex(outer & ~0xffn, { size: 32 });
  const source = readFileSync(join(root, "src", file), "utf8");
  if (!source.includes(`erc7201:${name}`) || !source.includes(`SLOT = ${slot};`)) throw new Error(`${file}: not ${slot}`);
  require(`| \`${name}\` | \`${slot}\` |`);
}

for (const name of ["Hallpass7702", "HallpassPocket", "HallpassFactory", "HallpassModule"]) {
  const { deployedBytecode } = JSON.parse(readFileSync(join(root, "artifacts", `${name}.json`), "utf8"));
  const bytes = size(deployedBytecode.object ?? deployedBytecode);
  require(`| \`${name}\` | ${bytes.toLocaleString("en-US")} | ${(limit - bytes).toLocaleString("en-US")} |`);
}
