//! The table.

use crate::error::CliError;
use crate::system::out;
use indicatif::{ProgressBar, ProgressStyle};
use serde::Serialize;

/// One row.
#[derive(Debug, Clone, Serialize)]
pub struct Row {
    /// The home of the account.
    pub home: &'static str,
    /// What was tried.
    pub action: String,
    /// What must come of it.
    pub expected: String,
    /// What the signer said; `-` where it was not asked.
    pub signer: String,
    /// What the chain said; `-` where it was not asked.
    pub chain: String,
    /// Gas units of the transaction, where one was sent.
    pub gas: Option<u64>,
}

impl Row {
    fn as_expected(&self) -> bool {
        let asked = self.signer != "-" || self.chain != "-";
        asked && [&self.signer, &self.chain].into_iter().all(|got| got == "-" || *got == self.expected)
    }
}

#[derive(Debug, Clone, Serialize)]
struct GasRow {
    home: &'static str,
    what: &'static str,
    plain: u64,
    session_key: u64,
}

/// Everything that is shown.
pub struct Report {
    json: bool,
    rows: Vec<Row>,
    gas: Vec<GasRow>,
}

impl Report {
    /// An empty one.
    pub const fn new(json: bool) -> Self {
        Self { json, rows: Vec::new(), gas: Vec::new() }
    }

    /// A heading.
    pub fn scene(&self, title: &str) {
        self.say(&format!("\n== {title}"));
    }

    /// Some text.
    pub fn say(&self, text: &str) {
        if !self.json {
            out(text);
        }
    }

    /// A progress bar; it hides itself where there is no terminal.
    pub fn bar(&self, length: u64) -> ProgressBar {
        let style = ProgressStyle::with_template("  {bar:32} {pos}/{len} operations")
            .unwrap_or_else(|_| ProgressStyle::default_bar());
        ProgressBar::new(length).with_style(style)
    }

    /// A row of the table.
    pub fn row(&mut self, row: Row) {
        let mark = if row.as_expected() { "ok" } else { "NOT AS EXPECTED" };
        self.say(&format!("  {mark}: {} -> signer {}, chain {}", row.action, row.signer, row.chain));
        self.rows.push(row);
    }

    /// A row of the gas table.
    pub fn gas(&mut self, home: &'static str, what: &'static str, plain: u64, session_key: u64) {
        self.gas.push(GasRow { home, what, plain, session_key });
    }

    /// Whether every row is as expected, and there are rows.
    pub fn all_as_expected(&self) -> bool {
        !self.rows.is_empty() && self.rows.iter().all(Row::as_expected)
    }

    /// Prints both tables.
    pub fn print(&self) -> Result<(), CliError> {
        if self.json {
            let value =
                serde_json::json!({ "rows": self.rows, "gas": self.gas, "all_as_expected": self.all_as_expected() });
            out(&format!("{value:#}"));
            return Ok(());
        }
        out(&format!(
            "\n{:<7} {:<52} {:<20} {:<20} {:<20} {:>8}",
            "HOME", "ACTION", "EXPECTED", "SIGNER", "CHAIN", "GAS"
        ));
        for r in &self.rows {
            let gas = r.gas.map_or("-".to_owned(), |g| g.to_string());
            let mark = if r.as_expected() { "" } else { "   <- NOT AS EXPECTED" };
            out(&format!(
                "{:<7} {:<52} {:<20} {:<20} {:<20} {gas:>8}{mark}",
                r.home, r.action, r.expected, r.signer, r.chain
            ));
        }
        let good = self.rows.iter().filter(|r| r.as_expected()).count();
        out(&format!("\n{good} of {} rows as expected", self.rows.len()));
        out(&format!("\n{:<7} {:<32} {:>12} {:>12}", "HOME", "GAS, THIRD USE", "PLAIN EOA", "SESSION KEY"));
        for g in &self.gas {
            out(&format!("{:<7} {:<32} {:>12} {:>12}", g.home, g.what, g.plain, g.session_key));
        }
        Ok(())
    }
}
