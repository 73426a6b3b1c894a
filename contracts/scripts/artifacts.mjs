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
// What only asks a chain, and the wallets and tokens that it is tried on: built apart, so that it moves no byte of the contracts above.
const offchain = {
  SignatureQuestion: "SignatureQuestion.sol",
  TestWallet: "TestWallet.sol",
  TestFactory: "TestFactory.sol",
  SleepingWallet: "TestFactory.sol",
  TestNft: "TestTokens.sol",
  TestItems: "TestTokens.sol",
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

function artifact(folder, name, file) {
  const built = JSON.parse(readFileSync(join(root, "out", folder, file, `${name}.json`), "utf8"));
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
/** Builds these sources alone, apart from other builds: the compiler's node ids, which a source more would shift, may order code. */
function build(folder, what) {
  const command = ["build", "--force", "--quiet", "--out", `out/${folder}`, "--cache-path", `cache/${folder}`, ...what];
  execFileSync(native("forge"), command, {
    cwd: root,
    env: { ...process.env, FOUNDRY_PROFILE: check ? "default" : (process.env.HALLPASS_PROFILE ?? "default") },
    stdio: ["ignore", "inherit", "inherit"],
  });
}

build("artifacts", ["src", "test/utils/GrantHasher.sol", "test/utils/Erc7579Account.sol"]);
// For a chain that is some years behind, too: what is asked there asks nothing new of it.
build("offchain", ["--evm-version", "paris", "offchain", "test/wallets"]);
const all = [
  ...Object.entries(contracts).map((entry) => ["artifacts", ...entry]),
  ...Object.entries(offchain).map((entry) => ["offchain", ...entry]),
];
mkdirSync(join(root, "artifacts"), { recursive: true });

let stale = 0;
for (const [folder, name, file] of all) {
  const path = join(root, "artifacts", `${name}.json`);
  const text = `${JSON.stringify(artifact(folder, name, file), null, 1)}\n`;
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
