//! What the conditions of a rule bind.

use crate::abi::{EVERY, Named, Ty, Word};
use crate::diff::implies::listed;
use crate::grant::{Condition, Path, Test};
use alloy_primitives::U256;

/// Whether a value is one of a few that the grant names.
pub fn is_pinned(conditions: &[Condition], path: &Path) -> bool {
    conditions.iter().any(|c| c.path == *path && !listed(&c.test).is_empty())
}

/// Whether a value is this one.
pub fn is_exactly(conditions: &[Condition], path: &Path, value: U256) -> bool {
    let wanted = Test::Eq(Word::from_uint(value));
    conditions.iter().any(|c| c.path == *path && c.test == wanted)
}

/// The most that an unsigned value may be, inclusive.
pub fn most<P: PartialEq>(conditions: &[Condition<P>], path: &P) -> Option<U256> {
    let bound = |c: &Condition<P>| match &c.test {
        Test::Eq(w) | Test::Le(w) => Some(w.uint()),
        Test::Lt(w) => Some(w.uint().saturating_sub(U256::ONE)),
        Test::In(words) => words.last().map(|w| w.uint()),
        _ => None,
    };
    conditions.iter().filter(|c| c.path == *path).filter_map(bound).min()
}

/// Whether an unsigned value is above 0.
pub fn is_above_zero<P: PartialEq>(conditions: &[Condition<P>], path: &P) -> bool {
    conditions.iter().filter(|c| c.path == *path).any(|c| match &c.test {
        Test::Eq(w) | Test::Ge(w) => !w.uint().is_zero(),
        Test::Gt(_) => true,
        Test::Ne(w) => w.uint().is_zero(),
        Test::In(words) => words.first().is_some_and(|w| !w.uint().is_zero()),
        _ => false,
    })
}

/// A value among arguments or members, at whatever depth; inside arrays, every element's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Value<'a> {
    /// Where it stands.
    pub path: Path,
    /// What it is called; empty where it has no name.
    pub name: &'a str,
    /// Its type.
    pub ty: &'a Ty,
}

/// Every single value of a row of types.
pub fn values<'a>(types: &'a [Ty], names: &'a [Named]) -> Vec<Value<'a>> {
    let mut out = Vec::new();
    walk(types, names, &[], &mut out);
    out
}

fn walk<'a>(types: &'a [Ty], names: &'a [Named], before: &[u16], out: &mut Vec<Value<'a>>) {
    for (i, ty) in types.iter().enumerate() {
        let Ok(step) = u16::try_from(i) else { return };
        let named = names.get(i);
        let mut path = [before, &[step]].concat();
        let mut inner = ty;
        while let Ty::Array(element) | Ty::FixedArray(element, _) = inner {
            path.push(EVERY);
            inner = element;
        }
        match inner {
            Ty::Tuple(members) => walk(members, named.map_or(&[], |n| n.members.as_slice()), &path, out),
            _ => out.push(Value { path: Path(path), name: named.map_or("", |n| n.name.as_str()), ty: inner }),
        }
    }
}
