//! What arguments and members are called, beside their types.

use super::Ty;

/// A name and, for a tuple or arrays of tuples, those of the members. Empty where none was written.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Named {
    /// The name, or nothing.
    pub name: String,
    /// One for each member of the tuple, or nothing for another type.
    pub members: Vec<Named>,
}

impl Named {
    /// All names in pre-order, as `Labels.params` holds them; nothing at all where no name was written.
    #[must_use]
    pub fn flatten(names: &[Self]) -> Vec<String> {
        fn push(names: &[Named], out: &mut Vec<String>) {
            for named in names {
                out.push(named.name.clone());
                push(&named.members, out);
            }
        }
        let mut out = Vec::new();
        push(names, &mut out);
        if out.iter().all(String::is_empty) { Vec::new() } else { out }
    }

    /// The names of `types` from such a list; `None` where the list does not fit.
    #[must_use]
    pub fn unflatten(types: &[Ty], flat: &[String]) -> Option<Vec<Self>> {
        fn read<'f>(types: &[Ty], mut flat: &'f [String]) -> Option<(Vec<Named>, &'f [String])> {
            let mut out = Vec::with_capacity(types.len());
            for ty in types {
                let (name, rest) = match flat.split_first() {
                    Some((name, rest)) => (name.clone(), rest),
                    None => return None,
                };
                let (members, rest) = read(members(ty), rest)?;
                out.push(Named { name, members });
                flat = rest;
            }
            Some((out, flat))
        }
        if flat.is_empty() {
            return Some(Self::none(types));
        }
        read(types, flat).filter(|(_, rest)| rest.is_empty()).map(|(names, _)| names)
    }

    /// No names at all.
    #[must_use]
    pub fn none(types: &[Ty]) -> Vec<Self> {
        types.iter().map(|ty| Self { name: String::new(), members: Self::none(members(ty)) }).collect()
    }
}

/// The members that have names: a tuple's, through arrays.
#[must_use]
pub fn members(ty: &Ty) -> &[Ty] {
    match ty {
        Ty::Tuple(members) => members,
        Ty::Array(inner) | Ty::FixedArray(inner, _) => members(inner),
        _ => &[],
    }
}

#[cfg(test)]
mod tests {
    use super::super::Function;
    use super::*;

    #[test]
    fn names_read_back_through_tuples_and_arrays() {
        let f = Function::parse("swap((address maker,uint8 side)[2][] orders,uint256,(bytes data) x)").unwrap();
        let flat = Named::flatten(&f.names);
        assert_eq!(flat, ["orders", "maker", "side", "", "x", "data"]);
        assert_eq!(Named::unflatten(&f.types, &flat), Some(f.names));
        assert_eq!(Named::unflatten(&f.types, &flat[..5]), None);
        assert_eq!(Named::unflatten(&f.types, &[flat.clone(), flat].concat()), None);
        let bare = Function::parse("f((uint8,bool[])[3])").unwrap();
        assert!(Named::flatten(&bare.names).is_empty());
        assert_eq!(Named::unflatten(&bare.types, &[]), Some(bare.names));
    }
}
