// The committed figures, `bench/gas.json`: row name -> gas of the whole transaction.
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const path = join(dirname(fileURLToPath(import.meta.url)), "..", "..", "..", "bench", "gas.json");

export const readSnapshot = () => (existsSync(path) ? JSON.parse(readFileSync(path, "utf8")) : {});
export const writeSnapshot = (gas) => writeFileSync(path, `${JSON.stringify(gas, null, 1)}\n`);

/** A row may cost this much more than its snapshot, as a part of it. */
const tolerance = 0.01;

/** What is wrong with this run's figures against the snapshot's: one sentence each. */
export function faults(old, gas) {
  const found = [];
  for (const name of new Set([...Object.keys(old), ...Object.keys(gas)])) {
    if (!(name in gas)) found.push(`${name} is in the snapshot and was not measured`);
    else if (!(name in old)) found.push(`${name} was measured and is not in the snapshot`);
    else if (!Number.isSafeInteger(old[name])) found.push(`${name} has no figure in the snapshot`);
    else if (gas[name] > old[name] * (1 + tolerance)) found.push(`${name} rose from ${old[name]} to ${gas[name]}, over 1 %`);
  }
  return found;
}
