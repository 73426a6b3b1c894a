//! A PKCS#11 token: a module loaded at run time, one token of it, logged in.
//!
//! - this file: [`Token`], how it is opened, and its sessions. `keys`: keys that sign, and the secret of a slot.
//!   `error`: what went wrong, by the module's own word.

mod error;
mod keys;

pub use error::TokenError;

use crate::PublicKey;
use cryptoki::context::{CInitializeArgs, CInitializeFlags, Pkcs11};
use cryptoki::error::{Error, RvError};
use cryptoki::mechanism::MechanismType;
use cryptoki::object::ObjectHandle;
use cryptoki::session::{Session, UserType};
use cryptoki::slot::Slot;
use error::failed;
use secrecy::SecretString;
use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, OnceLock, PoisonError};

/// A token that is logged in. May be shared between threads; each use takes a session of its own.
///
/// A module keeps what it likes in this process's memory, the PIN and, in a token of software, the keys. A hardware
/// token keeps its keys; for one of software, run the module in a process of its own behind `p11-kit server` and load
/// `p11-kit-client.so` here.
pub struct Token {
    module: Pkcs11,
    slot: Slot,
    label: String,
    mechanisms: Vec<MechanismType>,
    idle: Mutex<Vec<Session>>,
    handles: Mutex<HashMap<[u8; 16], ObjectHandle>>,
    /// The login lasts for as long as one session does.
    _login: Mutex<Session>,
}

impl Token {
    /// Loads the module at `path`, which runs its code in this process, finds its one token called `label`, and logs
    /// in as its user.
    ///
    /// # Errors
    /// [`TokenError`]. A wrong PIN counts towards the token's own limit, so nothing is tried twice.
    pub fn open(path: &Path, label: &str, pin: &SecretString) -> Result<Self, TokenError> {
        let module = module(path)?;
        let slots = module.get_slots_with_initialized_token().map_err(failed)?;
        let mut found = None;
        for slot in slots {
            if module.get_token_info(slot).map_err(failed)?.label().trim_end() == label {
                if found.is_some() {
                    return Err(TokenError::Ambiguous(label.to_owned()));
                }
                found = Some(slot);
            }
        }
        let slot = found.ok_or_else(|| TokenError::NoSuchToken(label.to_owned()))?;
        let mechanisms = module.get_mechanism_list(slot).map_err(failed)?;
        let session = module.open_rw_session(slot).map_err(failed)?;
        match session.login(UserType::User, Some(pin)) {
            Ok(()) | Err(Error::Pkcs11(RvError::UserAlreadyLoggedIn, _)) => {}
            Err(error) => return Err(failed(error)),
        }
        let (idle, handles) = (Mutex::default(), Mutex::default());
        Ok(Self { module, slot, label: label.to_owned(), mechanisms, idle, handles, _login: Mutex::new(session) })
    }

    /// The token's label.
    #[must_use]
    pub fn label(&self) -> &str {
        &self.label
    }

    /// Runs `work` on a session of its own. One that failed is closed.
    fn with_session<T>(&self, work: impl FnOnce(&Session) -> Result<T, TokenError>) -> Result<T, TokenError> {
        let idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner).pop();
        let session = match idle {
            Some(session) => session,
            None => self.module.open_rw_session(self.slot).map_err(failed)?,
        };
        let given = work(&session)?;
        self.idle.lock().unwrap_or_else(PoisonError::into_inner).push(session);
        Ok(given)
    }

    #[cfg(test)]
    pub(crate) fn inspect<T>(&self, look: impl FnOnce(&Session) -> T) -> T {
        self.with_session(|session| Ok(look(session))).unwrap_or_else(|e| unreachable!("{e}"))
    }

    fn needs(&self, mechanism: MechanismType, name: &'static str) -> Result<(), TokenError> {
        if self.mechanisms.contains(&mechanism) { Ok(()) } else { Err(TokenError::LacksMechanism(name)) }
    }
}

/// A module is initialised once a process, and stays.
fn module(path: &Path) -> Result<Pkcs11, TokenError> {
    static LOADED: OnceLock<Mutex<HashMap<PathBuf, Pkcs11>>> = OnceLock::new();
    let mut loaded = LOADED.get_or_init(Mutex::default).lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(module) = loaded.get(path) {
        return Ok(module.clone());
    }
    // A bare name would be searched for in folders that others may write.
    if !path.is_absolute() {
        return Err(TokenError::Module(format!("`{}` is not an absolute path", path.display())));
    }
    let module = Pkcs11::new(path).map_err(|error| match error {
        Error::LibraryLoading(error) => TokenError::Module(error.to_string()),
        other => TokenError::Module(other.to_string()),
    })?;
    match module.initialize(CInitializeArgs::new(CInitializeFlags::OS_LOCKING_OK)) {
        Ok(()) | Err(Error::Pkcs11(RvError::CryptokiAlreadyInitialized, _)) => {}
        Err(error) => return Err(failed(error)),
    }
    loaded.insert(path.to_owned(), module.clone());
    Ok(module)
}

impl core::fmt::Debug for Token {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Token").field("label", &self.label).finish_non_exhaustive()
    }
}

const _: fn() = || {
    fn shared<T: Send + Sync>() {}
    shared::<Token>();
    shared::<PublicKey>();
};
