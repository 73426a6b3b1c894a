// `node apply.mjs <fault file> <root> [--check]`: replaces one text by another in one file, in which it must stand
// exactly once; with `--check` only looks.
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { argv, exit } from "node:process";

const fields = Object.fromEntries(
  readFileSync(argv[2], "utf8").split("\n").filter(Boolean).map((line) => {
    const [, key, value] = /^(file|from|to): ?(.*)$/.exec(line) ?? [];
    return [key, value];
  }),
);
const path = join(argv[3], fields.file);
const source = readFileSync(path, "utf8");
const found = source.split(fields.from).length - 1;
if (!fields.from || found !== 1) {
  console.error(`${argv[2]}: the text stands ${found} times in ${fields.file}, not once; the source has changed: write the fault anew`);
  exit(1);
}
if (argv[4] !== "--check") writeFileSync(path, source.replace(fields.from, () => fields.to));
console.log(fields.file);
