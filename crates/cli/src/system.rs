//! The real clock, randomness and files.

use crate::error::CliError;
use hallpass_types::{Clock, Rng, RngError, UnixSeconds};
use secrecy::SecretString;
use std::io::{IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

/// The system's clock.
pub struct SystemClock;

impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "the one place where the real time is read")]
    fn now(&self) -> UnixSeconds {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |d| d.as_secs());
        UnixSeconds::new(since).unwrap_or(UnixSeconds::EPOCH)
    }
}

/// The operating system's randomness.
pub struct OsRng;

impl Rng for OsRng {
    fn fill(&self, out: &mut [u8]) -> Result<(), RngError> {
        getrandom::fill(out).map_err(|_| RngError)
    }
}

/// Prints a line. A reader that has gone away, such as `head`, misses the rest and stops nothing.
pub fn out(line: &str) {
    let mut stdout = std::io::stdout().lock();
    let _ = stdout.write_all(line.as_bytes()).and_then(|()| stdout.write_all(b"\n")).and_then(|()| stdout.flush());
}

/// A time as people read it.
pub fn moment(seconds: u64) -> String {
    let at = i64::try_from(seconds).ok().and_then(|s| jiff::Timestamp::from_second(s).ok());
    at.map_or_else(|| seconds.to_string(), |at| at.to_string())
}

/// Reads a text file; `-` is standard input.
pub fn read_text(path: &Path) -> Result<String, CliError> {
    let read =
        if path == Path::new("-") { std::io::read_to_string(std::io::stdin()) } else { std::fs::read_to_string(path) };
    read.map_err(|e| CliError::input("unreadable_file", format!("cannot read {}: {e}", path.display())))
}

/// Writes a file that only its owner may read.
pub fn write_private(path: &Path, text: &str) -> Result<(), CliError> {
    use std::os::unix::fs::OpenOptionsExt;
    let failed =
        |e: std::io::Error| CliError::missing("unwritable_file", format!("cannot write {}: {e}", path.display()));
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder).map_err(failed)?;
    }
    let mut file =
        std::fs::OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(path).map_err(failed)?;
    // The mode above is for a new file; an old one keeps its own.
    file.set_permissions(std::os::unix::fs::PermissionsExt::from_mode(0o600)).map_err(failed)?;
    file.write_all(text.as_bytes()).map_err(failed)
}

/// Where this user's sessions are kept: `hallpass` in the user's state folder.
pub fn state_folder() -> Result<PathBuf, CliError> {
    let state = std::env::var_os("XDG_STATE_HOME").map(PathBuf::from);
    let home = || std::env::var_os("HOME").map(|home| PathBuf::from(home).join(".local/state"));
    let folder = state.or_else(home).map(|folder| folder.join("hallpass"));
    folder.ok_or_else(|| CliError::missing("no_home", "neither XDG_STATE_HOME nor HOME is set"))
}

/// Where a secret comes from. It is never an argument: those are shown to every user of the machine.
pub enum Secret {
    /// A file's first line.
    File(PathBuf),
    /// The terminal.
    Asked,
}

/// Finds where a secret comes from: an open file descriptor, a file, a credential of this name that systemd gives
/// (`LoadCredential=`), the terminal.
pub fn secret(what: &str, fd: Option<u32>, file: Option<PathBuf>, credential: &str) -> Result<Secret, CliError> {
    if let Some(fd) = fd {
        return Ok(Secret::File(format!("/dev/fd/{fd}").into()));
    }
    let given = std::env::var_os("CREDENTIALS_DIRECTORY").map(|folder| PathBuf::from(folder).join(credential));
    if let Some(file) = file.or_else(|| given.filter(|path| !credential.is_empty() && path.exists())) {
        return Ok(Secret::File(file));
    }
    if !std::io::stdin().is_terminal() {
        let says = format!("the vault is locked, and there is no terminal to ask for its {what}");
        let hint = match what {
            "PIN" => "give --pin-file FILE or --pin-fd N, or set `pin_file`",
            _ => "give --passphrase-file FILE, or set HALLPASS_PASSPHRASE_FILE",
        };
        return Err(CliError::missing("vault_locked", says).hint(hint));
    }
    Ok(Secret::Asked)
}

impl Secret {
    /// Whether somebody types it.
    pub const fn is_asked(&self) -> bool {
        matches!(self, Self::Asked)
    }

    /// Reads it.
    pub fn ask(&self, prompt: &str) -> Result<SecretString, CliError> {
        match self {
            Self::File(path) => {
                let mut text = read_unbuffered(path)?;
                text.truncate(text.find(['\n', '\r']).unwrap_or(text.len()));
                Ok(SecretString::from(text))
            }
            Self::Asked => rpassword::prompt_password(prompt)
                .map(SecretString::from)
                .map_err(|e| CliError::missing("no_terminal", format!("cannot read a secret: {e}"))),
        }
    }
}

/// The whole of a file, `-` for standard input, without the buffer that standard input keeps.
fn read_unbuffered(path: &Path) -> Result<String, CliError> {
    let path = if path == Path::new("-") { Path::new("/dev/stdin") } else { path };
    std::fs::read_to_string(path).map_err(|e| {
        CliError::input("unreadable_file", format!("cannot read {}: {e}", path.display()))
            .hint("give a file, or an open descriptor, that this user may read")
    })
}

/// Reads a passphrase: from a file (its first line), or at the terminal.
pub fn passphrase(file: Option<&Path>, prompt: &str) -> Result<SecretString, CliError> {
    secret("passphrase", None, file.map(Path::to_owned), "")?.ask(prompt)
}

/// A signature that somebody pastes, one line of standard input.
pub fn pasted() -> Result<String, CliError> {
    let mut signature = String::new();
    std::io::stdin()
        .read_line(&mut signature)
        .map_err(|e| CliError::input("no_signature", format!("cannot read the signature: {e}")))?;
    Ok(signature.trim().to_owned())
}
