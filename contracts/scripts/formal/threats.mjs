// Fails where docs/reference/on-chain-threats.md names a test that is not there, or a row names none and does not say so.
import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = join(dirname(fileURLToPath(import.meta.url)), "..", "..", "..");
const page = readFileSync(join(root, "docs", "reference", "on-chain-threats.md"), "utf8");

/** The file that `folder/File` means, and what a test of the name looks like in it. */
function place(where, name) {
  const [folder, file] = where.includes("/") ? where.split("/") : ["unit", where];
  const rust = join(root, "crates", "chain", "tests", folder);
  if (folder === "conformance") return [join(rust, "cases", `${file}.rs`), `("${name}",`];
  if (["differential", "spec", "erc7710"].includes(folder)) return [join(rust, `${file}.rs`), `#[test]\nfn ${name}(`];
  return [join(root, "contracts", "test", folder, `${file}.t.sol`), `function ${name}(`];
}

let named = 0;
let missing = 0;
for (const row of page.split("\n").filter((line) => line.startsWith("| ") && !/^\| (threat|---)/.test(line))) {
  const tests = [...row.matchAll(/`((?:[a-z0-9]+\/)?\w+):(\w+)`/g)];
  if (tests.length === 0 && !row.includes("**No test yet**")) {
    missing += 1;
    console.error(`no test: ${row}`);
  }
  for (const [, where, name] of tests) {
    named += 1;
    const [path, text] = place(where, name);
    if (existsSync(path) && readFileSync(path, "utf8").includes(text)) continue;
    missing += 1;
    console.error(`not there: ${where}:${name}`);
  }
}
if (missing > 0) process.exit(1);
const without = page.match(/\| \*\*No test yet\*\* \|/g)?.length ?? 0;
console.log(`on-chain-threats.md: ${named} tests named, all there; ${without} rows without one, marked`);
