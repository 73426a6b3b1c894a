// Writes the syntax trees of `src` as a build info (`out/slither/build-info`), which slither reads: seconds, where a build of
// the bytecode, of which it looks at none, takes minutes.
import { existsSync, mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = join(dirname(fileURLToPath(import.meta.url)), "..", "..");
const solc = createRequire(import.meta.url)("solc");
const place = (name) => join(root, name);

function sources() {
  return readdirSync(join(root, "src"), { recursive: true })
    .filter((name) => name.endsWith(".sol"))
    .map((name) => join("src", name))
    .sort();
}

const input = {
  language: "Solidity",
  sources: Object.fromEntries(sources().map((name) => [name, { content: readFileSync(place(name), "utf8") }])),
  settings: {
    remappings: ["@openzeppelin/=node_modules/@openzeppelin/"],
    viaIR: true,
    evmVersion: "osaka",
    optimizer: { enabled: true, runs: 200 },
    outputSelection: { "*": { "": ["ast"], "*": ["abi"] } },
  },
};
const found = (name) =>
  existsSync(place(name)) ? { contents: readFileSync(place(name), "utf8") } : { error: `no source ${name}` };
const output = JSON.parse(solc.compile(JSON.stringify(input), { import: found }));
const errors = (output.errors ?? []).filter(({ severity }) => severity === "error");
if (errors.length > 0) throw new Error(errors.map(({ formattedMessage }) => formattedMessage).join("\n"));

// The reader of build infos takes bytecode for granted: none stands for it.
const none = { object: "", sourceMap: "", linkReferences: {}, opcodes: "" };
for (const contracts of Object.values(output.contracts)) {
  for (const contract of Object.values(contracts)) {
    contract.evm = { bytecode: none, deployedBytecode: none, methodIdentifiers: {} };
    contract.devdoc = {};
    contract.userdoc = {};
  }
}
const folder = join(root, "out", "slither", "build-info");
rmSync(folder, { recursive: true, force: true });
mkdirSync(folder, { recursive: true });
const version = solc.version().split("+")[0];
writeFileSync(join(folder, "src.json"), JSON.stringify({ id: "src", solcVersion: version, input, output }));
