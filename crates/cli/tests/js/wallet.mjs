// A wallet that is not ours: viem, with a key given by the test. `message` and `typed` sign what stands on standard input.
import { createRequire } from "node:module";
import { readFileSync } from "node:fs";

const require = createRequire(new URL("../../../../contracts/package.json", import.meta.url));
const { privateKeyToAccount } = require("viem/accounts");

const [what, key] = process.argv.slice(2);
const account = privateKeyToAccount(key);
const input = what === "address" ? "" : readFileSync(0, "utf8");

if (what === "address") {
  console.log(account.address);
} else if (what === "message") {
  console.log(await account.signMessage({ message: input }));
} else {
  const { domain, types, primaryType, message } = JSON.parse(input);
  console.log(await account.signTypedData({ domain, types, primaryType, message }));
}
