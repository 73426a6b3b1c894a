// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

/// @title Where an execution keeps in memory what it has read
/// @notice First the words that EIP-712 hashes for the grant and for the operation, each in its order, then what was opened
/// of the grant's rest, then one record a rule, one a meter, and one for each call that was judged.
/// @dev Assembly, and places known when this is compiled: a word is stored or loaded in 6 gas. With structs behind pointers,
/// cleared before they are set, a one-rule operation cost about 2,800 gas more.
/// The memory is Solidity's, taken by `open` and `extend`; it reserves some of its own below `GRANT` where the stack is too deep.
library Frame {
    // Grant.
    uint256 internal constant GRANT = 0x100;
    uint256 internal constant GRANT_LENGTH = 0x220;
    uint256 internal constant CHAIN_ID = 0x120;
    uint256 internal constant ACCOUNT = 0x140;
    uint256 internal constant BACKEND = 0x160;
    uint256 internal constant EPOCH = 0x180;
    uint256 internal constant SALT = 0x1a0;
    uint256 internal constant KEY_KIND = 0x1c0;
    uint256 internal constant KEY_HASH = 0x1e0;
    uint256 internal constant NOT_BEFORE = 0x200;
    uint256 internal constant NOT_AFTER = 0x220;
    uint256 internal constant FIRST_SEQ = 0x240;
    uint256 internal constant END_SEQ = 0x260;
    uint256 internal constant ROUTES = 0x280;
    uint256 internal constant RELAYER = 0x2a0;
    uint256 internal constant CALLS_HASH = 0x2c0;
    uint256 internal constant METERS_HASH = 0x2e0;
    uint256 internal constant REST_HASH = 0x300;

    // SessionOp.
    uint256 internal constant OP = 0x320;
    uint256 internal constant OP_LENGTH = 0x100;
    uint256 internal constant OP_GRANT = 0x340;
    uint256 internal constant NONCE = 0x360;
    uint256 internal constant VALID_FROM = 0x380;
    uint256 internal constant VALID_UNTIL = 0x3a0;
    uint256 internal constant OP_RELAYER = 0x3c0;
    uint256 internal constant MAX_FEE = 0x3e0;
    uint256 internal constant OP_CALLS = 0x400;

    // How many rules and meters the grant has, and where the records end: of opened rules, of opened meters, of calls.
    uint256 internal constant RULE_COUNT = 0x420;
    uint256 internal constant RULES_END = 0x440;
    uint256 internal constant METER_COUNT = 0x460;
    uint256 internal constant METERS_END = 0x480;

    uint256 internal constant CALLS_END = 0x4a0;
    /// @dev The grant's word of the state, as it will be written but for the first meter's counter.
    uint256 internal constant GRANT_WORD = 0x4c0;
    /// @dev Where the bytes end that are being decoded.
    uint256 internal constant DATA_END = 0x4e0;
    /// @dev Whether other accounts keep their state in the same contract: then each slot is the account's.
    uint256 internal constant SHARED = 0x500;

    // What was opened of the grant's rest; `REST_OPEN` is 0 where nothing was. The lists are the offsets of their first address
    // in the calldata.
    uint256 internal constant REST_OPEN = 0x520;
    uint256 internal constant FEE_TOKEN = 0x540;
    uint256 internal constant FEE_PER_OP = 0x560;
    uint256 internal constant FEE_CAP = 0x580;
    uint256 internal constant ENDER = 0x5a0;
    uint256 internal constant RP_ID_HASH = 0x5c0;
    uint256 internal constant RELAYERS_AT = 0x5e0;
    uint256 internal constant RELAYERS = 0x600;
    uint256 internal constant PAYMASTERS_AT = 0x620;
    uint256 internal constant PAYMASTERS = 0x640;

    /// @dev What the fees of the grant come to with the operation's.
    uint256 internal constant FEES = 0x660;

    /// @dev The first rule's record.
    uint256 internal constant RULES = 0x680;

    // A rule's record: the words of CallRule, then these.
    uint256 internal constant RULE_HASHED = 0xa0;
    uint256 internal constant TARGET = 0x20;
    uint256 internal constant SIGNATURE = 0x40;
    uint256 internal constant MAX_VALUE = 0x60;
    uint256 internal constant CHECKS_HASH = 0x80;
    uint256 internal constant RULE_INDEX = 0xa0;
    uint256 internal constant CHECKS_AT = 0xc0;
    uint256 internal constant CHECKS_END = 0xe0;
    uint256 internal constant RULE_SIZE = 0x100;

    // A meter's record: the words of Meter, then these.
    uint256 internal constant METER_HASHED = 0xe0;
    uint256 internal constant METER_ID = 0x20;
    uint256 internal constant WHAT = 0x40;
    uint256 internal constant TOKEN = 0x60;
    uint256 internal constant CAP = 0x80;
    uint256 internal constant PERIOD = 0xa0;
    uint256 internal constant ANCHOR = 0xc0;
    uint256 internal constant METER_INDEX = 0xe0;
    /// @dev 0 until a call is charged to the meter.
    uint256 internal constant USED = 0x100;
    uint256 internal constant WINDOW = 0x120;
    uint256 internal constant SPENT = 0x140;
    uint256 internal constant METER_SIZE = 0x160;

    // A call's record.
    uint256 internal constant RULE = 0x00;
    uint256 internal constant GAS_FLOOR = 0x20;
    uint256 internal constant VALUE = 0x40;
    uint256 internal constant ARGUMENTS = 0x60;
    uint256 internal constant LENGTH = 0x80;
    uint256 internal constant CALL_SIZE = 0xa0;

    /// @notice Takes the memory up to the first record, before anything else takes any.
    function open() internal pure {
        uint256 free;
        assembly ("memory-safe") {
            free := mload(0x40)
        }
        assert(free <= GRANT);
        assembly ("memory-safe") {
            mstore(0x40, RULES)
        }
    }

    /// @notice Takes the memory up to `end`, behind the last record so far.
    function extend(uint256 end) internal pure {
        assembly ("memory-safe") {
            mstore(0x40, end)
        }
    }

    function get(uint256 place) internal pure returns (uint256 value) {
        assembly ("memory-safe") {
            value := mload(place)
        }
    }

    function set(uint256 place, uint256 value) internal pure {
        assembly ("memory-safe") {
            mstore(place, value)
        }
    }

    function copy(uint256 place, uint256 position, uint256 length) internal pure {
        assembly ("memory-safe") {
            calldatacopy(place, position, length)
        }
    }

    function hash(uint256 place, uint256 length) internal pure returns (uint256 value) {
        assembly ("memory-safe") {
            value := keccak256(place, length)
        }
    }
}
