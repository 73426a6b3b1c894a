//! The negative control: a property that is broken on purpose, and that only what the fuzzer is told of runs leads to.

use std::hint::black_box;
use std::sync::LazyLock;

/// Set in `fuzz/run control` alone.
static PLANTED: LazyLock<bool> = LazyLock::new(|| std::env::var_os("HALLPASS_FUZZ_FAULT").is_some());

/// What is not in the corpus, in no dictionary, and in no text of the program.
const MARK: u32 = 0x3778_4a71;

/// Fails on a value that the target has read and that holds the mark, where the fault is switched on. Who guesses blindly
/// needs four billion values that read; who is told what they were compared with needs a few thousand.
pub fn planted(value: &[u8]) {
    if *PLANTED {
        for four in value.windows(4) {
            is_not_the_mark(four.try_into().map_or(0, u32::from_le_bytes));
        }
    }
}

/// By itself: a comparison that a loop goes on by is not told of.
#[inline(never)]
fn is_not_the_mark(four: u32) {
    assert!(black_box(four) != MARK, "the planted fault");
}
