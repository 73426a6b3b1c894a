//! User operations (ERC-4337): what a session key signs where an EntryPoint carries the calls.
//!
//! An operation is made here, of calls that were judged, and its hash is computed here: nobody hands in calldata, an
//! `initCode` or a hash. It has no `initCode` at all, so it neither deploys an account nor delegates one (EIP-7702).

use crate::eip712::SessionUserOp;
use crate::eval::Call;
use crate::forbidden::ENTRY_POINTS;
use alloy_primitives::{Address, B256, Bytes, U256, aliases::U192, keccak256};
use alloy_sol_types::{Eip712Domain, SolCall, SolStruct, SolValue, sol};
use hallpass_types::UnixSeconds;
use serde::{Deserialize, Serialize};

sol! {
    /// What an EntryPoint hashes of an operation; its signature is no part of that.
    #[derive(Debug, PartialEq, Eq)]
    struct PackedUserOperation {
        address sender;
        uint256 nonce;
        bytes initCode;
        bytes callData;
        bytes32 accountGasLimits;
        uint256 preVerificationGas;
        bytes32 gasFees;
        bytes paymasterAndData;
    }

    /// One call of a batch (ERC-7579, ERC-7821).
    struct Execution { address target; uint256 value; bytes data; }

    function execute(bytes32 mode, bytes data);
}

/// Gas limits and prices above it overflow in the EntryPoint (`AA94`).
const MOST_GAS: u128 = (1 << 120) - 1;

/// An EntryPoint whose operations our accounts take, at its canonical address.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum EntryPoint {
    /// 0.7.
    #[serde(rename = "0.7")]
    V07,
    /// 0.8.
    #[serde(rename = "0.8")]
    V08,
}

impl EntryPoint {
    /// Both.
    pub const ALL: [Self; 2] = [Self::V07, Self::V08];

    /// Where it stands on every chain.
    #[must_use]
    pub const fn address(self) -> Address {
        let [_, v07, v08, _] = ENTRY_POINTS;
        match self {
            Self::V07 => v07,
            Self::V08 => v08,
        }
    }

    /// Its bit, as in [`crate::grant::Routes`].
    #[must_use]
    pub const fn route(self) -> u8 {
        match self {
            Self::V07 => 2,
            Self::V08 => 4,
        }
    }

    /// Its version.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::V07 => "0.7",
            Self::V08 => "0.8",
        }
    }
}

/// Units of gas, and what a unit may cost in wei.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct UserOpGas {
    /// For the calls.
    pub call: u128,
    /// For the account's validation.
    pub verification: u128,
    /// For what no one measures.
    pub pre_verification: u128,
    /// Most for each unit.
    pub max_fee: u128,
    /// Most of it for the block's builder.
    pub max_priority_fee: u128,
}

/// Who pays in the account's place. The fee counts all the same.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Paymaster {
    /// The contract; one that the grant lists.
    pub address: Address,
    /// Units of gas for its validation.
    pub verification_gas: u128,
    /// Units of gas for its work after the calls.
    pub post_op_gas: u128,
    /// For the paymaster alone.
    pub data: Bytes,
}

/// Everything around the calls of a user operation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UserOpBounds {
    /// Who carries it.
    pub entry_point: EntryPoint,
    /// Which of the EntryPoint's counters of the account.
    pub key: U192,
    /// The number in that counter.
    pub sequence: u64,
    /// The next number that the EntryPoint takes there; a lower one is used.
    pub next: u64,
    /// Inclusive.
    pub valid_from: UnixSeconds,
    /// Exclusive; at most 600 s after `valid_from`.
    pub valid_until: UnixSeconds,
    /// Gas and prices.
    pub gas: UserOpGas,
    /// Who pays; `None` for the account.
    pub paymaster: Option<Paymaster>,
}

impl UserOpBounds {
    /// The most wei that it can cost, whoever pays: every gas limit times the highest price. Saturates, far above every cap.
    #[must_use]
    pub fn fee(&self) -> u128 {
        let units = self.units().into_iter().fold(U256::ZERO, |sum, units| sum.saturating_add(U256::from(units)));
        units.saturating_mul(U256::from(self.gas.max_fee)).saturating_to()
    }

    /// Whether the EntryPoint can reckon with its figures.
    pub(crate) fn fits(&self) -> bool {
        let prices = [self.gas.max_fee, self.gas.max_priority_fee];
        self.units().into_iter().chain(prices).all(|figure| figure <= MOST_GAS)
    }

    fn units(&self) -> [u128; 5] {
        let (verification, post_op) = self.paymaster.as_ref().map_or((0, 0), |p| (p.verification_gas, p.post_op_gas));
        [self.gas.call, self.gas.verification, self.gas.pre_verification, verification, post_op]
    }

    /// The operation of these calls.
    pub(crate) fn operation(&self, sender: Address, calls: &[Call]) -> PackedUserOperation {
        let paymaster = self.paymaster.as_ref().map_or(Bytes::new(), |p| {
            let limits = pair(p.verification_gas, p.post_op_gas);
            [p.address.as_slice(), limits.as_slice(), &p.data].concat().into()
        });
        PackedUserOperation {
            sender,
            nonce: U256::from(self.key) << 64_usize | U256::from(self.sequence),
            initCode: Bytes::new(),
            callData: call_data(calls),
            accountGasLimits: pair(self.gas.verification, self.gas.call),
            preVerificationGas: U256::from(self.gas.pre_verification),
            gasFees: pair(self.gas.max_priority_fee, self.gas.max_fee),
            paymasterAndData: paymaster,
        }
    }
}

/// `execute(bytes32,bytes)` of a batch in default mode, in its one canonical encoding.
fn call_data(calls: &[Call]) -> Bytes {
    let all: Vec<Execution> =
        calls.iter().map(|c| Execution { target: c.to, value: c.value, data: c.data.clone() }).collect();
    let mode = B256::from(U256::from(1) << 248_usize);
    executeCall { mode, data: all.abi_encode().into() }.abi_encode().into()
}

fn pair(high: u128, low: u128) -> B256 {
    B256::from(U256::from(high) << 128_usize | U256::from(low))
}

impl PackedUserOperation {
    /// `userOpHash`, as `entry_point` on `chain` computes it: 0.7 of packed words, 0.8 by EIP-712.
    #[must_use]
    pub fn hash(&self, entry_point: EntryPoint, chain: u64) -> B256 {
        let (address, chain) = (entry_point.address(), U256::from(chain));
        match entry_point {
            EntryPoint::V07 => keccak256((keccak256(self.eip712_encode_data()), address, chain).abi_encode()),
            EntryPoint::V08 => {
                let domain =
                    Eip712Domain::new(Some("ERC4337".into()), Some("1".into()), Some(chain), Some(address), None);
                self.eip712_signing_hash(&domain)
            }
        }
    }
}

/// An operation and what the session key signs for it, as a reservation keeps them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UserOp {
    /// Who carries it.
    pub entry_point: EntryPoint,
    /// The operation, without its signature.
    pub op: PackedUserOperation,
    /// What is signed.
    pub signed: SessionUserOp,
}

impl UserOp {
    /// As bytes: `abi.encode(route bit, operation, what is signed)`.
    #[must_use]
    pub fn encode(&self) -> Bytes {
        (U256::from(self.entry_point.route()), self.op.clone(), self.signed.clone()).abi_encode().into()
    }

    /// From these bytes; `None` for any others.
    #[must_use]
    pub fn decode(bytes: &[u8]) -> Option<Self> {
        let (route, op, signed) = <(U256, PackedUserOperation, SessionUserOp)>::abi_decode(bytes).ok()?;
        let entry_point = EntryPoint::ALL.into_iter().find(|e| U256::from(e.route()) == route)?;
        let read = Self { entry_point, op, signed };
        (*read.encode() == *bytes).then_some(read)
    }
}
