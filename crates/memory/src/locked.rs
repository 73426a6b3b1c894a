//! Pages of their own for secrets that live long.

use crate::wipe::wipe;
use core::ptr::NonNull;
use std::io;

/// Bytes in pages of their own: locked into memory, left out of core dumps, zero in a forked child, between two pages
/// that may not be touched, wiped when dropped.
pub struct LockedBytes {
    /// The first byte of the first guard page.
    base: NonNull<u8>,
    /// Guards included.
    mapped: usize,
    page: usize,
    len: usize,
    protection: Protection,
}

/// What the kernel granted of it; guards and wiping are always there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Protection {
    /// Never written to swap (mlock). Refused where `RLIMIT_MEMLOCK` is used up.
    pub locked: bool,
    /// Left out of core dumps (madvise, `MADV_DONTDUMP`).
    pub undumped: bool,
    /// Zero in a forked child (madvise, `MADV_WIPEONFORK`).
    pub wiped_on_fork: bool,
}

impl Protection {
    /// All three.
    #[must_use]
    pub const fn complete(self) -> bool {
        self.locked && self.undumped && self.wiped_on_fork
    }
}

impl LockedBytes {
    /// `len` zeros; at least one.
    ///
    /// # Errors
    /// The kernel's, where the pages themselves cannot be had. What it refuses beyond is in [`Self::protection`].
    pub fn new(len: usize) -> io::Result<Self> {
        let page = page_size()?;
        let inner = len.max(1).checked_next_multiple_of(page).ok_or(io::ErrorKind::OutOfMemory)?;
        let mapped = inner.checked_add(2 * page).ok_or(io::ErrorKind::OutOfMemory)?;
        #[expect(unsafe_code, reason = "a system call")]
        // SAFETY: asks for new pages at a place of the kernel's choice.
        let base = unsafe {
            libc::mmap(core::ptr::null_mut(), mapped, libc::PROT_NONE, libc::MAP_PRIVATE | libc::MAP_ANONYMOUS, -1, 0)
        };
        if base == libc::MAP_FAILED {
            return Err(io::Error::last_os_error());
        }
        let base = NonNull::new(base.cast::<u8>()).ok_or(io::ErrorKind::OutOfMemory)?;
        let no = Protection { locked: false, undumped: false, wiped_on_fork: false };
        // From here on, dropping gives the pages back.
        let mut bytes = Self { base, mapped, page, len: 0, protection: no };
        let body = bytes.body().cast::<libc::c_void>();
        #[expect(unsafe_code, reason = "a system call")]
        // SAFETY: `body` is `inner` bytes inside the mapping, which nothing else uses.
        let opened = unsafe { libc::mprotect(body, inner, libc::PROT_READ | libc::PROT_WRITE) } == 0;
        if !opened {
            return Err(io::Error::last_os_error());
        }
        #[expect(unsafe_code, reason = "a system call")]
        // SAFETY: as above; changes no contents.
        let locked = unsafe { libc::mlock(body, inner) } == 0;
        let advise = |advice| {
            #[expect(unsafe_code, reason = "a system call")]
            // SAFETY: as above; neither advice that is given here changes contents in this process.
            unsafe {
                libc::madvise(body, inner, advice) == 0
            }
        };
        bytes.protection =
            Protection { locked, undumped: advise(libc::MADV_DONTDUMP), wiped_on_fork: advise(libc::MADV_WIPEONFORK) };
        bytes.len = len;
        Ok(bytes)
    }

    /// What the kernel granted.
    #[must_use]
    pub const fn protection(&self) -> Protection {
        self.protection
    }

    /// The bytes.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        #[expect(unsafe_code, reason = "pages that the kernel gave, as a slice")]
        // SAFETY: `len` readable bytes begin there, and live and stay in place for as long as `self`.
        unsafe {
            core::slice::from_raw_parts(self.body(), self.len)
        }
    }

    /// The bytes, to be written.
    #[must_use]
    pub fn bytes_mut(&mut self) -> &mut [u8] {
        #[expect(unsafe_code, reason = "pages that the kernel gave, as a slice")]
        // SAFETY: `len` writable bytes begin there, and `self` is borrowed alone.
        unsafe {
            core::slice::from_raw_parts_mut(self.body(), self.len)
        }
    }

    fn body(&self) -> *mut u8 {
        self.base.as_ptr().wrapping_add(self.page)
    }
}

#[expect(unsafe_code, reason = "a pointer alone would keep it on its thread")]
// SAFETY: the pages belong to this value alone.
unsafe impl Send for LockedBytes {}
#[expect(unsafe_code, reason = "a pointer alone would keep it on its thread")]
// SAFETY: through a shared reference the bytes are only read.
unsafe impl Sync for LockedBytes {}

impl Drop for LockedBytes {
    fn drop(&mut self) {
        wipe(self.bytes_mut());
        #[expect(unsafe_code, reason = "a system call")]
        // SAFETY: the mapping is this value's, and no reference into it outlives it.
        unsafe {
            libc::munmap(self.base.as_ptr().cast(), self.mapped);
        }
    }
}

impl core::fmt::Debug for LockedBytes {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("LockedBytes").field("len", &self.len).field("protection", &self.protection).finish()
    }
}

fn page_size() -> io::Result<usize> {
    #[expect(unsafe_code, reason = "a system call")]
    // SAFETY: takes a number, touches no memory.
    let size = unsafe { libc::sysconf(libc::_SC_PAGESIZE) };
    usize::try_from(size).ok().filter(|size| size.is_power_of_two()).ok_or_else(|| io::ErrorKind::Unsupported.into())
}
