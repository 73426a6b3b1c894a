//! Overwriting what is no longer needed.

use core::hint::black_box;
use core::mem::MaybeUninit;
use core::ops::{Deref, DerefMut};

#[cfg(feature = "unwiped")]
static STOPPED: std::sync::atomic::AtomicBool = std::sync::atomic::AtomicBool::new(false);

/// From now on nothing is wiped in this process: a test's search must then find what it otherwise does not.
#[cfg(feature = "unwiped")]
pub fn stop_wiping() {
    STOPPED.store(true, std::sync::atomic::Ordering::SeqCst);
}

#[inline]
pub(crate) fn stopped() -> bool {
    #[cfg(feature = "unwiped")]
    return STOPPED.load(std::sync::atomic::Ordering::Relaxed);
    #[cfg(not(feature = "unwiped"))]
    false
}

/// Overwrites `bytes` with zeros, in a way that the compiler does not leave out.
#[inline]
pub fn wipe(bytes: &mut [u8]) {
    if !stopped() {
        bytes.fill(0);
        // What `black_box` may read has to be written.
        black_box(bytes);
    }
}

/// Bytes that are wiped when they are dropped. A move leaves a copy behind on the stack: see [`scrubbed`].
pub struct Wiped<const N: usize>([u8; N]);

impl<const N: usize> Wiped<N> {
    /// Zeros, to be filled in place.
    #[must_use]
    pub const fn zeros() -> Self {
        Self([0; N])
    }

    /// Takes bytes over. The place that they come from is the caller's to wipe.
    #[must_use]
    pub const fn new(bytes: [u8; N]) -> Self {
        Self(bytes)
    }
}

impl<const N: usize> Deref for Wiped<N> {
    type Target = [u8; N];

    fn deref(&self) -> &[u8; N] {
        &self.0
    }
}

impl<const N: usize> DerefMut for Wiped<N> {
    fn deref_mut(&mut self) -> &mut [u8; N] {
        &mut self.0
    }
}

impl<const N: usize> Drop for Wiped<N> {
    fn drop(&mut self) {
        wipe(&mut self.0);
    }
}

impl<const N: usize> core::fmt::Debug for Wiped<N> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("Wiped")
    }
}

/// Runs `work`, then overwrites the `DEPTH` bytes of stack below this frame, where the frames of `work` stood.
///
/// What is called with a secret copies it, into its frame and through registers into others, and wipes none of it.
/// The result must hold no secret.
#[inline(never)]
pub fn scrubbed<const DEPTH: usize, T>(work: impl FnOnce() -> T) -> T {
    let result = apart(work);
    scrub::<DEPTH>();
    result
}

/// Never inlined, or its locals would stand in the caller's frame, which is not scrubbed.
#[inline(never)]
fn apart<T>(work: impl FnOnce() -> T) -> T {
    work()
}

#[inline(never)]
fn scrub<const DEPTH: usize>() {
    if stopped() {
        return;
    }
    let mut area = MaybeUninit::<[u8; DEPTH]>::uninit();
    #[expect(unsafe_code, reason = "a safe array would be written twice")]
    // SAFETY: the pointer is to `DEPTH` bytes of this frame, and zeros are bytes.
    unsafe {
        area.as_mut_ptr().write_bytes(0, 1);
    }
    black_box(&mut area);
}
