// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

struct Gas {
    uint64 unitsPerOp;
    address feeToken;
    uint120 feePerOp;
    uint120 feeCap;
}

struct TypedRule {
    string domain;
    string encodeType;
    bytes checks;
}

struct AppRule {
    string app;
    string verb;
    bytes checks;
}

struct Require {
    uint8 kind;
    bytes data;
}

struct Rest {
    Gas gas;
    address ender;
    bytes32 login;
    bytes32 labels;
    bytes32 rpIdHash;
    address[] relayers;
    address[] paymasters;
    TypedRule[] typed;
    AppRule[] apps;
    Require[] requires;
}

struct CallRule {
    address target;
    string signature;
    uint256 maxValue;
    bytes checks;
}

struct Meter {
    uint16 id;
    uint8 what;
    address token;
    uint120 cap;
    uint32 period;
    uint48 anchor;
}

struct Grant {
    uint64 chainId;
    address account;
    address backend;
    uint64 epoch;
    bytes16 salt;
    uint8 keyKind;
    bytes key;
    uint48 notBefore;
    uint48 notAfter;
    uint64 firstSeq;
    uint64 endSeq;
    uint8 routes;
    address relayer;
    CallRule[] calls;
    Meter[] meters;
    Rest rest;
}

/// @title `hashStruct(Grant)` by the book (EIP-712), from the whole grant: an oracle for the account's own hashing
contract GrantHasher {
    string private constant APP_RULE = "AppRule(string app,string verb,bytes checks)";
    string private constant CALL_RULE = "CallRule(address target,string signature,uint256 maxValue,bytes checks)";
    string private constant GAS = "Gas(uint64 unitsPerOp,address feeToken,uint120 feePerOp,uint120 feeCap)";
    string private constant METER =
        "Meter(uint16 id,uint8 what,address token,uint120 cap,uint32 period,uint48 anchor)";
    string private constant REQUIRE = "Require(uint8 kind,bytes data)";
    string private constant REST = "Rest(Gas gas,address ender,bytes32 login,bytes32 labels,bytes32 rpIdHash,"
        "address[] relayers,address[] paymasters,TypedRule[] typed,AppRule[] apps,Require[] requires)";
    string private constant TYPED_RULE = "TypedRule(string domain,string encodeType,bytes checks)";
    string private constant GRANT = "Grant(uint64 chainId,address account,address backend,uint64 epoch,bytes16 salt,"
        "uint8 keyKind,bytes key,uint48 notBefore,uint48 notAfter,uint64 firstSeq,uint64 endSeq,uint8 routes,"
        "address relayer,CallRule[] calls,Meter[] meters,Rest rest)";

    /// @notice `hashStruct(Grant)`.
    function hash(Grant calldata g) external pure returns (bytes32) {
        bytes memory head = abi.encode(
            keccak256(bytes(string.concat(GRANT, APP_RULE, CALL_RULE, GAS, METER, REQUIRE, REST, TYPED_RULE))),
            g.chainId,
            g.account,
            g.backend,
            g.epoch,
            g.salt,
            g.keyKind,
            keccak256(g.key)
        );
        bytes memory terms = abi.encode(g.notBefore, g.notAfter, g.firstSeq, g.endSeq, g.routes, g.relayer);
        return keccak256(
            bytes.concat(head, terms, abi.encode(hashCalls(g.calls), hashMeters(g.meters), hashRest(g.rest)))
        );
    }

    /// @notice The hash of a list of call rules.
    function hashCalls(CallRule[] calldata list) public pure returns (bytes32) {
        bytes memory hashes;
        for (uint256 i; i < list.length; ++i) {
            hashes = bytes.concat(hashes, hashCall(list[i]));
        }
        return keccak256(hashes);
    }

    /// @notice `hashStruct(CallRule)`.
    function hashCall(CallRule calldata rule) public pure returns (bytes32) {
        return keccak256(
            abi.encode(
                keccak256(bytes(CALL_RULE)),
                rule.target,
                keccak256(bytes(rule.signature)),
                rule.maxValue,
                keccak256(rule.checks)
            )
        );
    }

    /// @notice The hash of a list of meters.
    function hashMeters(Meter[] calldata list) public pure returns (bytes32) {
        bytes memory hashes;
        for (uint256 i; i < list.length; ++i) {
            hashes = bytes.concat(hashes, hashMeter(list[i]));
        }
        return keccak256(hashes);
    }

    /// @notice `hashStruct(Meter)`.
    function hashMeter(Meter calldata meter) public pure returns (bytes32) {
        return keccak256(abi.encode(keccak256(bytes(METER)), meter));
    }

    /// @notice `hashStruct(Gas)`.
    function hashGas(Gas calldata gas) public pure returns (bytes32) {
        return keccak256(abi.encode(keccak256(bytes(GAS)), gas));
    }

    /// @notice `hashStruct(Rest)`.
    function hashRest(Rest calldata rest) public pure returns (bytes32) {
        return keccak256(
            abi.encode(
                keccak256(bytes(string.concat(REST, APP_RULE, GAS, REQUIRE, TYPED_RULE))),
                hashGas(rest.gas),
                rest.ender,
                rest.login,
                rest.labels,
                rest.rpIdHash,
                hashAddresses(rest.relayers),
                hashAddresses(rest.paymasters),
                hashTyped(rest.typed),
                hashApps(rest.apps),
                hashRequires(rest.requires)
            )
        );
    }

    /// @notice The hash of a list of addresses.
    function hashAddresses(address[] calldata list) public pure returns (bytes32) {
        return keccak256(abi.encodePacked(list));
    }

    /// @notice The hash of a list of typed rules.
    function hashTyped(TypedRule[] calldata list) public pure returns (bytes32) {
        bytes memory hashes;
        for (uint256 i; i < list.length; ++i) {
            TypedRule calldata rule = list[i];
            hashes = bytes.concat(
                hashes,
                keccak256(
                    abi.encode(
                        keccak256(bytes(TYPED_RULE)),
                        keccak256(bytes(rule.domain)),
                        keccak256(bytes(rule.encodeType)),
                        keccak256(rule.checks)
                    )
                )
            );
        }
        return keccak256(hashes);
    }

    /// @notice The hash of a list of app rules.
    function hashApps(AppRule[] calldata list) public pure returns (bytes32) {
        bytes memory hashes;
        for (uint256 i; i < list.length; ++i) {
            AppRule calldata rule = list[i];
            hashes = bytes.concat(
                hashes,
                keccak256(
                    abi.encode(
                        keccak256(bytes(APP_RULE)),
                        keccak256(bytes(rule.app)),
                        keccak256(bytes(rule.verb)),
                        keccak256(rule.checks)
                    )
                )
            );
        }
        return keccak256(hashes);
    }

    /// @notice The hash of a list of required facts.
    function hashRequires(Require[] calldata list) public pure returns (bytes32) {
        bytes memory hashes;
        for (uint256 i; i < list.length; ++i) {
            hashes = bytes.concat(
                hashes, keccak256(abi.encode(keccak256(bytes(REQUIRE)), list[i].kind, keccak256(list[i].data)))
            );
        }
        return keccak256(hashes);
    }
}
