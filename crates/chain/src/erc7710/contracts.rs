//! Where the contracts of the Delegation Framework 1.3 stand, the same on every chain, and what code must stand there.
//!
//! Addresses: npm `@metamask/delegation-deployments`, 1.3.0. Hashes: of the runtime code that the creation code in npm
//! `@metamask/delegation-abis` leaves at that address; the tests compute them anew. Enforcers have no immutables. Those of the
//! manager and the delegator hold the chain's number and the domain separator that follows from it: both are compared with
//! what they must be, and the rest of the code with a hash in which they are zero.

use alloy_primitives::{Address, B256, U256, address, b256, keccak256};
use alloy_sol_types::Eip712Domain;

/// A contract of the framework.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[expect(missing_docs, reason = "their names in the framework, without `Enforcer`")]
pub enum Contract {
    Manager,
    Delegator,
    AllowedCalldata,
    AllowedMethods,
    AllowedTargets,
    Erc20TransferAmount,
    Erc20PeriodTransfer,
    ExactCalldata,
    ExactExecution,
    LimitedCalls,
    NativeTokenTransferAmount,
    NativeTokenPeriodTransfer,
    Nonce,
    Redeemer,
    Timestamp,
    ValueLte,
}

/// What is known of one.
#[derive(Debug, Clone, Copy)]
pub struct Known {
    /// The contract.
    pub contract: Contract,
    /// Its name in the packages.
    pub name: &'static str,
    /// Where it stands.
    pub address: Address,
    /// The keccak-256 of its runtime code, with zeros in what depends on the chain.
    pub hash: B256,
    /// Where the chain's number and the domain separator stand in the code, if they do: 32 bytes each.
    pub chain: Option<(usize, usize)>,
}

const fn known(contract: Contract, name: &'static str, address: Address, hash: B256) -> Known {
    Known { contract, name, address, hash, chain: None }
}

/// All of them.
pub const ALL: [Known; 16] = [
    Known {
        chain: Some((6767, 6809)),
        ..known(
            Contract::Manager,
            "DelegationManager",
            address!("0xdb9B1e94B5b69Df7e401DDbedE43491141047dB3"),
            b256!("0xffa6890234dfb8144cf90ffc94b33fb2f63e20b1e7e88c4c3110533495e1fb90"),
        )
    },
    Known {
        chain: Some((5801, 5843)),
        ..known(
            Contract::Delegator,
            "EIP7702StatelessDeleGator",
            address!("0x63c0c19a282a1B52b07dD5a65b58948A07DAE32B"),
            b256!("0x2195a83b6df11257aa99bd757b0e57a75b31aab2625485e9a1026edbb3347aaa"),
        )
    },
    known(
        Contract::AllowedCalldata,
        "AllowedCalldataEnforcer",
        address!("0xc2b0d624c1c4319760C96503BA27C347F3260f55"),
        b256!("0x5c50649f66276cb2625c1544be4355a3a61c72f7db413788df4124da25607128"),
    ),
    known(
        Contract::AllowedMethods,
        "AllowedMethodsEnforcer",
        address!("0x2c21fD0Cb9DC8445CB3fb0DC5E7Bb0Aca01842B5"),
        b256!("0xeee084c08fbb1c65219c692d22b1b1f22cac91246ca23714b3e29c3ebde6e042"),
    ),
    known(
        Contract::AllowedTargets,
        "AllowedTargetsEnforcer",
        address!("0x7F20f61b1f09b08D970938F6fa563634d65c4EeB"),
        b256!("0xc6e49fa6f963d047b53a6ae22b37838cf74681f15dfa4e085e8716fa8d3157bd"),
    ),
    known(
        Contract::Erc20TransferAmount,
        "ERC20TransferAmountEnforcer",
        address!("0xf100b0819427117EcF76Ed94B358B1A5b5C6D2Fc"),
        b256!("0xacea0c86dddcf160a5ec8dc8b91b12064fa9ec0f22058f0bbcc97afc9e0c6128"),
    ),
    known(
        Contract::Erc20PeriodTransfer,
        "ERC20PeriodTransferEnforcer",
        address!("0x474e3Ae7E169e940607cC624Da8A15Eb120139aB"),
        b256!("0xcd8db0c257676feea6d4032ba1385625a0e41fe71b908f6bdb80c8fe22a82019"),
    ),
    known(
        Contract::ExactCalldata,
        "ExactCalldataEnforcer",
        address!("0x99F2e9bF15ce5eC84685604836F71aB835DBBdED"),
        b256!("0x2381fcd0a8f380defaafa9b6a5a6c0aae920d04d2f540e565654f5d62c845fbb"),
    ),
    known(
        Contract::ExactExecution,
        "ExactExecutionEnforcer",
        address!("0x146713078D39eCC1F5338309c28405ccf85Abfbb"),
        b256!("0x4d2ff4ec8d486a54dfb583ac24464e108799d49ced35f2bae32c23082f7684af"),
    ),
    known(
        Contract::LimitedCalls,
        "LimitedCallsEnforcer",
        address!("0x04658B29F6b82ed55274221a06Fc97D318E25416"),
        b256!("0x52b55dafe005103e5f480023b2b8718185290fef063a8704580db0700ea29631"),
    ),
    known(
        Contract::NativeTokenTransferAmount,
        "NativeTokenTransferAmountEnforcer",
        address!("0xF71af580b9c3078fbc2BBF16FbB8EEd82b330320"),
        b256!("0x0c56766fa64f3f2c3a7156940b4d79307ff3f7dc7f2aae6d84351dc3400a59b1"),
    ),
    known(
        Contract::NativeTokenPeriodTransfer,
        "NativeTokenPeriodTransferEnforcer",
        address!("0x9BC0FAf4Aca5AE429F4c06aEEaC517520CB16BD9"),
        b256!("0xdfeaf263354ddd5ff399fa09dce43d49213e3ab3710d4af2830338b28860203f"),
    ),
    known(
        Contract::Nonce,
        "NonceEnforcer",
        address!("0xDE4f2FAC4B3D87A1d9953Ca5FC09FCa7F366254f"),
        b256!("0x17ca7b76a558ebe6860e18fe07ca1bf2712eb12bc3c8ddeb82b7a6e46186bef4"),
    ),
    known(
        Contract::Redeemer,
        "RedeemerEnforcer",
        address!("0xE144b0b2618071B4E56f746313528a669c7E65c5"),
        b256!("0x1101c320073961d337c545cb685ca647b45e4f90bd2dc55a70883db9205d293b"),
    ),
    known(
        Contract::Timestamp,
        "TimestampEnforcer",
        address!("0x1046bb45C8d673d4ea75321280DB34899413c069"),
        b256!("0x21e584feccaac06d3b3efb9b70a6d69ea1202e8cc58e2f9bdd9c04a84c292b1a"),
    ),
    known(
        Contract::ValueLte,
        "ValueLteEnforcer",
        address!("0x92Bf12322527cAA612fd31a0e810472BBB106A8F"),
        b256!("0x28d0d4f406cc5b7b2f1b848e8c0833261f925832225b714052cad12c03ff1d52"),
    ),
];

impl Contract {
    /// What is known of it.
    #[must_use]
    pub fn known(self) -> &'static Known {
        // Every contract has a row, which a test shows; the manager's is the first.
        let [manager, ..] = &ALL;
        ALL.iter().find(|k| k.contract == self).unwrap_or(manager)
    }

    /// Where it stands, on every chain.
    #[must_use]
    pub fn address(self) -> Address {
        self.known().address
    }

    /// The contract at `address`.
    #[must_use]
    pub fn at(address: Address) -> Option<Self> {
        ALL.iter().find(|k| k.address == address).map(|k| k.contract)
    }
}

impl Known {
    /// Whether `code` is this contract's on chain `chain`.
    #[must_use]
    pub fn is_code(&self, code: &[u8], chain: u64) -> bool {
        let Some((number, separator)) = self.chain else { return keccak256(code) == self.hash };
        let mut masked = code.to_vec();
        let domain = Eip712Domain::new(
            Some(self.name.into()),
            Some("1".into()),
            Some(U256::from(chain)),
            Some(self.address),
            None,
        );
        for (at, wanted) in [(number, B256::from(U256::from(chain))), (separator, domain.separator())] {
            match masked.get_mut(at..at + 32) {
                Some(word) if *word == wanted => word.fill(0),
                _ => return false,
            }
        }
        keccak256(masked) == self.hash
    }
}
