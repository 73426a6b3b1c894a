//! What a session key never calls (DESIGN section 3, point 7).

use alloy_primitives::{Address, address};

/// The canonical EntryPoints of ERC-4337: 0.6, 0.7, 0.8, 0.9.
pub const ENTRY_POINTS: [Address; 4] = [
    address!("0x5FF137D4b0FDCD49DcA30c7CF57E578a026d2789"),
    address!("0x0000000071727De22E5E9d8BAf0edAc6f37da032"),
    address!("0x4337084D9E255Ff0702461CF8895CE9E3b5Ff108"),
    address!("0x433709009B8330FDa32311DF1C2AFA402eD8D009"),
];

/// Whether `target` is the account itself, its backend or an EntryPoint. A zero account or backend is nobody.
#[must_use]
pub fn target(target: Address, account: Address, backend: Address) -> bool {
    let ours = |own: Address| !own.is_zero() && target == own;
    ours(account) || ours(backend) || ENTRY_POINTS.contains(&target)
}
