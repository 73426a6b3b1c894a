// Writes `artifacts/*.json`, one small canonical file a contract; with `--check` rebuilds and compares instead.
// HALLPASS_PROFILE names another profile of foundry.toml: for comparisons in a copy, never for what is committed.
import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { native } from "../tools/native.cjs";

const root = join(dirname(fileURLToPath(import.meta.url)), "..");
const contracts = {
  Hallpass7702: "Hallpass7702.sol",
  HallpassPocket: "HallpassPocket.sol",
  HallpassFactory: "HallpassFactory.sol",
  HallpassModule: "HallpassModule.sol",
  ArenaGame: "ArenaGame.sol",
  Shop: "Shop.sol",
  ArenaToken: "ArenaToken.sol",
  GrantHasher: "GrantHasher.sol",
  Erc7579Account: "Erc7579Account.sol",
};

/** Keys in code unit order at every depth, as in RFC 8785, so that equal content is equal bytes. */
function sorted(value) {
  if (Array.isArray(value)) return value.map(sorted);
  if (value === null || typeof value !== "object") return value;
  return Object.fromEntries(Object.keys(value).sort().map((key) => [key, sorted(value[key])]));
}

/** The immutables by place alone: the compiler's node ids, which name them, change with unrelated sources. */
function immutables(references) {
  return Object.values(references ?? {})
    .map((places) => places.map(({ start, length }) => ({ length, start })).sort((a, b) => a.start - b.start))
    .sort((a, b) => a[0].start - b[0].start);
}

function artifact(name, file) {
  const built = JSON.parse(readFileSync(join(root, "out", "artifacts", file, `${name}.json`), "utf8"));
  const metadata = typeof built.metadata === "string" ? JSON.parse(built.metadata) : built.metadata;
  const { optimizer, evmVersion, viaIR } = metadata.settings;
  return sorted({
    contractName: name,
    abi: built.abi,
    bytecode: built.bytecode.object,
    deployedBytecode: {
      object: built.deployedBytecode.object,
      immutableReferences: immutables(built.deployedBytecode.immutableReferences),
    },
    compiler: { version: metadata.compiler.version, evmVersion, optimizer, viaIR, bytecodeHash: "none", cborMetadata: false },
  });
}

const check = process.argv.includes("--check");
// Only these sources, and apart from other builds: the compiler's node ids, which a test more would shift, may order code.
const build = ["build", "--force", "--quiet", "--out", "out/artifacts", "--cache-path", "cache/artifacts"];
build.push("src", "test/utils/GrantHasher.sol", "test/utils/Erc7579Account.sol");
execFileSync(native("forge"), build, {
  cwd: root,
  env: { ...process.env, FOUNDRY_PROFILE: check ? "default" : (process.env.HALLPASS_PROFILE ?? "default") },
  stdio: ["ignore", "inherit", "inherit"],
});
mkdirSync(join(root, "artifacts"), { recursive: true });

let stale = 0;
for (const [name, file] of Object.entries(contracts)) {
  const path = join(root, "artifacts", `${name}.json`);
  const text = `${JSON.stringify(artifact(name, file), null, 1)}\n`;
  if (!check) {
    writeFileSync(path, text);
  } else if (!existsSync(path) || readFileSync(path, "utf8") !== text) {
    console.error(`artifacts/${name}.json is not what the sources build`);
    stale += 1;
  }
}
if (stale > 0) {
  console.error("hint: `npm run artifacts`, and commit the result");
  process.exitCode = 1;
}
