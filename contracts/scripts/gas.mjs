// Measures whole transactions on a local anvil.
//
//     npm run gas                       every row, printed, and written to bench/gas.json
//     npm run gas:check                 every row against bench/gas.json: fails on a rise over 1 % and on a missing row
//     npm run gas -- --breakdown ROW    where the gas of one row's transaction goes
import { parseArgs } from "node:util";
import { breakdown } from "./gas/breakdown.mjs";
import { rows } from "./gas/rows.mjs";
import { faults, readSnapshot, writeSnapshot } from "./gas/snapshot.mjs";
import { differences, parts, table } from "./gas/table.mjs";
import { createWorld } from "./gas/world.mjs";

const { values } = parseArgs({ options: { check: { type: "boolean" }, breakdown: { type: "string" } } });
if (values.breakdown === undefined) await measure(values.check);
else await explain(values.breakdown);

/** Every row: against the snapshot, or into it. */
async function measure(check) {
  const gas = {};
  await inWorld({}, async (world) => {
    for (const row of rows) gas[row.name] = Number((await world.atBase(row)).gasUsed);
  });
  if (!check) {
    console.log(table(gas));
    writeSnapshot(gas);
    return;
  }
  const old = readSnapshot();
  console.log(differences(old, gas));
  const found = faults(old, gas);
  for (const fault of found) console.error(`gas: ${fault}`);
  if (found.length > 0) fail("`make gas` writes the snapshot anew; commit it with what changed the figures");
}

/** One row, part by part. */
async function explain(name) {
  const row = rows.find((each) => each.name === name);
  if (row === undefined) {
    console.error(`gas: no row \`${name}\``);
    fail(`one of ${rows.map((each) => each.name).join(", ")}`);
    return;
  }
  await inWorld({ steps: true }, async (world) => {
    const receipt = await world.atBase(row);
    console.log(parts(name, Number(receipt.gasUsed), await breakdown(world, receipt)));
  });
}

async function inWorld(options, work) {
  const world = await createWorld(options);
  try {
    await work(world);
  } finally {
    await world.stop();
  }
}

function fail(hint) {
  console.error(`hint: ${hint}`);
  process.exitCode = 1;
}
