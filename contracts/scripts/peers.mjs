// Writes node_modules/.peers/{nexus,kernel}.json: two ERC-7579 accounts that are not ours, as bytecode, for test/unit/Foreign*.t.sol.
// They come from npm's @rhinestone/modulekit, whose own dependencies are not on npm: it can not stand in package.json, so its
// tarball is fetched here and pinned by its hash. Two of its files are read, each under MIT by its own first line.
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { keccak256, stringToHex } from "viem";

const PACKAGE = "@rhinestone/modulekit@0.5.9";
const INTEGRITY = "sha512-Zc5Qo3dkyVhBo7OQRKOltYd+jlGCtV18TWSmpSvIdXKwUgo5xj8zL73wAwFKTww00zt/wXMbW6Z6ysIQWH3Ezw==";
const LICENCE = "// SPDX-License-Identifier: MIT";

const PEERS = [
  {
    file: "nexus",
    name: "Biconomy Nexus",
    accountId: "biconomy.nexus.1.0.0",
    source: "src/deployment/precompiles/NexusPrecompiles.sol",
    constants: { implementation: "NEXUS_BYTECODE", proxy: "NEXUS_PROXY_BYTECODE", bootstrap: "NEXUS_BOOTSTRAP_BYTECODE" },
  },
  {
    file: "kernel",
    name: "ZeroDev Kernel",
    accountId: "kernel.advanced.v0.3.1",
    source: "src/deployment/precompiles/KernelPrecompiles.sol",
    constants: { implementation: "KERNEL_BYTECODE", factory: "KERNEL_FACTORY_BYTECODE" },
  },
];

const out = join(dirname(fileURLToPath(import.meta.url)), "..", "node_modules", ".peers");

function refuse(why) {
  console.error(`peers.mjs: ${why}`);
  process.exit(1);
}

/** The tarball's bytes, which are those that are pinned. */
function fetched(folder) {
  const options = { cwd: folder, encoding: "utf8", shell: process.platform === "win32" };
  let told;
  try {
    told = execFileSync("npm", ["pack", PACKAGE, "--json", "--ignore-scripts"], options);
  } catch {
    refuse(`npm could not fetch ${PACKAGE}; it says why above`);
  }
  const path = join(folder, JSON.parse(told)[0].filename);
  const integrity = `sha512-${createHash("sha512").update(readFileSync(path)).digest("base64")}`;
  if (integrity !== INTEGRITY) refuse(`${PACKAGE} is not the tarball that is pinned\n  expected ${INTEGRITY}\n  got      ${integrity}`);
  return path;
}

function text(tarball, path) {
  const content = execFileSync("tar", ["-xzOf", tarball, `package/${path}`], { encoding: "utf8", maxBuffer: 1 << 24 });
  const first = content.split("\n", 1)[0].trim();
  if (first !== LICENCE) refuse(`${path} does not say that it is MIT: ${first}`);
  return content;
}

/** A constant's creation bytecode, without the constructor's arguments. */
function constant(content, path, name) {
  const found = content.match(new RegExp(`\\bbytes public constant ${name}\\s*=\\s*hex"((?:[0-9a-f]{2})+)";`));
  if (!found) refuse(`${path} has no constant ${name}`);
  return `0x${found[1]}`;
}

function read(tarball, { file, name, accountId, source, constants }) {
  const content = text(tarball, source);
  const entries = Object.entries(constants).map(([key, from]) => [key, constant(content, source, from)]);
  const code = Object.fromEntries(entries);
  if (!code.implementation.includes(stringToHex(accountId).slice(2))) refuse(`${source} has no account ${accountId}`);
  // Of the creation code: what runs has its constructor's arguments in it, and is pinned where it is deployed, in the tests.
  const keccak = Object.fromEntries(entries.map(([key, bytes]) => [key, keccak256(bytes)]));
  writeFileSync(join(out, `${file}.json`), `${JSON.stringify({ name, accountId, package: PACKAGE, source, code, keccak }, null, 2)}\n`);
}

const folder = mkdtempSync(join(tmpdir(), "hallpass-peers-"));
// `process.exit` runs no `finally`.
process.on("exit", () => rmSync(folder, { recursive: true, force: true }));
const tarball = fetched(folder);
mkdirSync(out, { recursive: true });
for (const peer of PEERS) read(tarball, peer);
