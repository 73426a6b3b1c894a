//! Grants to begin with: `hallpass grant new --template NAME`.
//!
//! Each stands in `gallery/NAME.toml`, with the actions that it must allow and deny in `gallery/NAME.cases.json`.

/// A template.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Template {
    /// What it is called.
    pub name: &'static str,
    /// The text form, with comments.
    pub text: &'static str,
}

macro_rules! templates {
    ($($name:literal,)*) => {
        /// Every template, by name.
        pub const ALL: &[Template] = &[
            $(Template { name: $name, text: include_str!(concat!("../gallery/", $name, ".toml")) },)*
        ];
    };
}

templates! {
    "checkout",
    "content-references",
    "creator-membership",
    "defi-rebalance",
    "gasless-onboarding",
    "governance-votes",
    "identity-attestations",
    "loyalty",
    "on-chain-game",
    "social-posts",
    "staff-allowance",
    "subscription",
    "trading-bot",
    "venue-orders",
    "virtual-world",
}

/// The template called `name`.
#[must_use]
pub fn find(name: &str) -> Option<Template> {
    ALL.iter().copied().find(|t| t.name == name)
}

impl Template {
    /// The first sentence of its first comment: what it is for.
    #[must_use]
    pub fn purpose(&self) -> String {
        let comment: Vec<&str> = self.text.lines().map_while(|l| l.strip_prefix('#')).map(str::trim).collect();
        let comment = comment.join(" ");
        let end = comment.find(". ").map_or(comment.len(), |at| at + 1);
        comment.get(..end).unwrap_or("").to_owned()
    }
}
