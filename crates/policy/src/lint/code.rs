//! The codes of findings. They are stable: tools may name them.

/// How much a finding matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// Unwise, unless its author knows why it is not: `hallpass grant lint` exits with 1.
    Warn,
    /// Worth knowing, and often meant.
    Note,
}

impl Severity {
    /// The name, as JSON has it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Warn => "warn",
            Self::Note => "note",
        }
    }
}

macro_rules! codes {
    ($($(#[$doc:meta])* $name:ident $text:literal $severity:ident,)*) => {
        /// What was found.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Code {
            $($(#[$doc])* $name,)*
        }

        impl Code {
            /// Every code, in the order of the reference.
            pub const ALL: &[Self] = &[$(Self::$name,)*];

            /// The stable name.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self {
                    $(Self::$name => $text,)*
                }
            }

            /// How much it matters.
            #[must_use]
            pub const fn severity(self) -> Severity {
                match self {
                    $(Self::$name => Severity::$severity,)*
                }
            }
        }
    };
}

codes! {
    /// A known token function whose recipient no condition binds.
    NoRecipient "no_recipient" Warn,
    /// A token function whose amount nothing counts.
    UncountedTokens "uncounted_tokens" Warn,
    /// An allowance without a limit that matters.
    ApprovalUnlimited "approval_unlimited" Warn,
    /// An operator over a whole collection.
    ApprovalForAll "approval_for_all" Warn,
    /// A life of more than a week.
    LongLife "long_life" Warn,
    /// A rule that nothing counts.
    NoMeter "no_meter" Warn,
    /// A cap that is no limit.
    CapNoLimit "cap_no_limit" Warn,
    /// A windowed cap that adds up to far more over the life.
    ManyWindows "many_windows" Warn,
    /// A rule that an earlier one always takes the place of.
    UnreachableRule "unreachable_rule" Warn,
    /// Rules that differ only in their meters.
    CapsAddUp "caps_add_up" Warn,
    /// A swap with a minimum that no price binds.
    SwapWithoutPrice "swap_without_price" Warn,
    /// A price on what somebody else may receive.
    PriceWithoutRecipient "price_without_recipient" Warn,
    /// An array whose elements are bound and whose length is not.
    EveryWithoutLength "every_without_length" Warn,
    /// A domain that does not name its chain or its contract.
    DomainOpen "domain_open" Warn,
    /// A message that may be good after the pass.
    MessageOutlives "message_outlives" Warn,
    /// A permit or an order without a condition.
    PermitUnbound "permit_unbound" Warn,
    /// No key may end it but the owner's.
    NoEnder "no_ender" Warn,
    /// A key outside the vault, with rules that such a key may not carry.
    OutsideKey "outside_key" Warn,
    /// An allowance that is good after the pass.
    ApprovalOutlives "approval_outlives" Note,
    /// A custom meter where a token meter would count more exactly.
    CustomMeterOnToken "custom_meter_on_token" Note,
    /// Amounts are capped, and calls are not.
    NoCallsCap "no_calls_cap" Note,
    /// A deadline that no condition binds.
    DeadlineUnbound "deadline_unbound" Note,
    /// An app rule for whatever attributes.
    AppWithoutConditions "app_without_conditions" Note,
    /// A kind of message that never ends.
    MessageWithoutEnd "message_without_end" Note,
    /// Anyone may relay.
    RelayerAny "relayer_any" Note,
    /// A fee bound that is never reached.
    FeeUnused "fee_unused" Note,
    /// No bound on gas is written.
    GasOpen "gas_open" Note,
    /// Any number of operations.
    SequencesOpen "sequences_open" Note,
    /// The cheap meter is not the one used most.
    MeterOrder "meter_order" Note,
    /// A token that nothing refers to.
    LabelUnused "label_unused" Note,
    /// A token meter that ERC-721 would misread.
    TokenIds "token_ids" Note,
}
