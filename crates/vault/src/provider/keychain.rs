//! The desktop's keychain, by the Secret Service (freedesktop.org): GNOME Keyring, KWallet, KeePassXC.

use super::{ProviderError, RootKeyProvider, SlotFacts, only, text};
use crate::header::STACK;
use alloy_primitives::hex;
use hallpass_memory::{Wiped, scrubbed, wipe};
use hallpass_types::Rng;
use keyring_core::api::CredentialStoreApi;
use keyring_core::{Entry, Error};
use secret_service::EncryptionType;
use secret_service::blocking::SecretService;
use std::collections::HashMap;
use std::sync::mpsc;
use std::thread;
use std::time::Duration;
use zbus_secret_service_keyring_store::Store;

const SERVICE: &str = "hallpass";
/// A keychain answers at once, or asks somebody: it is not to ask.
const PATIENCE: Duration = Duration::from_secs(20);

/// Opens a vault by 32 random bytes that the user's keychain keeps. Anyone who is logged in as that user opens it.
#[derive(Debug, Clone, Copy, Default)]
pub struct Keychain;

/// Why the keychain gave nothing.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum KeychainError {
    /// No session bus, or nobody on it who keeps secrets: a server without a desktop.
    #[error("there is no keychain here: no session bus, or no Secret Service on it")]
    None,
    /// It is there, and locked: it would look empty.
    #[error("the keychain is locked")]
    Locked,
    /// It is open, and does not hold the slot's key.
    #[error("the keychain is open and does not hold this slot's key")]
    Empty,
    /// It did not answer in 20 seconds.
    #[error("the keychain does not answer")]
    Silent,
    /// Anything else, in its own words.
    #[error("the keychain failed: {0}")]
    Failed(String),
}

impl KeychainError {
    /// The stable code.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::None => "no_keychain",
            Self::Locked => "keychain_locked",
            Self::Empty => "keychain_empty",
            Self::Silent => "keychain_silent",
            Self::Failed(_) => "keychain_failed",
        }
    }
}

impl RootKeyProvider for Keychain {
    fn name(&self) -> &'static str {
        "keychain"
    }

    fn enroll(&self, vault: &[u8; 16], rng: &dyn Rng, key: &mut Wiped<32>) -> Result<SlotFacts, ProviderError> {
        let mut name = [0; 8];
        rng.fill(&mut name)?;
        // Each slot has an item of its own, so that an old header still finds what opens it.
        let item = format!("{}-{}", hex::encode(vault), hex::encode(name));
        rng.fill(key.as_mut_slice())?;
        let (secret, entry) = (Wiped::new(**key), item.clone());
        apart(move || entry_of(&entry)?.set_secret(secret.as_slice()).map_err(said))?;
        Ok([("item".to_owned(), item)].into())
    }

    fn key(&self, facts: &SlotFacts, key: &mut Wiped<32>) -> Result<(), ProviderError> {
        let item = item(facts)?;
        let found = apart(move || {
            let mut given = entry_of(&item)?.get_secret().map_err(said)?;
            let mut secret = Wiped::zeros();
            let fits = given.len() == secret.len();
            for (to, from) in secret.iter_mut().zip(&given) {
                *to = *from;
            }
            wipe(&mut given);
            if fits { Ok(secret) } else { Err(KeychainError::Empty) }
        })?;
        **key = *found;
        Ok(())
    }

    fn forget(&self, facts: &SlotFacts) -> Result<(), ProviderError> {
        let item = item(facts)?;
        Ok(apart(move || entry_of(&item)?.delete_credential().map_err(said))?)
    }
}

fn item(facts: &SlotFacts) -> Result<String, ProviderError> {
    only(facts, &["item"])?;
    text(facts, "item").map(str::to_owned)
}

/// The item, once it is sure that looking for it asks nobody: a search among locked items opens a prompt, and waits.
fn entry_of(item: &str) -> Result<Entry, KeychainError> {
    let service = SecretService::connect(EncryptionType::Dh).map_err(|_| KeychainError::None)?;
    let collection = service.get_default_collection().map_err(|error| match error {
        // No default: what a daemon has that was never unlocked.
        secret_service::Error::NoResult => KeychainError::Locked,
        other => failed(other),
    })?;
    if collection.is_locked().map_err(failed)? {
        return Err(KeychainError::Locked);
    }
    let wanted = HashMap::from([("service", SERVICE), ("username", item)]);
    if !service.search_items(wanted).map_err(failed)?.locked.is_empty() {
        return Err(KeychainError::Locked);
    }
    let label = format!("Hallpass vault {item}");
    let modifiers = HashMap::from([("label", label.as_str())]);
    Store::new().and_then(|store| store.build(SERVICE, item, Some(&modifiers))).map_err(said)
}

/// On a thread of its own: the bus's own runtime may not be entered from another's, and its calls know no deadline.
fn apart<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, KeychainError> + Send + 'static,
) -> Result<T, KeychainError> {
    let (done, answer) = mpsc::channel();
    thread::spawn(move || scrubbed::<STACK, _>(|| done.send(work())));
    answer.recv_timeout(PATIENCE).unwrap_or(Err(KeychainError::Silent))
}

fn failed(error: secret_service::Error) -> KeychainError {
    match error {
        secret_service::Error::Locked | secret_service::Error::Prompt => KeychainError::Locked,
        other => KeychainError::Failed(other.to_string()),
    }
}

fn said(error: Error) -> KeychainError {
    match error {
        Error::NoEntry => KeychainError::Empty,
        Error::NoStorageAccess(_) => KeychainError::Locked,
        // An item that holds something else is shown as its own error with the bytes in it: not repeated.
        Error::PlatformFailure(error) => KeychainError::Failed(error.to_string()),
        _ => KeychainError::Failed("its answer was not understood".to_owned()),
    }
}
