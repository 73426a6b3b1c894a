//! How a value in an action is named, and how values are shown.

use super::catalogue::{self as say, Name};
use crate::abi::{EVERY, LENGTH, Named, SOME, Ty, Word};
use crate::draft::Draft;
use crate::eval::fail::show;
use crate::grant::{Condition, Path, Test};
use crate::lists::{Contract, Lists};
use alloy_primitives::{Address, U256};
use hallpass_types::ChainId;

/// What is spoken about: the draft, and what the operator knows.
#[derive(Clone, Copy)]
pub struct About<'a> {
    pub draft: &'a Draft,
    pub lists: &'a Lists,
    /// Where addresses are; a typed message may be for another chain than the grant's, or for none.
    pub chain: Option<ChainId>,
}

/// The arguments of a function, with the names that the operator or the requester has for them.
pub struct Arguments<'a> {
    pub types: &'a [Ty],
    pub known: Option<&'a [Named]>,
    pub claimed: Vec<Named>,
}

impl<'a> About<'a> {
    /// The same, for addresses of another chain.
    pub fn on(self, chain: Option<ChainId>) -> Self {
        Self { chain, ..self }
    }

    /// Whether addresses are those of the grant's own chain.
    fn is_home(&self) -> bool {
        self.chain == Some(self.draft.chain)
    }

    /// What the operator's lists say of a contract.
    pub fn known(&self, address: Address) -> Option<&'a Contract> {
        self.lists.contract(self.chain?, address)
    }

    /// A contract, with its name as fact or as claim; as both where the claim is another name than the fact.
    pub fn contract(&self, address: Address) -> String {
        let known = self.known(address);
        // The requester's names are for the grant's own chain too.
        let claim = self.draft.rest.labels.token_at(address).map(|(name, _)| name).filter(|_| self.is_home());
        let agrees =
            |name: &str| known.is_some_and(|k| k.name == name || k.token.as_ref().is_some_and(|t| t.symbol == name));
        let shown = address.to_checksum(None);
        let shown = known.map_or(shown.clone(), |k| say::known(&shown, &k.name));
        match claim {
            Some(name) if !agrees(name) => say::claimed(&shown, name),
            _ => shown,
        }
    }

    /// A value of a type.
    pub fn value(&self, word: Word, ty: &Ty) -> String {
        match ty {
            Ty::Address if self.is_home() && self.draft.account == Some(word.address()) => {
                say::own(&word.address().to_checksum(None))
            }
            Ty::Address => self.contract(word.address()),
            Ty::String => match self.draft.rest.labels.text_of(word) {
                Some(text) => say::text(text),
                None => say::hashed(&alloy_primitives::hex::encode_prefixed(word.0)),
            },
            Ty::Bytes => say::hashed(&alloy_primitives::hex::encode_prefixed(word.0)),
            _ => show(word, ty),
        }
    }

    /// A condition; `place` names what is at a path.
    pub fn condition<'t, P>(
        &self,
        c: &Condition<P>,
        place: &dyn Fn(&P) -> String,
        ty: &dyn Fn(&P) -> Option<&'t Ty>,
    ) -> String {
        let name = place(&c.path);
        let ty = ty(&c.path).unwrap_or(&Ty::Bytes);
        let value = |w: &Word| self.value(*w, ty);
        match &c.test {
            Test::Eq(w) => say::compared(&name, "==", &value(w)),
            Test::Ne(w) => say::compared(&name, "!=", &value(w)),
            Test::Le(w) => say::compared(&name, "<=", &value(w)),
            Test::Ge(w) => say::compared(&name, ">=", &value(w)),
            Test::Lt(w) => say::compared(&name, "<", &value(w)),
            Test::Gt(w) => say::compared(&name, ">", &value(w)),
            Test::In(words) => say::one_of(&name, &words.iter().map(value).collect::<Vec<_>>().join(", ")),
            Test::Mask(mask, expected) => {
                say::masked(&name, &show(*mask, &Ty::FixedBytes(32)), &show(*expected, &Ty::FixedBytes(32)))
            }
            Test::Ratio(right, numerator, denominator) => {
                let one = *numerator == U256::ONE && *denominator == U256::ONE;
                let factor = if one { String::new() } else { fraction(*numerator, *denominator) };
                say::priced(&name, &place(right), &factor)
            }
        }
    }
}

/// A fraction, with its decimal where that is exact within forty digits.
fn fraction(numerator: U256, denominator: U256) -> String {
    let exact = (0..=40_usize).find_map(|digits| {
        let scaled = numerator.checked_mul(U256::from(10).checked_pow(U256::from(digits))?)?;
        let (whole, rest) = scaled.div_rem(denominator);
        let digits = u8::try_from(digits).ok()?;
        rest.is_zero().then(|| crate::text::units::decimal(whole, digits))
    });
    say::factor(&numerator.to_string(), &denominator.to_string(), exact.as_deref())
}

impl Arguments<'_> {
    /// The value at a path.
    pub fn place(&self, path: &Path) -> String {
        let (mut known, mut claimed) = (self.known.unwrap_or(&[]), self.claimed.as_slice());
        let mut out = String::new();
        let mut ty: Option<&Ty> = None;
        let mut tuple = Some(self.types);
        for (i, step) in path.0.iter().enumerate() {
            let index = usize::from(*step);
            if let Some(types) = tuple {
                let (fact, claim) = (known.get(index), claimed.get(index));
                let name = match (fact.map_or("", |n| n.name.as_str()), claim.map_or("", |n| n.name.as_str())) {
                    ("", "") => Name::None,
                    ("", claim) => Name::Claim(claim),
                    (fact, _) => Name::Fact(fact),
                };
                out = if i == 0 { say::argument(index + 1, name) } else { say::member(index + 1, name, &out) };
                known = fact.map_or(&[], |n| n.members.as_slice());
                claimed = claim.map_or(&[], |n| n.members.as_slice());
                ty = types.get(index);
            } else {
                (out, ty) = inside(*step, ty, &out);
            }
            tuple = match ty {
                Some(Ty::Tuple(members)) => Some(members),
                _ => None,
            };
        }
        out
    }
}

/// The value at a path of a message, whose names are signed.
pub fn in_message(types: &[Ty], names: &[Named], path: &Path) -> String {
    let (mut tuple, mut names) = (Some(types), names);
    let mut ty: Option<&Ty> = None;
    // What is already named, and the fields from there.
    let (mut of, mut field) = (String::new(), String::new());
    for step in &path.0 {
        let index = usize::from(*step);
        if let Some(types) = tuple {
            let named = names.get(index);
            let name = named.map_or("", |n| n.name.as_str());
            field = if field.is_empty() { name.to_owned() } else { format!("{field}.{name}") };
            names = named.map_or(&[][..], |n| n.members.as_slice());
            ty = types.get(index);
        } else {
            (of, ty) = inside(*step, ty, &say::field(&field, &of));
            field.clear();
        }
        tuple = match ty {
            Some(Ty::Tuple(members)) => Some(members),
            _ => None,
        };
    }
    say::field(&field, &of)
}

/// A step into an array, or to a length.
fn inside<'t>(step: u16, ty: Option<&'t Ty>, of: &str) -> (String, Option<&'t Ty>) {
    let inner = match ty {
        Some(Ty::Array(inner) | Ty::FixedArray(inner, _)) => Some(inner.as_ref()),
        _ => None,
    };
    match step {
        LENGTH if inner.is_some() => (say::count(of), None),
        LENGTH => (say::bytes(of), None),
        EVERY => (say::every(of), inner),
        SOME => (say::some(of), inner),
        index => (say::element(usize::from(index) + 1, of), inner),
    }
}
