//! This test binary again, as a process of its own: with another environment, under another program.

use std::path::PathBuf;
use std::process::Command;

const INSIDE: &str = "HALLPASS_TEST_INSIDE";

/// Whether this process is the inner one of `test`.
pub(super) fn is_inside(test: &str) -> bool {
    std::env::var(INSIDE).is_ok_and(|inside| inside == test)
}

/// This binary, to run `test` alone, under `program` with its arguments.
pub(super) fn again(test: &str, program: &[&str]) -> Command {
    let binary = std::env::current_exe().unwrap();
    let mut command = match program {
        [] => Command::new(binary),
        [program, arguments @ ..] => {
            let mut command = Command::new(program);
            command.args(arguments).arg(binary);
            command
        }
    };
    command.args(["--exact", test, "--nocapture", "--test-threads=1"]).env(INSIDE, test);
    command
}

/// Runs it to its end, which is a good one.
pub(super) fn passes(mut command: Command) {
    let out = command.output().unwrap_or_else(|e| panic!("{command:?}: {e}: see tools/setup"));
    let text = [out.stdout, out.stderr].concat();
    let text = String::from_utf8_lossy(&text);
    assert!(out.status.success() && text.contains("1 passed"), "{command:?}\n{text}");
}

/// A new folder, gone at the end.
pub(super) struct Folder(pub(super) PathBuf);

impl Folder {
    pub(super) fn new() -> Self {
        let mut name = [0; 8];
        getrandom::fill(&mut name).unwrap();
        let path = std::env::temp_dir().join(format!("hallpass-{}", alloy_primitives::hex::encode(name)));
        std::fs::create_dir(&path).unwrap();
        Self(path)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}
