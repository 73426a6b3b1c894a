//! What the kernel says of the pages, and what is left of what was wiped.

use crate::{LockedBytes, Wiped, WipingAllocator, harden_process, scrubbed};
use std::hint::black_box;
use std::os::unix::fs::MetadataExt;
use std::process::Command;

#[global_allocator]
static WIPING: WipingAllocator = WipingAllocator;

/// The lines of /proc/self/smaps on the mapping that begins or contains `address`.
fn mapping(address: usize) -> String {
    let smaps = std::fs::read_to_string("/proc/self/smaps").unwrap();
    let mut found = String::new();
    let mut inside = false;
    for line in smaps.lines() {
        let range = line.split(' ').next().and_then(|range| range.split_once('-'));
        let ends = |hex: &str| usize::from_str_radix(hex, 16).ok();
        if let Some((from, to)) = range.and_then(|(from, to)| Some((ends(from)?, ends(to)?))) {
            inside = (from..to).contains(&address);
        }
        if inside {
            found.push_str(line);
            found.push('\n');
        }
    }
    found
}

#[test]
fn pages_are_locked_not_dumped_wiped_on_fork_and_guarded() {
    let mut bytes = LockedBytes::new(5000).unwrap();
    assert!(bytes.protection().complete(), "{bytes:?}");
    bytes.bytes_mut().fill(7);
    assert_eq!(bytes.bytes(), [7; 5000]);
    let first = bytes.bytes().as_ptr() as usize;
    let inner = mapping(first);
    let flags = inner.lines().find(|line| line.starts_with("VmFlags")).unwrap().to_owned() + " ";
    for flag in [" lo ", " dd ", " wf "] {
        assert!(flags.contains(flag), "{flag} in {inner}");
    }
    for guard in [first - 1, first + 8192] {
        let guard = mapping(guard);
        assert!(guard.lines().next().unwrap().contains("---p"), "{guard}");
    }
    drop(bytes);
    assert_eq!(mapping(first), "", "given back");
}

#[test]
fn where_locking_is_refused_it_says_so_and_works() {
    if std::env::var_os("HALLPASS_NO_LOCKING").is_some() {
        let mut bytes = LockedBytes::new(32).unwrap();
        bytes.bytes_mut().fill(7);
        assert_eq!(bytes.bytes(), [7; 32]);
        let protection = bytes.protection();
        assert!(!protection.locked && protection.undumped && protection.wiped_on_fork && !protection.complete());
        let hardening = harden_process();
        assert!(hardening.undumpable && hardening.no_core);
        assert_eq!(hardening.lockable, Some(0));
        let limits = std::fs::read_to_string("/proc/self/limits").unwrap();
        let core = limits.lines().find(|line| line.starts_with("Max core file size")).unwrap();
        assert_eq!(core.split_whitespace().skip(4).take(2).collect::<Vec<_>>(), ["0", "0"]);
        println!("locking was refused");
        return;
    }
    // Root locks past every limit, by a capability.
    let root = std::fs::metadata("/proc/self").unwrap().uid() == 0;
    let mut child = Command::new(if root { "setpriv" } else { "prlimit" });
    if root {
        child.args(["--bounding-set=-ipc_lock", "--inh-caps=-ipc_lock", "prlimit"]);
    }
    child.arg("--memlock=0").arg(std::env::current_exe().unwrap()).env("HALLPASS_NO_LOCKING", "1");
    let out = child
        .args(["--exact", "tests::where_locking_is_refused_it_says_so_and_works", "--nocapture"])
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&out.stdout);
    assert!(out.status.success() && text.contains("locking was refused"), "{text}");
}

/// What stands in a dead frame and in a freed piece of heap, read before anything else writes there.
#[test]
fn dropped_bytes_are_zero() {
    let mut wiped = std::mem::ManuallyDrop::new(Wiped::new([7; 32]));
    black_box(&mut wiped);
    let place: *mut Wiped<32> = &raw mut *wiped;
    // The value is given up and its place is not.
    #[expect(unsafe_code, reason = "drops in place, to look at what is left")]
    // SAFETY: dropped once, and read as bytes only.
    unsafe {
        place.drop_in_place();
    }
    assert_eq!(**wiped, [0; 32]);
    assert_eq!(scrubbed::<4096, _>(|| 5), 5);
}
