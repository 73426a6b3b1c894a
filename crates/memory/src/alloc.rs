//! Heap that is wiped when it is freed.

use crate::wipe::stopped;
use core::alloc::{GlobalAlloc, Layout};
use core::hint::black_box;
use std::alloc::System;

/// The system's allocator, but that every piece is overwritten before it is given back.
///
/// Libraries that are handed a secret copy it, and do not wipe: a growing string, a parser, a message on a bus.
#[derive(Debug, Clone, Copy, Default)]
pub struct WipingAllocator;

#[expect(unsafe_code, reason = "an allocator is unsafe to implement")]
// SAFETY: every call is handed to `System`, with what its caller promised; `realloc` is alloc, copy and dealloc.
unsafe impl GlobalAlloc for WipingAllocator {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        // SAFETY: the caller's promises are passed on.
        unsafe { System.alloc(layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        // SAFETY: the caller's promises are passed on.
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn dealloc(&self, piece: *mut u8, layout: Layout) {
        if !stopped() {
            // SAFETY: the caller promises that `piece` is of this layout, and uses it no more.
            unsafe { piece.write_bytes(0, layout.size()) };
            black_box(piece);
        }
        // SAFETY: the caller's promises are passed on.
        unsafe { System.dealloc(piece, layout) }
    }

    unsafe fn realloc(&self, piece: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        // SAFETY: the caller promises a size that, rounded up to the alignment, is a valid one.
        let wanted = unsafe { Layout::from_size_align_unchecked(size, layout.align()) };
        // SAFETY: `size` is not zero, as the caller promises.
        let moved = unsafe { self.alloc(wanted) };
        if !moved.is_null() {
            // SAFETY: both pieces are at least as long, and apart.
            unsafe { moved.copy_from_nonoverlapping(piece, layout.size().min(size)) };
            // SAFETY: the caller gives `piece` up.
            unsafe { self.dealloc(piece, layout) };
        }
        moved
    }
}
