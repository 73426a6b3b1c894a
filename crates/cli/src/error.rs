//! What a failure looks like: one sentence, what to do next, a stable code and exit status.

use hallpass_server::error::Problem;
use serde_json::json;
use std::process::ExitCode;

/// Why a command failed.
#[derive(Debug, Clone)]
pub struct CliError {
    /// The exit status.
    pub exit: u8,
    /// The stable code.
    pub code: String,
    /// One sentence, or a parser's report.
    pub says: String,
    /// What to do next.
    pub hint: Option<String>,
}

impl CliError {
    fn new(exit: u8, code: &str, says: impl Into<String>) -> Self {
        Self { exit, code: code.to_owned(), says: says.into(), hint: None }
    }

    /// Exit status 1: somebody said no.
    pub fn refused(code: &str, says: impl Into<String>) -> Self {
        Self::new(1, code, says)
    }

    /// Exit status 2: the input could not be read.
    pub fn input(code: &str, says: impl Into<String>) -> Self {
        Self::new(2, code, says)
    }

    /// Exit status 3: something is not there.
    pub fn missing(code: &str, says: impl Into<String>) -> Self {
        Self::new(3, code, says)
    }

    /// Adds what to do next.
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// Prints it and tells the exit status.
    pub fn report(&self, json: bool) -> ExitCode {
        if json {
            eprintln!("{}", json!({ "error": { "code": self.code, "says": self.says, "hint": self.hint } }));
        } else {
            // A parser's report goes on with the line in question, and a caret.
            let (first, rest) = self.says.split_once('\n').unwrap_or((&self.says, ""));
            eprintln!("error: {first} [{}]", self.code);
            rest.lines().for_each(|line| eprintln!("{line}"));
            if let Some(hint) = &self.hint {
                eprintln!("hint: {hint}");
            }
        }
        ExitCode::from(self.exit)
    }

    /// A server's refusal: below 500 it said no, from 500 on something is not there.
    pub fn from_server(status: u16, problem: Problem) -> Self {
        let exit = if status >= 500 { 3 } else { 1 };
        Self { exit, code: problem.code, says: problem.says, hint: problem.hint }
    }
}
