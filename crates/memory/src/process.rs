//! The process as a whole.

use std::io;

/// What could be had of [`harden_process`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Hardening {
    /// No core is dumped, and only root reads this process's memory (prctl, `PR_SET_DUMPABLE`).
    pub undumpable: bool,
    /// The limit on core files is zero, for this process and its children.
    pub no_core: bool,
    /// Bytes that may be locked in memory; `None` where there is no limit.
    pub lockable: Option<u64>,
}

/// Forbids core dumps and reading by other processes of the same user. Call it before any secret is read.
#[must_use]
pub fn harden_process() -> Hardening {
    let nothing = libc::rlimit { rlim_cur: 0, rlim_max: 0 };
    #[expect(unsafe_code, reason = "a system call")]
    // SAFETY: takes a number, touches no memory.
    let undumpable = unsafe { libc::prctl(libc::PR_SET_DUMPABLE, 0) } == 0;
    #[expect(unsafe_code, reason = "a system call")]
    // SAFETY: reads the one struct, which lives until it returns.
    let no_core = unsafe { libc::setrlimit(libc::RLIMIT_CORE, &raw const nothing) } == 0;
    Hardening { undumpable, no_core, lockable: lockable().unwrap_or(Some(0)) }
}

fn lockable() -> io::Result<Option<u64>> {
    let mut limit = libc::rlimit { rlim_cur: 0, rlim_max: 0 };
    #[expect(unsafe_code, reason = "a system call")]
    // SAFETY: writes the one struct, which lives until it returns.
    let failed = unsafe { libc::getrlimit(libc::RLIMIT_MEMLOCK, &raw mut limit) } != 0;
    if failed {
        return Err(io::Error::last_os_error());
    }
    Ok((limit.rlim_cur != libc::RLIM_INFINITY).then_some(limit.rlim_cur))
}
