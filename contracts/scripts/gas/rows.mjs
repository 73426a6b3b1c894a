// The table: which rows there are, in which order, and what issue C10 asks of each.
import { rows as entryPoint } from "./entrypoint.mjs";
import { rows as hallpass } from "./hallpass.mjs";
import { rows as metamask } from "./metamask.mjs";
import { transferData } from "./world.mjs";

async function eoaTransfer(world) {
  const transfer = { to: world.token, data: transferData() };
  await world.send(transfer);
  await world.send(transfer);
  return world.send(transfer);
}

/** `name`, `what` it is in words, and `run`, which is given the world and answers with the receipt of the measured transaction. */
export const rows = [{ name: "eoa_transfer", what: "the token's transfer, sent by an EOA", run: eoaTransfer }, ...hallpass, ...metamask, ...entryPoint];

/** What a row should not exceed: a figure, or one made of other rows of the same run. */
export const reach = {
  hallpass_7702_steady: () => 58_000,
  hallpass_7702_rules_5: () => 62_500,
  hallpass_7702_rules_20: () => 68_000,
  hallpass_7702_batch5: () => 80_000,
  hallpass_7702_p256: () => 62_500,
  hallpass_pocket_steady: () => 61_000,
  hallpass_7579_relay_steady: () => 80_000,
  hallpass_ep08_steady: (gas) => gas.simple7702_ep08 + 12_000,
  hallpass_end: () => 33_000,
};
