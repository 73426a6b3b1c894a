//! One view of the three kinds of rules, with their values as the text form writes them.

use crate::abi::{Named, Ty, Word};
use crate::draft::Draft;
use crate::eval::fail::show;
use crate::grant::{Attribute, CallRule, Condition, Path, Test, Use};
use crate::labels::Labels;
use crate::text::path;
use alloy_primitives::U256;

/// Where a value stands in an action.
pub trait Place: Clone + PartialEq {
    /// Whether there is exactly one such value.
    fn is_single(&self) -> bool;
    /// Its name in the text form.
    fn print(&self, types: &[Ty], names: &[Named]) -> String;
    /// Its type.
    fn ty<'t>(&self, types: &'t [Ty]) -> Option<&'t Ty>;
}

impl Place for Path {
    fn is_single(&self) -> bool {
        !self.is_quantified()
    }

    fn print(&self, types: &[Ty], names: &[Named]) -> String {
        path::print(self, types, names)
    }

    fn ty<'t>(&self, types: &'t [Ty]) -> Option<&'t Ty> {
        Ty::at(types, &self.0)
    }
}

impl Place for Attribute {
    fn is_single(&self) -> bool {
        true
    }

    fn print(&self, _: &[Ty], _: &[Named]) -> String {
        self.name.clone()
    }

    fn ty<'t>(&self, _: &'t [Ty]) -> Option<&'t Ty> {
        Some(self.kind.ty())
    }
}

/// A rule of any kind.
#[derive(Debug, Clone)]
pub struct View<'a, P> {
    /// Its place in the whole list, from 0.
    pub number: usize,
    /// What it is for; the same for two rules exactly where they are for the same actions.
    pub subject: String,
    /// Most wei of a call; 0 for other kinds.
    pub max_value: U256,
    /// All must hold.
    pub conditions: &'a [Condition<P>],
    /// What an action charges.
    pub uses: &'a [Use<P>],
    /// What paths begin from; empty for app rules.
    pub types: &'a [Ty],
    /// The names there.
    pub names: Vec<Named>,
    /// The requester's names, for texts.
    pub labels: &'a Labels,
}

impl<P: Place> View<'_, P> {
    /// The rule's place, such as `rules[2]`.
    pub fn at(&self) -> String {
        format!("rules[{}]", self.number)
    }

    /// The type at a place.
    pub fn ty(&self, place: &P) -> Ty {
        // A grant whose paths lead nowhere was refused when it was made.
        place.ty(self.types).cloned().unwrap_or(Ty::Bytes)
    }

    /// A place, as the text form writes it.
    pub fn place(&self, place: &P) -> String {
        place.print(self.types, &self.names)
    }

    /// A condition, as the text form writes it.
    pub fn condition(&self, c: &Condition<P>) -> String {
        let (name, ty) = (self.place(&c.path), self.ty(&c.path));
        let value = |w: &Word| match (&ty, self.labels.text_of(*w)) {
            (Ty::String, Some(text)) => format!("'{text}'"),
            _ => show(*w, &ty),
        };
        match &c.test {
            Test::Eq(w) => format!("{name} == {}", value(w)),
            Test::Ne(w) => format!("{name} != {}", value(w)),
            Test::Le(w) => format!("{name} <= {}", value(w)),
            Test::Ge(w) => format!("{name} >= {}", value(w)),
            Test::Lt(w) => format!("{name} < {}", value(w)),
            Test::Gt(w) => format!("{name} > {}", value(w)),
            Test::In(words) => format!("{name} in [{}]", words.iter().map(value).collect::<Vec<_>>().join(", ")),
            Test::Mask(mask, expected) => format!("{name} mask 0x{:x} == 0x{:x}", mask.uint(), expected.uint()),
            Test::Ratio(right, numerator, denominator) => {
                let part = |sign: &str, n: &U256| if *n == U256::ONE { String::new() } else { format!(" {sign} {n}") };
                format!("{name} >= {}{}{}", self.place(right), part("*", numerator), part("/", denominator))
            }
        }
    }
}

/// The call rules of a draft.
pub fn calls(d: &Draft) -> Vec<View<'_, Path>> {
    let view = |(i, r)| call(d, i, r);
    d.calls.iter().enumerate().map(view).collect()
}

/// One call rule.
pub fn call<'a>(d: &'a Draft, number: usize, r: &'a CallRule) -> View<'a, Path> {
    let types = r.arguments.as_deref().unwrap_or(&[]);
    let target = r.target.to_checksum(None);
    let subject = match &r.arguments {
        Some(_) => format!("call `{}` of {target}", r.signature),
        None => format!("send native coin to {target}"),
    };
    View {
        number,
        subject,
        max_value: r.max_value,
        conditions: &r.conditions,
        uses: &r.uses,
        types,
        names: d.rest.labels.names(number, types),
        labels: &d.rest.labels,
    }
}

/// The typed rules of a draft.
pub fn typed(d: &Draft) -> Vec<View<'_, Path>> {
    let first = d.calls.len();
    let view = d.rest.typed.iter().enumerate().map(|(i, r)| View {
        number: first + i,
        subject: format!("sign `{}` in the domain {}", r.ty.text, r.domain.canonical()),
        max_value: U256::ZERO,
        conditions: r.conditions.as_slice(),
        uses: r.uses.as_slice(),
        types: r.ty.types.as_slice(),
        names: r.ty.names.clone(),
        labels: &d.rest.labels,
    });
    view.collect()
}

/// The app rules of a draft.
pub fn apps(d: &Draft) -> Vec<View<'_, Attribute>> {
    let first = d.calls.len() + d.rest.typed.len();
    let view = d.rest.apps.iter().enumerate().map(|(i, r)| View {
        number: first + i,
        subject: format!("do `{}` in the app `{}`", r.verb, r.app),
        max_value: U256::ZERO,
        conditions: r.conditions.as_slice(),
        uses: r.uses.as_slice(),
        types: &[],
        names: Vec::new(),
        labels: &d.rest.labels,
    });
    view.collect()
}
