//! The functions and errors of our contracts, and the artifacts that CI rebuilds and compares.

use alloy_primitives::{Address, B256, Bytes, address, b256, hex, keccak256};
use alloy_sol_types::sol;
use hallpass_policy::Code;

sol! {
    /// The account, in both homes.
    interface IHallpass {
        function execute(bytes wire) external;
        function install(bytes grant, bytes signature) external;
        function end(bytes32 grant, bytes signature) external;
        function replace(bytes from, bytes fromMeters, bytes to, bytes toMeters, bytes signature) external;
        function endFor(bytes grant, bytes rest, bytes signature) external;
        function surrender(bytes grant, bytes rest, bytes signature) external;
        function moveEpoch(uint64 next, bytes signature) external;
        function freeze() external;
        function unfreeze() external;
        function accountState() external view returns (uint64 epoch, bool frozen);
        function grantState(bytes32 grant) external view
            returns (uint8 status, uint32 base, uint64 used, uint32 window, uint120 spent);
        function laneState(bytes32 grant, uint192 lane) external view returns (uint64 base, uint192 used);
        function meterState(uint64 epoch, bytes16 salt, uint16 id) external view returns (uint32 window, uint120 spent);
        error CallFailed(uint256 index, bytes reason);
        event Executed(bytes32 indexed grant, uint256 nonce);
        event Validated(bytes32 indexed grant, bytes32 userOpHash);
        event Installed(bytes32 indexed grant);
        event Ended(bytes32 indexed grant);
        event Replaced(bytes32 indexed from, bytes32 indexed to);
    }

    /// The module, for ERC-7579 accounts.
    interface IHallpassModule {
        function execute(address account, bytes wire) external;
        function install(bytes grant, bytes signature) external;
        function replace(bytes from, bytes fromMeters, bytes to, bytes toMeters, bytes signature) external;
        function end(address account, bytes32 grant, bytes signature) external;
        function endFor(bytes grant, bytes rest, bytes signature) external;
        function surrender(bytes grant, bytes rest, bytes signature) external;
        function moveEpoch(address account, uint64 next, bytes signature) external;
        function freeze() external;
        function unfreeze() external;
        function accountState(address account) external view returns (uint64 epoch, bool frozen);
        function grantState(address account, bytes32 grant) external view
            returns (uint8 status, uint32 base, uint64 used, uint32 window, uint120 spent);
        function laneState(address account, bytes32 grant, uint192 lane) external view returns (uint64 base, uint192 used);
        function meterState(address account, uint64 epoch, bytes16 salt, uint16 id) external view
            returns (uint32 window, uint120 spent);
    }

    /// An ERC-7579 account, as far as it is needed.
    interface IERC7579Account {
        function installModule(uint256 moduleTypeId, address module, bytes initData) external;
        function isModuleInstalled(uint256 moduleTypeId, address module, bytes additionalContext) external view returns (bool);
    }

    /// Opens pockets.
    interface IHallpassFactory {
        function open(address owner, uint256 index) external returns (address pocket);
        function openAndInstall(address owner, uint256 index, bytes grant, bytes signature) external returns (address pocket);
        function pocketOf(address owner, uint256 index) external view returns (address);
    }

    /// ERC-20, as far as it is needed.
    interface IERC20 {
        function transfer(address to, uint256 amount) external returns (bool);
        function balanceOf(address account) external view returns (uint256);
        function approve(address spender, uint256 amount) external returns (bool);
    }
}

/// The deterministic deployment proxy that stands on most chains and is preloaded by anvil.
pub const CREATE2_DEPLOYER: Address = address!("0x4e59b44847b379578588920cA78FbF26c0B4956C");
const SALT: B256 = b256!("0x0000000000000000000000000000000000000000000000000000000000000000");

/// A compiled contract as `contracts/artifacts` holds it.
#[derive(Debug, Clone)]
pub struct Artifact {
    /// Creation code, without constructor arguments.
    pub bytecode: Bytes,
    /// Runtime code, with zeros where immutables go.
    pub runtime: Bytes,
    /// Where the immutables stand in the runtime code: (start, length).
    pub immutables: Vec<(usize, usize)>,
}

/// An artifact that cannot be read: the build is broken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the contract artifact `{0}` cannot be read")]
pub struct ArtifactError(pub &'static str);

impl Artifact {
    /// Reads the JSON of `contracts/artifacts`.
    ///
    /// # Errors
    /// [`ArtifactError`].
    pub fn parse(name: &'static str, json: &str) -> Result<Self, ArtifactError> {
        let bad = || ArtifactError(name);
        let value: serde_json::Value = serde_json::from_str(json).map_err(|_| bad())?;
        let code = |v: Option<&serde_json::Value>| v.and_then(|v| v.as_str()).and_then(|t| hex::decode(t).ok());
        let deployed = value.get("deployedBytecode").ok_or_else(bad)?;
        let references = deployed.get("immutableReferences").and_then(|r| r.as_array()).cloned().unwrap_or_default();
        let immutables = references.iter().flat_map(|group| group.as_array().cloned().unwrap_or_default());
        let number = |v: &serde_json::Value, key: &str| {
            v.get(key).and_then(serde_json::Value::as_u64).and_then(|n| usize::try_from(n).ok())
        };
        Ok(Self {
            bytecode: code(value.get("bytecode")).ok_or_else(bad)?.into(),
            runtime: code(deployed.get("object").or_else(|| deployed.get("bytecode"))).ok_or_else(bad)?.into(),
            immutables: immutables
                .map(|v| Some((number(&v, "start")?, number(&v, "length")?)))
                .collect::<Option<_>>()
                .ok_or_else(bad)?,
        })
    }

    /// Where the deterministic proxy puts it.
    #[must_use]
    pub fn address(&self, arguments: &[u8]) -> Address {
        CREATE2_DEPLOYER.create2(SALT, keccak256(self.init_code(arguments)))
    }

    /// What is sent to the deterministic proxy.
    #[must_use]
    pub fn deploy_data(&self, arguments: &[u8]) -> Bytes {
        let mut data = SALT.to_vec();
        data.extend(self.init_code(arguments));
        data.into()
    }

    /// Whether `code` is this contract, of whose immutables, if it has any, one is the address `immutable`.
    ///
    /// What the others are follows from the address where it stands, which commits to the code that made it (EIP-1014).
    #[must_use]
    pub fn is_code_of(&self, code: &[u8], immutable: Address) -> bool {
        let Some(expected) = self.runtime_at(immutable) else { return false };
        let free = |i: usize| self.immutables.iter().any(|(start, length)| (*start..start + length).contains(&i));
        let same = |(i, (ours, theirs)): (usize, (&u8, &u8))| ours == theirs || free(i);
        let names_it = |(start, length): &(usize, usize)| {
            let range = *start..start + length;
            expected.get(range.clone()).is_some_and(|word| code.get(range) == Some(word))
        };
        code.len() == expected.len()
            && expected.iter().zip(code).enumerate().all(same)
            && (self.immutables.is_empty() || self.immutables.iter().any(names_it))
    }

    /// The runtime code where every immutable is `immutable`; `None` for an artifact that does not fit together.
    #[must_use]
    pub fn runtime_at(&self, immutable: Address) -> Option<Bytes> {
        let mut code = self.runtime.to_vec();
        for (start, length) in &self.immutables {
            let word = immutable.into_word();
            let value = word.0.get(32_usize.saturating_sub(*length)..)?;
            code.get_mut(*start..start + length)?.copy_from_slice(value);
        }
        Some(code.into())
    }

    fn init_code(&self, arguments: &[u8]) -> Vec<u8> {
        [self.bytecode.as_ref(), arguments].concat()
    }
}

/// Our contracts and where they stand on every chain.
#[derive(Debug, Clone)]
pub struct Suite {
    /// The EIP-7702 delegate.
    pub delegate: (Address, Artifact),
    /// The ERC-7579 module.
    pub module: (Address, Artifact),
    /// The implementation behind every pocket.
    pub pocket: (Address, Artifact),
    /// Opens pockets.
    pub factory: (Address, Artifact),
}

impl Suite {
    /// Reads the artifacts in this binary.
    ///
    /// # Errors
    /// [`ArtifactError`].
    pub fn load() -> Result<Self, ArtifactError> {
        let delegate = Artifact::parse("Hallpass7702", include_str!("../../../contracts/artifacts/Hallpass7702.json"))?;
        let pocket =
            Artifact::parse("HallpassPocket", include_str!("../../../contracts/artifacts/HallpassPocket.json"))?;
        let factory =
            Artifact::parse("HallpassFactory", include_str!("../../../contracts/artifacts/HallpassFactory.json"))?;
        let module =
            Artifact::parse("HallpassModule", include_str!("../../../contracts/artifacts/HallpassModule.json"))?;
        let pocket_at = pocket.address(&[]);
        let factory_at = factory.address(pocket_at.into_word().as_slice());
        Ok(Self {
            delegate: (delegate.address(&[]), delegate),
            module: (module.address(&[]), module),
            pocket: (pocket_at, pocket),
            factory: (factory_at, factory),
        })
    }
}

/// Custom errors beside the denial codes, by signature.
const OTHER_ERRORS: [(&str, &str); 15] = [
    ("WrongAccount()", "wrong_account"),
    ("WrongBackend()", "wrong_backend"),
    ("GrantInstalled()", "grant_installed"),
    ("SaltUsed()", "salt_used"),
    ("CallFailed(uint256,bytes)", "call_failed"),
    ("GasFloorUnmet()", "gas_floor_unmet"),
    ("Malformed()", "malformed"),
    ("NotOwner()", "not_owner"),
    ("NotEnder()", "not_ender"),
    ("BadEpoch()", "bad_epoch"),
    ("BadReplacement()", "bad_replacement"),
    ("FeeNotPaid()", "fee_not_paid"),
    ("NotEntryPoint()", "not_entry_point"),
    ("Error(string)", "reverted"),
    ("Panic(uint256)", "panicked"),
];

/// The stable code of what a call reverted with; `reverted` for what is not ours.
#[must_use]
pub fn error_code(revert: &[u8]) -> &'static str {
    let Some(selector) = revert.first_chunk::<4>() else { return "reverted" };
    let is = |signature: &str| keccak256(signature).starts_with(selector);
    let denial = Code::ALL.iter().find(|code| is(&format!("{}()", code.error_name()))).map(|code| code.as_str());
    denial.or_else(|| OTHER_ERRORS.iter().find(|(s, _)| is(s)).map(|(_, code)| *code)).unwrap_or("reverted")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_committed_artifacts_fit_this_binary() {
        let suite = Suite::load().unwrap();
        assert!(!suite.delegate.1.immutables.is_empty());
        assert!(!suite.delegate.1.is_code_of(&suite.delegate.1.runtime, suite.delegate.0));
    }

    #[test]
    fn every_denial_has_its_custom_error() {
        for code in Code::ALL {
            let revert = keccak256(format!("{}()", code.error_name()));
            assert_eq!(error_code(revert.as_slice()), code.as_str());
        }
        assert_eq!(error_code(&[]), "reverted");
    }
}
