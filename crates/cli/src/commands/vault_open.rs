//! What opens the vault: which slot, and where its secret comes from.

use super::Context;
use crate::config::Config;
use crate::error::CliError;
use crate::system::{Secret, secret};
use clap::{Args, ValueEnum};
use hallpass_vault::{
    CreateError, HeaderError, KdfParams, Keychain, Passphrase, RootKeyProvider, Token, TokenSlot, UnsealError,
};
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};
use std::path::PathBuf;
use std::sync::Arc;

/// The providers that are built in.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, ValueEnum)]
#[serde(rename_all = "snake_case")]
pub enum Provider {
    /// A passphrase
    #[default]
    Passphrase,
    /// The desktop's keychain (Secret Service)
    Keychain,
    /// A PKCS#11 token
    Pkcs11,
}

/// Options of everything that opens the vault.
#[derive(Debug, Clone, Default, Args)]
pub struct Unseal {
    /// What opens the vault [default: `unseal` of the configuration, else passphrase]
    #[arg(long, value_enum, value_name = "PROVIDER")]
    unseal: Option<Provider>,
    /// A file whose first line is the passphrase; asked at the terminal where not given
    #[arg(long, env = "HALLPASS_PASSPHRASE_FILE", value_name = "FILE")]
    passphrase_file: Option<PathBuf>,
    /// An open file descriptor to read the passphrase from
    #[arg(long, value_name = "N")]
    passphrase_fd: Option<u32>,
    /// The PKCS#11 module, an absolute path
    #[arg(long, value_name = "FILE")]
    pkcs11_module: Option<PathBuf>,
    /// The label of the token
    #[arg(long, value_name = "LABEL")]
    pkcs11_token: Option<String>,
    /// A file whose first line is the token's PIN; asked at the terminal where not given
    #[arg(long, value_name = "FILE")]
    pin_file: Option<PathBuf>,
    /// An open file descriptor to read the PIN from
    #[arg(long, value_name = "N")]
    pin_fd: Option<u32>,
}

/// Where the passphrase of a new slot comes from.
#[derive(Debug, Clone, Default, Args)]
pub struct NewPassphrase {
    /// A file whose first line becomes the passphrase; asked twice at the terminal where not given
    #[arg(long, value_name = "FILE")]
    new_passphrase_file: Option<PathBuf>,
    /// An open file descriptor to read the new passphrase from
    #[arg(long, value_name = "N")]
    new_passphrase_fd: Option<u32>,
}

/// A provider that has its secret.
pub enum Opener {
    /// By a passphrase.
    Passphrase(Passphrase),
    /// By the keychain.
    Keychain(Keychain),
    /// By a token, which is logged in.
    Token(TokenSlot, Arc<Token>),
}

impl Opener {
    /// As the vault takes it.
    pub fn provider(&self) -> &dyn RootKeyProvider {
        match self {
            Self::Passphrase(passphrase) => passphrase,
            Self::Keychain(keychain) => keychain,
            Self::Token(slot, _) => slot,
        }
    }

    /// The token, for the keys that are on it.
    pub fn token(&self) -> Option<Arc<Token>> {
        match self {
            Self::Token(_, token) => Some(token.clone()),
            Self::Passphrase(_) | Self::Keychain(_) => None,
        }
    }
}

impl Unseal {
    /// What the options, or else the configuration, name.
    pub fn named(&self, config: &Config) -> Provider {
        self.unseal.unwrap_or(config.unseal)
    }

    /// Gets what opens the vault, asking for it if need be.
    pub fn opener(&self, config: &Config) -> Result<Opener, CliError> {
        self.opener_of(self.named(config), config)
    }

    /// The same of a provider that is named already.
    pub fn opener_of(&self, provider: Provider, config: &Config) -> Result<Opener, CliError> {
        match provider {
            Provider::Passphrase => {
                let text = self.passphrase(config)?.ask("vault passphrase: ")?;
                Ok(Opener::Passphrase(Passphrase::new(text, KdfParams::default())))
            }
            Provider::Keychain => Ok(Opener::Keychain(Keychain)),
            Provider::Pkcs11 => {
                let missing = |what: &str| {
                    CliError::input("no_token_named", format!("a PKCS#11 slot needs {what}"))
                        .hint("give --pkcs11-module FILE and --pkcs11-token LABEL, or set them in the configuration")
                };
                let module = self.pkcs11_module.as_ref().or(config.pkcs11_module.as_ref());
                let label = self.pkcs11_token.as_ref().or(config.pkcs11_token.as_ref());
                let module = module.ok_or_else(|| missing("a module"))?;
                let label = label.ok_or_else(|| missing("a token's label"))?;
                let file = self.pin_file.clone().or_else(|| config.pin_file.clone());
                let pin = secret("PIN", self.pin_fd, file, "hallpass-pin")?;
                let pin = pin.ask("token PIN: ")?;
                let token = Token::open(module, label, &pin).map_err(|e| refused(e.code(), e.to_string()))?;
                let token = Arc::new(token);
                Ok(Opener::Token(TokenSlot::new(token.clone()), token))
            }
        }
    }

    /// The same for a slot that is about to be made: a passphrase is asked twice, and has a least length.
    pub fn new_slot(&self, provider: Provider, new: &NewPassphrase, config: &Config) -> Result<Opener, CliError> {
        if provider == Provider::Passphrase { new.opener() } else { self.opener_of(provider, config) }
    }

    /// The slot that makes a vault: its passphrase is the one that opens it from then on.
    pub fn first_slot(&self, config: &Config) -> Result<Opener, CliError> {
        match self.named(config) {
            Provider::Passphrase => chosen(self.passphrase(config)?),
            other => self.opener_of(other, config),
        }
    }

    fn passphrase(&self, config: &Config) -> Result<Secret, CliError> {
        let file = self.passphrase_file.clone().or_else(|| config.passphrase_file.clone());
        secret("passphrase", self.passphrase_fd, file, "hallpass-passphrase")
    }
}

impl NewPassphrase {
    /// A passphrase that somebody chose.
    pub fn opener(&self) -> Result<Opener, CliError> {
        chosen(secret("passphrase", self.new_passphrase_fd, self.new_passphrase_file.clone(), "")?)
    }
}

fn chosen(secret: Secret) -> Result<Opener, CliError> {
    let asked = secret.is_asked();
    let first: SecretString = secret.ask("new vault passphrase: ")?;
    if asked && first.expose_secret() != Secret::Asked.ask("once more: ")?.expose_secret() {
        return Err(
            CliError::input("passphrases_differ", "the two passphrases differ").hint("nothing was made; try again")
        );
    }
    if first.expose_secret().chars().count() < 12 {
        return Err(CliError::input("short_passphrase", "a passphrase has at least 12 characters"));
    }
    Ok(Opener::Passphrase(Passphrase::new(first, KdfParams::default())))
}

/// A vault that stays sealed.
pub fn unseal_error(error: &UnsealError) -> CliError {
    refused(error.code(), error.to_string())
}

/// A vault that was not made.
pub fn create_error(error: &CreateError) -> CliError {
    refused(error.code(), error.to_string())
}

/// A header that was not changed.
pub fn header_error(error: &HeaderError) -> CliError {
    match error {
        HeaderError::NoSlot(_) | HeaderError::LastSlot(_) | HeaderError::Full | HeaderError::Unopened(_) => {
            let hint = match error {
                HeaderError::LastSlot(_) => "add another slot first",
                HeaderError::Full => "remove one first: `hallpass vault remove-slot N`",
                HeaderError::Unopened(_) => "give --slot-passphrase N=FILE for it, or --drop-slot N",
                _ => "`hallpass vault slots` lists them",
            };
            CliError::refused(error.code(), error.to_string()).hint(hint)
        }
        other => refused(other.code(), other.to_string()),
    }
}

fn refused(code: &str, says: String) -> CliError {
    let hint = match code {
        "no_slot" => "`hallpass vault slots` lists what opens it; name one with --unseal",
        "slot_not_opened" => "the keychain or token holds another vault's key; open with another slot (--unseal)",
        "header_tampered" | "bad_header" => "restore the store from a backup",
        "no_keychain" => {
            "a server without a desktop has none: use a passphrase slot (--unseal passphrase), or start it in a \
             session that has a Secret Service"
        }
        "keychain_locked" => "unlock the keychain and try again, or use another slot (--unseal passphrase)",
        "keychain_empty" => "is it this user's, and this vault's? Or use another slot (--unseal passphrase)",
        "keychain_silent" => "it may be waiting for an answer on a screen; or use another slot (--unseal passphrase)",
        "token_module" => "give the absolute path of a PKCS#11 module, such as /usr/lib/softhsm/libsofthsm2.so",
        "no_such_token" | "token_ambiguous" | "token_gone" => "look at the token and its label",
        "wrong_pin" => "a token locks itself after a few wrong PINs: be sure before you try again",
        "pin_locked" => "the token's security officer can unlock it",
        "token_lacks_mechanism" => "use another token, or keep these keys in the vault",
        "token_key_missing" => "is it the same token? Or use another slot (--unseal passphrase)",
        _ => "nothing was changed; try again",
    };
    CliError::missing(code, says).hint(hint)
}

impl Context {
    /// Opens the vault of a header as the options say. Blocks for as long as Argon2 takes.
    pub fn unsealed(
        &self,
        header: &hallpass_vault::VaultHeader,
        opener: &Opener,
    ) -> Result<hallpass_vault::Vault, CliError> {
        let vault = tokio::task::block_in_place(|| header.unseal(opener.provider())).map_err(|e| unseal_error(&e))?;
        if !vault.protection().complete() {
            eprintln!(
                "warning: the kernel does not protect the vault's memory fully ({:?}) [memory_unprotected]\n\
                 hint: raise the limit of locked memory (`ulimit -l`, LimitMEMLOCK= of systemd) to 64 KiB or more",
                vault.protection()
            );
        }
        Ok(match opener.token() {
            Some(token) => vault.with_token(token),
            None => vault,
        })
    }
}
