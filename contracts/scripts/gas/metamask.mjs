// MetaMask's Delegation Framework 1.3: npm @metamask/delegation-abis, its bytecode as it is.
//
// The owner's EOA runs EIP7702StatelessDeleGator and signs one delegation to the session key, which sends `redeemDelegations`
// by itself. Each row is the third redemption.
import * as abis from "@metamask/delegation-abis";
import * as bytecode from "@metamask/delegation-abis/bytecode";
import { concat, encodeAbiParameters, encodeFunctionData, encodePacked, numberToHex, pad, stringToHex, toFunctionSelector } from "viem";
import { chainId } from "./anvil.mjs";
import { amount, now, payee, transferData } from "./world.mjs";

const salt = stringToHex("GATOR", { size: 32 });
const entryPoint07 = "0x0000000071727De22E5E9d8BAf0edAc6f37da032";
const rootAuthority = `0x${"ff".repeat(32)}`;
/** One call that must succeed (ERC-7579). */
const single = `0x${"00".repeat(32)}`;
const dailyCap = 25_000_000n;

/** The terms of each caveat, by its enforcer's name: the bounds of our own rows. */
const terms = {
  AllowedTargets: (token) => token,
  AllowedMethods: () => toFunctionSelector("transfer(address,uint256)"),
  Timestamp: () => encodePacked(["uint128", "uint128"], [BigInt(now - 3_600), BigInt(now + 86_400)]),
  ERC20PeriodTransfer: (token) => encodePacked(["address", "uint256", "uint256", "uint256"], [token, dailyCap, 86_400n, BigInt(now - 7_000)]),
  AllowedCalldata: () => concat([numberToHex(4, { size: 32 }), pad(payee)]),
};

const delegationTypes = {
  Delegation: [
    { name: "delegate", type: "address" }, { name: "delegator", type: "address" }, { name: "authority", type: "bytes32" },
    { name: "caveats", type: "Caveat[]" }, { name: "salt", type: "uint256" },
  ],
  Caveat: [{ name: "enforcer", type: "address" }, { name: "terms", type: "bytes" }],
};
const delegationsParameter = {
  type: "tuple[]",
  components: [
    ...delegationTypes.Delegation.slice(0, 3),
    { name: "caveats", type: "tuple[]", components: [...delegationTypes.Caveat, { name: "args", type: "bytes" }] },
    { name: "salt", type: "uint256" }, { name: "signature", type: "bytes" },
  ],
};

export const rows = [
  row("metamask_2_caveats", ["AllowedTargets", "AllowedMethods"]),
  row("metamask_3_caveats", ["AllowedTargets", "AllowedMethods", "Timestamp"]),
  row("metamask_5_caveats", ["AllowedTargets", "AllowedMethods", "Timestamp", "ERC20PeriodTransfer", "AllowedCalldata"]),
];

function row(name, names) {
  const what = `MetaMask Delegation Framework 1.3: ${names.join(", ")}`;
  return { name, what, run: (world) => redeem(world, names) };
}

async function redeem(world, names) {
  const manager = await world.deploy2(concat([bytecode.DelegationManager, pad(world.relayer.address)]), salt);
  const version = await world.client.readContract({ address: manager, abi: abis.DelegationManager, functionName: "VERSION" });
  if (version !== "1.3.0") throw new Error(`the package holds Delegation Framework ${version}`);
  const account = await world.delegate(await world.deploy2(concat([bytecode.EIP7702StatelessDeleGator, pad(manager), pad(entryPoint07)]), salt));

  const caveats = [];
  for (const name of names) caveats.push({ enforcer: await world.deploy2(bytecode[`${name}Enforcer`], salt), terms: terms[name](world.token), args: "0x" });
  const delegation = { delegate: world.session.address, delegator: account, authority: rootAuthority, caveats, salt: 0n };
  const domain = { name: "DelegationManager", version: "1", chainId, verifyingContract: manager };
  const signature = await world.owner.signTypedData({ domain, types: delegationTypes, primaryType: "Delegation", message: delegation });
  const context = encodeAbiParameters([delegationsParameter], [[{ ...delegation, signature }]]);
  const redemption = (target, call) => ({
    from: world.session,
    to: manager,
    data: encodeFunctionData({
      abi: abis.DelegationManager,
      functionName: "redeemDelegations",
      args: [[context], [single], [encodePacked(["address", "uint256", "bytes"], [target, 0n, call])]],
    }),
  });

  const forbidden = {
    AllowedTargets: [redemption(payee, transferData()), "target-address-not-allowed"],
    AllowedMethods: [redemption(world.token, "0x095ea7b3"), "method-not-allowed"],
    Timestamp: [{ ...redemption(world.token, transferData()), blockOverrides: { time: BigInt(now + 86_400) } }, "expired-delegation"],
    ERC20PeriodTransfer: [redemption(world.token, transferData(payee, dailyCap + 1n)), "transfer-amount-exceeded"],
    AllowedCalldata: [redemption(world.token, transferData(manager)), "invalid-calldata"],
  };
  for (const name of names) await world.refuses(forbidden[name][0], `${name}Enforcer:${forbidden[name][1]}`);

  const spend = redemption(world.token, transferData(payee, amount));
  await world.send(spend);
  await world.send(spend);
  return world.send(spend);
}
