//! Single caveats: to the enforcer's bytes, back from them, and in words.
//!
//! What each enforcer checks was read in its source and is held by the tests against its bytecode. None of them looks at `args`.

use super::abi::signed::Caveat;
use super::contracts::Contract;
use crate::backend::typed::checksum;
use alloy_primitives::{Address, Bytes, U256, hex};

/// A caveat that this backend uses.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Term {
    /// Only these may redeem.
    Redeemers(Vec<Address>),
    /// `after < t < before`; an `after` of 0 is no bound.
    Time {
        /// Excluded.
        after: u64,
        /// Excluded.
        before: u64,
    },
    /// The delegator's nonce at the enforcer is this one.
    Nonce(U256),
    /// The call goes to this contract.
    Target(Address),
    /// The calldata begins with this selector.
    Method([u8; 4]),
    /// The calldata holds these bytes at this place; it may go on behind them.
    Calldata(u64, Bytes),
    /// The calldata is these bytes.
    ExactCalldata(Bytes),
    /// The call carries at most so much.
    ValueLte(U256),
    /// A `transfer` of 68 bytes; the sum of the amounts is at most the cap. The value is not looked at.
    Erc20Total(Address, U256),
    /// The same, in each period; without value.
    Erc20Period(Address, Period),
    /// The sum of the values is at most this.
    NativeTotal(U256),
    /// The same, in each period.
    NativePeriod(Period),
    /// At most so many calls.
    Calls(U256),
    /// The call is this one: target, value, calldata.
    Execution(Address, U256, Bytes),
}

/// A cap in each fixed window; the window of `t` is `floor((t - start) / seconds)`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Period {
    /// Inclusive, at least 1.
    pub cap: U256,
    /// At least 1.
    pub seconds: u64,
    /// At least 1; inclusive.
    pub start: u64,
}

impl Period {
    fn bytes(&self) -> Vec<u8> {
        [self.cap, U256::from(self.seconds), U256::from(self.start)].iter().flat_map(U256::to_be_bytes::<32>).collect()
    }

    fn read(bytes: &[u8]) -> Option<Self> {
        let (cap, rest) = bytes.split_at_checked(32)?;
        let (seconds, start) = rest.split_at_checked(32)?;
        let period = Self { cap: word(cap)?, seconds: number(seconds)?, start: number(start)? };
        (!period.cap.is_zero() && period.seconds > 0 && period.start > 0).then_some(period)
    }
}

impl Term {
    /// The contract that enforces it.
    #[must_use]
    pub const fn contract(&self) -> Contract {
        match self {
            Self::Redeemers(_) => Contract::Redeemer,
            Self::Time { .. } => Contract::Timestamp,
            Self::Nonce(_) => Contract::Nonce,
            Self::Target(_) => Contract::AllowedTargets,
            Self::Method(_) => Contract::AllowedMethods,
            Self::Calldata(..) => Contract::AllowedCalldata,
            Self::ExactCalldata(_) => Contract::ExactCalldata,
            Self::ValueLte(_) => Contract::ValueLte,
            Self::Erc20Total(..) => Contract::Erc20TransferAmount,
            Self::Erc20Period(..) => Contract::Erc20PeriodTransfer,
            Self::NativeTotal(_) => Contract::NativeTokenTransferAmount,
            Self::NativePeriod(_) => Contract::NativeTokenPeriodTransfer,
            Self::Calls(_) => Contract::LimitedCalls,
            Self::Execution(..) => Contract::ExactExecution,
        }
    }

    /// As it is signed.
    #[must_use]
    pub fn caveat(&self) -> Caveat {
        Caveat { enforcer: self.contract().address(), terms: self.terms().into() }
    }

    fn terms(&self) -> Vec<u8> {
        match self {
            Self::Redeemers(all) => all.iter().flat_map(|a| a.0).collect(),
            Self::Time { after, before } => {
                [u128::from(*after), u128::from(*before)].iter().flat_map(|t| t.to_be_bytes()).collect()
            }
            Self::Nonce(n) | Self::ValueLte(n) | Self::NativeTotal(n) | Self::Calls(n) => {
                n.to_be_bytes::<32>().to_vec()
            }
            Self::Target(to) => to.to_vec(),
            Self::Method(selector) => selector.to_vec(),
            Self::Calldata(at, bytes) => [&U256::from(*at).to_be_bytes::<32>(), bytes.as_ref()].concat(),
            Self::ExactCalldata(bytes) => bytes.to_vec(),
            Self::Erc20Total(token, cap) => [token.as_slice(), &cap.to_be_bytes::<32>()].concat(),
            Self::Erc20Period(token, period) => [token.as_slice(), &period.bytes()].concat(),
            Self::NativePeriod(period) => period.bytes(),
            Self::Execution(to, value, data) => execution(*to, *value, data),
        }
    }

    /// Reads a caveat; `None` for another enforcer, or bytes that this backend does not write.
    #[must_use]
    pub fn read(caveat: &Caveat) -> Option<Self> {
        let terms = caveat.terms.as_ref();
        let term = match Contract::at(caveat.enforcer)? {
            Contract::Redeemer => Self::Redeemers(terms.chunks(20).map(address).collect::<Option<_>>()?),
            Contract::Timestamp => {
                let (after, before) = terms.split_at_checked(16)?;
                Self::Time { after: number(after)?, before: number(before)? }
            }
            Contract::Nonce => Self::Nonce(word(terms)?),
            Contract::AllowedTargets => Self::Target(address(terms)?),
            Contract::AllowedMethods => Self::Method(terms.try_into().ok()?),
            Contract::AllowedCalldata => {
                let (at, bytes) = terms.split_at_checked(32)?;
                Self::Calldata(number(at)?, Bytes::copy_from_slice(bytes))
            }
            Contract::ExactCalldata => Self::ExactCalldata(caveat.terms.clone()),
            Contract::ValueLte => Self::ValueLte(word(terms)?),
            Contract::Erc20TransferAmount => {
                let (token, cap) = terms.split_at_checked(20)?;
                Self::Erc20Total(address(token)?, word(cap)?)
            }
            Contract::Erc20PeriodTransfer => {
                let (token, period) = terms.split_at_checked(20)?;
                Self::Erc20Period(address(token)?, Period::read(period)?)
            }
            Contract::NativeTokenTransferAmount => Self::NativeTotal(word(terms)?),
            Contract::NativeTokenPeriodTransfer => Self::NativePeriod(Period::read(terms)?),
            Contract::LimitedCalls => Self::Calls(word(terms)?),
            Contract::ExactExecution => {
                let (to, value, data) = read_execution(terms)?;
                Self::Execution(to, value, data)
            }
            Contract::Manager | Contract::Delegator => return None,
        };
        (term.caveat() == *caveat).then_some(term)
    }

    /// One sentence, made of its bytes alone.
    #[must_use]
    pub fn says(&self) -> String {
        let in_each = |p: &Period, what: &str| {
            format!("{} {what} in each {} seconds counted from Unix second {}", p.cap, p.seconds, p.start)
        };
        match self {
            Self::Redeemers(all) => {
                let all: Vec<String> = all.iter().map(|a| checksum(*a)).collect();
                format!("only {} may redeem it", all.join(" or "))
            }
            Self::Time { after, before } => {
                format!("only after Unix second {after} and before Unix second {before}, both excluded")
            }
            Self::Nonce(n) => format!("only while the account's nonce at the NonceEnforcer is {n}"),
            Self::Target(to) => format!("calls {} alone", checksum(*to)),
            Self::Method(selector) => format!("calls the function of selector 0x{} alone", hex::encode(selector)),
            Self::Calldata(at, bytes) => format!("the calldata holds {bytes} at byte {at}"),
            Self::ExactCalldata(bytes) => format!("the calldata is exactly {bytes}"),
            Self::ValueLte(n) => format!("each call carries at most {n} wei"),
            Self::Erc20Total(token, cap) => {
                format!("transfers at most {cap} smallest units of {} in all", checksum(*token))
            }
            Self::Erc20Period(token, p) => {
                format!("transfers at most {}", in_each(p, &format!("smallest units of {}", checksum(*token))))
            }
            Self::NativeTotal(n) => format!("carries at most {n} wei in all"),
            Self::NativePeriod(p) => format!("carries at most {}", in_each(p, "wei")),
            Self::Calls(n) => format!("at most {n} calls in all"),
            Self::Execution(to, value, data) => {
                format!("the call is exactly {data} to {} with {value} wei", checksum(*to))
            }
        }
    }
}

/// A single execution as ERC-7579 packs it: target, value, calldata.
#[must_use]
pub fn execution(to: Address, value: U256, data: &[u8]) -> Vec<u8> {
    [to.as_slice(), &value.to_be_bytes::<32>(), data].concat()
}

/// Reads a single execution.
#[must_use]
pub fn read_execution(bytes: &[u8]) -> Option<(Address, U256, Bytes)> {
    let (to, rest) = bytes.split_at_checked(20)?;
    let (value, data) = rest.split_at_checked(32)?;
    Some((address(to)?, word(value)?, Bytes::copy_from_slice(data)))
}

fn address(bytes: &[u8]) -> Option<Address> {
    (bytes.len() == 20).then(|| Address::from_slice(bytes))
}

fn word(bytes: &[u8]) -> Option<U256> {
    if bytes.len() == 32 { U256::try_from_be_slice(bytes) } else { None }
}

fn number(bytes: &[u8]) -> Option<u64> {
    U256::try_from_be_slice(bytes)?.try_into().ok()
}
