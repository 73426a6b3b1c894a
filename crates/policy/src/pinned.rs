//! The narrowest grant that allows one call: every argument pinned, no more value, once in its whole life.
//!
//! What an owner is asked to sign for a single call that no pass of theirs allows. A function's name is not in calldata, so
//! it is looked for where somebody stands behind it: among the functions known by their selector, then in the grant that did
//! not allow the call; what the asker calls it is read last, and its selector must fit.

use crate::abi::encode::Value;
use crate::abi::{Decoded, Function, LENGTH, Named, Ty, Word};
use crate::draft::{Draft, DraftMeter, Span};
use crate::eval::Call;
use crate::grant::{Amount, CAP_LIMIT, CallRule, Condition, Grant, Path, Rest, Test, Use, What};
use crate::known::{self, KNOWN};
use crate::labels::is_plain_text;
use alloy_primitives::{U256, keccak256};
use hallpass_types::UnixSeconds;

/// Most values that a rule pins.
const MAX_VALUES: usize = 255;

/// Why a call cannot be pinned.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PinError {
    /// Nobody says which function has this selector.
    #[error("nothing here says which function has the selector 0x{0}")]
    UnknownFunction(String),
    /// The asker's function is another one, or none.
    #[error("`{0}` is not the function of this calldata")]
    OtherFunction(String),
    /// Not the one encoding of the function's arguments.
    #[error("the calldata is not the one encoding of the function's arguments")]
    BadCalldata,
    /// More than a rule can hold.
    #[error("a rule pins at most 255 values, and a value below 2^120 wei")]
    TooMuch,
}

impl PinError {
    /// The stable code.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::UnknownFunction(_) => "unknown_function",
            Self::OtherFunction(_) => "other_function",
            Self::BadCalldata => "bad_calldata",
            Self::TooMuch => "too_much_to_pin",
        }
    }
}

/// A draft that allows exactly `call` on the chain of `grant`, once, from `from` (inclusive) until `until` (exclusive).
/// What names the account, the key and the contract is open.
///
/// # Errors
/// [`PinError`].
pub fn draft(
    grant: &Grant,
    call: &Call,
    claimed: Option<&str>,
    from: UnixSeconds,
    until: UnixSeconds,
) -> Result<Draft, PinError> {
    let function = function(grant, call, claimed)?;
    let (signature, arguments, names) = match function {
        None => (String::new(), None, Vec::new()),
        Some(f) => (f.canonical(), Some(f.types), f.names),
    };
    let mut pins = Pins::default();
    if let Some(types) = &arguments {
        let data = call.data.get(4..).ok_or(PinError::BadCalldata)?;
        let values = Decoded::new(types, data).ok_or(PinError::BadCalldata)?.values();
        pins.tuple(&[], types, &values)?;
    }
    let mut meters = vec![meter(0, What::Calls, 1)];
    let mut uses = vec![Use { meter: 0, amount: Amount::One }];
    // Counted as the pass itself would count it, so that the words say how much leaves.
    let spends = known::spends(call.to, &signature, call.to).filter(|s| s.token.is_none());
    let amount = spends.and_then(|s| Some((s.amount, pins.word(&Path::argument(s.amount))?.uint())));
    if let Some((place, cap)) = amount.and_then(|(place, n)| Some((place, cap(n)?))) {
        meters.push(meter(1, What::Token(call.to), cap));
        uses.push(Use { meter: 1, amount: Amount::Path(Path::argument(place)) });
    }
    if !call.value.is_zero() {
        let id = u16::try_from(meters.len()).map_err(|_| PinError::TooMuch)?;
        meters.push(meter(id, What::Native, cap(call.value).ok_or(PinError::TooMuch)?));
        uses.push(Use { meter: id, amount: Amount::Value });
    }
    let mut rest = Rest::default();
    rest.labels.tokens = grant.rest.labels.tokens.clone();
    rest.labels.params = match Named::flatten(&names) {
        names if names.is_empty() => Vec::new(),
        names => vec![names],
    };
    pins.texts.sort_by_key(|text| keccak256(text));
    pins.texts.dedup();
    rest.labels.texts = pins.texts;
    let rule =
        CallRule { target: call.to, signature, arguments, max_value: call.value, conditions: pins.conditions, uses };
    Ok(Draft {
        chain: grant.chain,
        account: None,
        backend: None,
        epoch: None,
        salt: None,
        key: None,
        time: Some(Span::Between(from, until)),
        sequences: (0, 1 << 32),
        routes: None,
        relayer: None,
        gas: None,
        ender: None,
        calls: vec![rule],
        meters,
        rest,
    })
}

const fn meter(id: u16, what: What, cap: u128) -> DraftMeter {
    DraftMeter { id, what, cap, period: None, anchor: None }
}

/// Nothing has no meter, and neither has what no cap holds.
fn cap(amount: U256) -> Option<u128> {
    u128::try_from(amount).ok().filter(|n| (1..CAP_LIMIT).contains(n))
}

/// The function of the calldata; `None` for empty calldata.
fn function(grant: &Grant, call: &Call, claimed: Option<&str>) -> Result<Option<Function>, PinError> {
    if call.data.is_empty() {
        return Ok(None);
    }
    let wanted: [u8; 4] = call.data.first_chunk().copied().ok_or(PinError::BadCalldata)?;
    let fits = |text: &str| Function::parse(text).ok().filter(|f| f.selector() == wanted);
    if let Some(known) = KNOWN.iter().find_map(|known| fits(known.signature)) {
        return Ok(Some(known));
    }
    let near = |r: &&CallRule| r.target == call.to;
    let rules = grant.calls.iter().filter(near).chain(grant.calls.iter().filter(|r| !near(r)));
    if let Some(found) = rules.filter(|r| r.arguments.is_some()).find_map(|r| fits(&r.signature)) {
        return Ok(Some(found));
    }
    match claimed {
        Some(text) => fits(text).map(Some).ok_or_else(|| PinError::OtherFunction(text.to_owned())),
        None => Err(PinError::UnknownFunction(alloy_primitives::hex::encode(wanted))),
    }
}

/// One condition for each value, and for each array's length.
#[derive(Default)]
struct Pins {
    conditions: Vec<Condition>,
    texts: Vec<String>,
}

impl Pins {
    fn word(&self, path: &Path) -> Option<Word> {
        self.conditions.iter().find(|c| c.path == *path).and_then(|c| match c.test {
            Test::Eq(word) => Some(word),
            _ => None,
        })
    }

    fn eq(&mut self, path: Vec<u16>, word: Word) -> Result<(), PinError> {
        if self.conditions.len() >= MAX_VALUES {
            return Err(PinError::TooMuch);
        }
        self.conditions.push(Condition { path: Path(path), test: Test::Eq(word) });
        Ok(())
    }

    fn tuple(&mut self, at: &[u16], types: &[Ty], values: &[Value]) -> Result<(), PinError> {
        for (i, (ty, value)) in types.iter().zip(values).enumerate() {
            self.one(step(at, i)?, ty, value)?;
        }
        if types.len() == values.len() { Ok(()) } else { Err(PinError::BadCalldata) }
    }

    fn one(&mut self, at: Vec<u16>, ty: &Ty, value: &Value) -> Result<(), PinError> {
        match (ty, value) {
            (Ty::Tuple(types), Value::List(values)) => self.tuple(&at, types, values),
            (Ty::Array(inner), Value::List(values)) => {
                let length = [at.as_slice(), &[LENGTH]].concat();
                self.eq(length, Word::from_uint(U256::from(values.len())))?;
                self.elements(&at, inner, values)
            }
            (Ty::FixedArray(inner, _), Value::List(values)) => self.elements(&at, inner, values),
            (Ty::Bytes | Ty::String, Value::Bytes(content)) => {
                let text = core::str::from_utf8(content).ok().filter(|text| *ty == Ty::String && is_plain_text(text));
                self.texts.extend(text.map(str::to_owned));
                self.eq(at, Word(keccak256(content).0))
            }
            (_, Value::Word(word)) => self.eq(at, *word),
            _ => Err(PinError::BadCalldata),
        }
    }

    fn elements(&mut self, at: &[u16], inner: &Ty, values: &[Value]) -> Result<(), PinError> {
        values.iter().enumerate().try_for_each(|(i, value)| self.one(step(at, i)?, inner, value))
    }
}

fn step(at: &[u16], index: usize) -> Result<Vec<u16>, PinError> {
    let index = u16::try_from(index).ok().filter(|i| *i < LENGTH).ok_or(PinError::TooMuch)?;
    Ok([at, &[index]].concat())
}

#[cfg(test)]
#[path = "pinned_tests.rs"]
mod tests;
