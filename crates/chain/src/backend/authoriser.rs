//! Which wallets can authorise a grant.

/// A wallet, or another way to own an account, that can authorise a grant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Authoriser {
    /// A key that signs anything it is told to: in a file, in an HSM.
    LocalKey,
    /// A wallet that signs EIP-7702 authorizations when a page asks.
    Wallet7702,
    /// Any wallet that signs EIP-712 typed data and sends a transaction.
    Eip712Wallet,
    /// A contract that owns the account, by ERC-1271.
    ContractOwner,
    /// Whoever signs for an account that is a contract, by its own ERC-1271.
    AccountSigner,
    /// A passkey that owns the account.
    Passkey,
    /// An account that is delegated to the framework's delegator already, and whose key signs delegations.
    ControlledAccount,
    /// Whoever can log in to the server.
    LoggedInOwner,
}

impl Authoriser {
    /// Its stable name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::LocalKey => "local_key",
            Self::Wallet7702 => "wallet_7702",
            Self::Eip712Wallet => "eip712_wallet",
            Self::ContractOwner => "contract_owner",
            Self::AccountSigner => "account_signer",
            Self::Passkey => "passkey",
            Self::ControlledAccount => "controlled_account",
            Self::LoggedInOwner => "logged_in_owner",
        }
    }

    /// In words.
    #[must_use]
    pub const fn says(self) -> &'static str {
        match self {
            Self::LocalKey => "a local key",
            Self::Wallet7702 => "a wallet that signs EIP-7702 authorizations for a page (MetaMask does not)",
            Self::Eip712Wallet => "any wallet that signs EIP-712 typed data and sends a transaction, MetaMask included",
            Self::ContractOwner => "a contract that owns the account (ERC-1271)",
            Self::AccountSigner => "the account's owner, by whatever signature the account's own ERC-1271 takes",
            Self::Passkey => "a passkey that owns the account",
            Self::ControlledAccount => {
                "an account delegated to MetaMask's delegator whose key signs delegations (MetaMask itself refuses those that a page asks for)"
            }
            Self::LoggedInOwner => "an owner who is logged in to the server",
        }
    }
}
