// `node grant-hashes.mjs <file>`: for each {domain, message} of a JSON list the EIP-712 hashes of that `Grant`, by viem.
import { readFileSync } from "node:fs";
import { argv } from "node:process";
import { types } from "../../../../contracts/scripts/types.mjs";
import { hashes } from "../../../../contracts/test/js/grant-hash.mjs";

const list = JSON.parse(readFileSync(argv[2], "utf8"));
console.log(JSON.stringify(list.map(({ domain, message }) => hashes({ domain, types, primaryType: "Grant", message }))));
