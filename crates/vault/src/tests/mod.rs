//! What the vault promises, held against its public interface.
//!
//! - this file: randomness that remembers, a vault, and what it is asked to sign.
//! - `header`: slots, rotation, tampering. `records`: private keys at rest. `signing`: sessions and ends. `curves`: the
//!   three algorithms against other implementations. `relaying`: transactions. `secrecy`: that no key gets out.
//! - `softhsm`, `keychain`: the real programs. `memory`: what is left in this process's memory. `wycheproof`: vectors
//!   for every verifier. `child`: this binary again, as another process.

mod child;
mod curves;
mod header;
mod keychain;
mod memory;
mod records;
mod relaying;
mod secrecy;
mod signing;
mod softhsm;
mod wycheproof;

use crate::keys::Keys;
use crate::{KdfParams, Passphrase, RelayPolicy, RelayTx, SealedRecord, SignError, Vault};
use alloy_consensus::TxEip1559;
use alloy_primitives::{Address, B256, Bytes, Signature, address, keccak256};
use hallpass_policy::eip712::end_digest;
use hallpass_types::{Rng, RngError};
use std::sync::Mutex;

/// As `hallpass` has it.
#[global_allocator]
static WIPING: hallpass_memory::WipingAllocator = hallpass_memory::WipingAllocator;

const BACKEND: Address = address!("0x00000000000000000000000000000000000000bb");
const GRANT: B256 = B256::repeat_byte(0x77);
const INSTALL: [u8; 4] = [0xaa, 0xbb, 0xcc, 0xdd];

/// Gives bytes that differ at each call, and remembers them.
#[derive(Default)]
struct Recorder(Mutex<Vec<Vec<u8>>>);

impl Recorder {
    /// Everything of 32 bytes that was given out: root keys and private keys, nothing else.
    fn secrets(&self) -> Vec<Vec<u8>> {
        self.0.lock().unwrap().iter().filter(|given| given.len() == 32).cloned().collect()
    }
}

impl Rng for Recorder {
    fn fill(&self, out: &mut [u8]) -> Result<(), RngError> {
        let mut given = self.0.lock().unwrap();
        let bytes = keccak256((given.len() as u64).to_be_bytes());
        out.copy_from_slice(&bytes[..out.len()]);
        given.push(out.to_vec());
        Ok(())
    }
}

/// Gives the same byte for ever.
struct Stuck(u8);

impl Rng for Stuck {
    fn fill(&self, out: &mut [u8]) -> Result<(), RngError> {
        out.fill(self.0);
        Ok(())
    }
}

struct Broken;

impl Rng for Broken {
    fn fill(&self, _: &mut [u8]) -> Result<(), RngError> {
        Err(RngError)
    }
}

fn passphrase(text: &str) -> Passphrase {
    Passphrase::new(text.into(), KdfParams::MINIMUM)
}

/// A vault with this data key 0.
fn opened(data_key: [u8; 32]) -> Vault {
    let mut keys = Keys::zeros(1, true).unwrap();
    keys.split().unwrap().1[0] = data_key;
    Vault::new(keys, None)
}

fn vault() -> Vault {
    opened([9; 32]).with_relay_policy(RelayPolicy::new(&[[1, 2, 3, 4], INSTALL]))
}

fn ends(vault: &Vault, record: &SealedRecord) -> Result<Address, SignError> {
    let signature = vault.sign_end(record, 8453, BACKEND, GRANT)?;
    let signature = Signature::from_raw_array(signature.as_bytes()).unwrap();
    Ok(signature.recover_address_from_prehash(&end_digest(8453, BACKEND, GRANT)).unwrap())
}

fn plain() -> TxEip1559 {
    let input = Bytes::from([&INSTALL[..], &[0; 32]].concat());
    TxEip1559 {
        chain_id: 8453,
        nonce: 5,
        gas_limit: 90_000,
        max_fee_per_gas: 10,
        to: BACKEND.into(),
        input,
        ..Default::default()
    }
}

fn call() -> RelayTx {
    RelayTx::Eip1559(plain())
}
