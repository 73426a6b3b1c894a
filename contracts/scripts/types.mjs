// The EIP-712 types of the protocol, as viem takes them.
const field = (text) => {
  const [type, name] = text.split(" ");
  return { name, type };
};
const struct = (text) => text.split(",").map(field);

export const types = {
  Grant: struct(
    "uint64 chainId,address account,address backend,uint64 epoch,bytes16 salt,uint8 keyKind,bytes key,uint48 notBefore,uint48 notAfter," +
      "uint64 firstSeq,uint64 endSeq,uint8 routes,address relayer,CallRule[] calls,Meter[] meters,Rest rest",
  ),
  CallRule: struct("address target,string signature,uint256 maxValue,bytes checks"),
  Meter: struct("uint16 id,uint8 what,address token,uint120 cap,uint32 period,uint48 anchor"),
  Rest: struct(
    "Gas gas,address ender,bytes32 login,bytes32 labels,bytes32 rpIdHash,address[] relayers,address[] paymasters," +
      "TypedRule[] typed,AppRule[] apps,Require[] requires",
  ),
  Gas: struct("uint64 unitsPerOp,address feeToken,uint120 feePerOp,uint120 feeCap"),
  TypedRule: struct("string domain,string encodeType,bytes checks"),
  AppRule: struct("string app,string verb,bytes checks"),
  Require: struct("uint8 kind,bytes data"),
  SessionOp: struct("bytes32 grant,uint256 nonce,uint48 validFrom,uint48 validUntil,address relayer,uint120 maxFee,bytes calls"),
  SessionUserOp: struct("bytes32 grant,uint48 validFrom,uint48 validUntil,uint16[] rules,bytes32 userOpHash"),
  Replace: struct("bytes32 from,Grant to"),
  End: struct("bytes32 grant"),
  Epoch: struct("address account,uint64 next"),
};
