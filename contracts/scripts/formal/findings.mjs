// Compares what slither found (its JSON, the first argument) with the list of what is answered (`slither.answered`): fails on a
// finding that is not listed, on a listed one that is gone, and on a kind without its answer in docs/reference/slither.md.
// With `--list` it prints the list instead.
import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const here = dirname(fileURLToPath(import.meta.url));
const lines = (path) => readFileSync(path, "utf8").split("\n").filter((line) => line && !line.startsWith("#"));

/** A finding by its kind and its place, without line numbers, which any edit moves. */
function named({ check, description }) {
  const first = description.split("\n")[0].replace(/^Low level call in /, "");
  const place = /^(.*?) \((src\/[^#)]*)#/.exec(first);
  if (place) return `${check} ${place[2]} ${place[1]}`;
  return `${check} ${first.replace(/#\d+(-\d+)?/g, "")}`;
}

const [report, option] = process.argv.slice(2);
const { success, error, results } = JSON.parse(readFileSync(report, "utf8"));
if (!success) throw new Error(`slither did not finish: ${error}`);
const found = [...new Set((results.detectors ?? []).map(named))].sort();

if (option === "--list") {
  console.log(found.join("\n"));
} else {
  const answered = lines(join(here, "slither.answered"));
  const page = readFileSync(join(here, "..", "..", "..", "docs", "reference", "slither.md"), "utf8");
  const fresh = found.filter((finding) => !answered.includes(finding));
  const gone = answered.filter((finding) => !found.includes(finding));
  const kinds = [...new Set(found.map((finding) => finding.split(" ")[0]))];
  const open = kinds.filter((kind) => !page.includes(`\`${kind}\``));
  for (const finding of fresh) console.error(`new: ${finding}`);
  for (const finding of gone) console.error(`gone: ${finding}`);
  for (const kind of open) console.error(`no answer in docs/reference/slither.md: ${kind}`);
  if (found.length === 0) throw new Error("slither found nothing at all: it did not look");
  if (fresh.length + gone.length + open.length > 0) process.exit(1);
  console.log(`slither: ${found.length} findings of ${kinds.length} kinds, all answered`);
}
