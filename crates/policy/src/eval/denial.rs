//! Why an action was denied: a stable code, a place in the grant, what was found and what would have been allowed.

use core::fmt;

macro_rules! codes {
    ($($(#[$doc:meta])* $name:ident $text:literal $says:literal,)*) => {
        /// A stable denial code. Where the chain checks the same thing, its custom error is the same word in PascalCase.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        #[non_exhaustive]
        pub enum Code { $($(#[$doc])* $name,)* }

        impl Code {
            /// Every code, in the order of the checks.
            pub const ALL: &[Self] = &[$(Self::$name,)*];

            /// The stable text.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$name => $text,)* }
            }

            /// One plain sentence.
            #[must_use]
            pub const fn says(self) -> &'static str {
                match self { $(Self::$name => $says,)* }
            }

            /// The contract's custom error of the same name.
            #[must_use]
            pub const fn error_name(self) -> &'static str {
                match self { $(Self::$name => stringify!($name),)* }
            }
        }
    };
}

codes! {
    /// The action or the chain is another one.
    WrongChain "wrong_chain" "the pass is good on another chain",
    /// The direct route is closed.
    RouteNotAllowed "route_not_allowed" "the pass may not be used over this route",
    /// Before the first second.
    GrantNotStarted "grant_not_started" "the pass has not begun yet",
    /// At or after the end.
    GrantExpired "grant_expired" "the pass has expired",
    /// Before the operation's own start.
    OpNotYetValid "op_not_yet_valid" "the operation is not valid yet",
    /// At or after the operation's own end.
    OpExpired "op_expired" "the operation has expired",
    /// Over 600 seconds.
    OpTooLong "op_too_long" "an operation may be valid for at most 600 seconds",
    /// The operation reaches outside the grant.
    OpOutsideGrant "op_outside_grant" "the operation's validity reaches outside the pass",
    /// Another relayer.
    RelayerNotAllowed "relayer_not_allowed" "this relayer may not send operations of the pass",
    /// Somebody else pays, and is not one of the grant's.
    PaymasterNotAllowed "paymaster_not_allowed" "this paymaster may not pay for operations of the pass",
    /// The fee is above what is left.
    FeeOverCap "fee_over_cap" "the fee is above what the pass allows",
    /// The gas floors are above the bound; checked by the signer only.
    GasOverCap "gas_over_cap" "the operation asks for more gas than the pass allows",
    /// Nothing to do.
    EmptyBatch "empty_batch" "an operation must hold at least one call",
    /// Outside the grant's sequences, or in another lane than 0 where the grant bounds them.
    SequenceOutOfRange "sequence_out_of_range" "the sequence number is outside those of the pass",
    /// Guardians or the owner have frozen the account.
    AccountFrozen "account_frozen" "the account is frozen",
    /// All passes of the epoch were ended.
    EpochMoved "epoch_moved" "the owner has ended every pass of this epoch",
    /// Not installed.
    GrantUnknown "grant_unknown" "the account knows no such pass",
    /// Ended for good.
    GrantEnded "grant_ended" "the pass has been ended",
    /// Used or dead.
    NonceUsed "nonce_used" "the sequence number was used before",
    /// Not by the session key.
    BadSignature "bad_signature" "the signature is not the session key's",
    /// A balance that nobody read; checked by the signer only, like the next two.
    FactsMissing "facts_missing" "what the pass requires could not be looked up",
    /// A balance that was read too long ago, or after the moment of the decision.
    FactsStale "facts_stale" "what the pass requires was looked up too long ago",
    /// A requirement does not hold.
    RequirementUnmet "requirement_unmet" "something that the pass requires is not true",
    /// No rule for this target and function, domain and type, or app and verb.
    NoRule "no_rule" "no rule of the pass is for this",
    /// The account, its backend or an EntryPoint.
    TargetForbidden "target_forbidden" "a session never acts on its own account, its backend or an EntryPoint, nor signs for them",
    /// Too much native value.
    ValueOverMax "value_over_max" "the call carries more native value than the rule allows",
    /// The calldata does not decode strictly.
    BadCalldata "bad_calldata" "the calldata is not the one encoding of the function's arguments",
    /// A plain transaction where the grant is not of its sender alone; checked by the signer only.
    BadTransaction "bad_transaction" "a plain transaction cannot stand for this pass",
    /// A typed message has no such element; checked by the signer only.
    BadMessage "bad_message" "the message lacks what the rule reads",
    /// An attribute is missing or of another type; checked by the signer only.
    BadAttribute "bad_attribute" "the action lacks what the rule reads, or has it as another kind",
    /// An argument is outside what was granted.
    ConditionFailed "condition_failed" "an argument is outside what the rule allows",
    /// A token meter, and tokens that are not the account's.
    ForeignOwner "foreign_owner" "the tokens are not the account's",
    /// The operation would be valid in two windows.
    WindowCrossed "window_crossed" "the operation's validity crosses the edge of a budget window",
    /// The meter already counts a later window.
    WindowPast "window_past" "the budget already counts a later window",
    /// Over the cap.
    MeterExceeded "meter_exceeded" "the budget does not hold this amount",
    /// An owner signed a grant that breaks the protocol.
    BadGrant "bad_grant" "the pass breaks a rule of the protocol",
    /// A form that this version does not judge.
    NotYetSupported "not_yet_supported" "this version cannot judge this part of the pass yet",
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The first thing that denied an action.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Denial {
    /// The stable code.
    pub code: Code,
    /// The place in the grant or the operation, such as `rules[1].conditions[0]`.
    pub at: String,
    /// What was found there.
    pub found: Option<String>,
    /// What would have been allowed; for a meter, what is left.
    pub bound: Option<String>,
    /// The call of a batch that it is about.
    pub call: Option<usize>,
}

impl Denial {
    pub(crate) fn new(code: Code, at: impl Into<String>) -> Self {
        Self { code, at: at.into(), found: None, bound: None, call: None }
    }

    pub(crate) fn found(mut self, value: impl fmt::Display) -> Self {
        self.found = Some(value.to_string());
        self
    }

    pub(crate) fn bound(mut self, value: impl fmt::Display) -> Self {
        self.bound = Some(value.to_string());
        self
    }

    pub(crate) fn under(mut self, at: &str) -> Self {
        self.at = if self.at.is_empty() { at.to_owned() } else { format!("{at}.{}", self.at) };
        self
    }

    /// The number of the rule that it is about, where it is about one.
    #[must_use]
    pub fn rule(&self) -> Option<u16> {
        self.at.strip_prefix("rules[")?.split(']').next()?.parse().ok()
    }

    pub(crate) const fn in_call(mut self, index: usize, of: usize) -> Self {
        if of > 1 {
            self.call = Some(index);
        }
        self
    }
}

impl fmt::Display for Denial {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code.says())?;
        let noun = if self.code == Code::MeterExceeded { "left" } else { "allowed" };
        match (&self.found, &self.bound) {
            (Some(found), Some(bound)) => write!(f, " (found {found}, {noun}: {bound})")?,
            (Some(found), None) => write!(f, " (found {found})")?,
            _ => {}
        }
        match self.call {
            Some(call) => write!(f, ", in call {call} of the batch"),
            None => Ok(()),
        }
    }
}

impl core::error::Error for Denial {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_and_its_custom_error_are_one_word() {
        for code in Code::ALL {
            let mut pascal = String::new();
            for part in code.as_str().split('_') {
                let (head, tail) = part.split_at(1);
                pascal.push_str(&head.to_uppercase());
                pascal.push_str(tail);
            }
            assert_eq!(pascal, code.error_name());
        }
    }
}
