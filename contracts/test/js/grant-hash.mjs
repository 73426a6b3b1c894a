// `node test/js/grant-hash.mjs <file>`: the EIP-712 hashes of the typed data in a JSON file, by viem, as one JSON object.
import { readFileSync } from "node:fs";
import { argv } from "node:process";
import { fileURLToPath } from "node:url";
import { hashStruct, hashTypedData } from "viem";

/** Decimal strings, which JSON has for large integers, as the integers that they are. */
function integers(types, type, value) {
  if (type.endsWith("]")) return value.map((item) => integers(types, type.slice(0, type.lastIndexOf("[")), item));
  if (types[type]) return Object.fromEntries(types[type].map((field) => [field.name, integers(types, field.type, value[field.name])]));
  return /^u?int/.test(type) ? BigInt(value) : value;
}

/** `structHash` is what the protocol calls the id of a grant; `digest` is what is signed. */
export function hashes({ domain, types: all, primaryType, message }) {
  const { EIP712Domain: _, ...types } = all;
  const data = integers(types, primaryType, message);
  const chainId = domain.chainId === undefined ? {} : { chainId: BigInt(domain.chainId) };
  return {
    structHash: hashStruct({ data, primaryType, types }),
    digest: hashTypedData({ domain: { ...domain, ...chainId }, types, primaryType, message: data }),
  };
}

if (argv[1] === fileURLToPath(import.meta.url)) {
  console.log(JSON.stringify(hashes(JSON.parse(readFileSync(argv[2], "utf8")))));
}
