//! An EIP-712 `encodeType` as types and names.

use crate::abi::signature::elementary;
use crate::abi::{MAX_DEPTH, Named, Ty, layout};
use core::fmt::Write as _;
use std::collections::BTreeMap;

/// A struct of EIP-712 with everything that it refers to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StructType {
    /// The `encodeType`, canonical: the struct, then those that it refers to, sorted by name.
    pub text: String,
    /// The members' types; a struct is a tuple.
    pub types: Vec<Ty>,
    /// The members' names.
    pub names: Vec<Named>,
}

/// Why a text is no `encodeType`.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct TypeError(pub String);

/// Members by name and type, as they are written.
pub(super) type Members = Vec<(String, String)>;

impl StructType {
    /// Reads a canonical `encodeType`.
    ///
    /// # Errors
    /// [`TypeError`] for another text, a struct that contains itself, or more than a layout holds.
    pub fn parse(text: &str) -> Result<Self, TypeError> {
        let structs = table(text)?;
        let primary = text.split('(').next().unwrap_or("").to_owned();
        let read = Self::build(&primary, &structs)?;
        if read.text == text { Ok(read) } else { Err(bad(&format!("the canonical form of this is `{}`", read.text))) }
    }

    /// Makes one of the structs in a table, with those that it refers to; others are left out.
    ///
    /// # Errors
    /// As [`Self::parse`].
    pub fn build(primary: &str, structs: &BTreeMap<String, Members>) -> Result<Self, TypeError> {
        let mut used = BTreeMap::new();
        let mut budget = layout::MAX_BYTES;
        let (types, names) = resolve(primary, structs, &mut used, 1, &mut budget)?;
        let mut text = String::new();
        let others = used.iter().filter(|(name, _)| name.as_str() != primary);
        for (name, members) in used.get_key_value(&primary.to_owned()).into_iter().chain(others) {
            let body: Vec<String> = members.iter().map(|(name, ty)| format!("{ty} {name}")).collect();
            let _ = write!(text, "{name}({})", body.join(","));
        }
        if layout::encode(&types).len() > layout::MAX_BYTES {
            return Err(bad("the message has too many members"));
        }
        Ok(Self { text, types, names })
    }

    /// The primary struct's name.
    #[must_use]
    pub fn primary(&self) -> &str {
        self.text.split('(').next().unwrap_or("")
    }
}

/// The structs of an `encodeType` that was read before.
pub(super) fn members_of(text: &str) -> Option<BTreeMap<String, Members>> {
    table(text).ok()
}

/// The structs as they stand in a text.
fn table(text: &str) -> Result<BTreeMap<String, Members>, TypeError> {
    let mut structs = BTreeMap::new();
    let mut rest = text;
    loop {
        let open = rest.find('(').ok_or_else(|| bad("expected `Name(type name,...)`"))?;
        let (name, tail) = rest.split_at(open);
        let (body, after) = tail.get(1..).and_then(|t| t.split_once(')')).ok_or_else(|| bad("a `)` is missing"))?;
        let members = body
            .split(',')
            .filter(|_| !body.is_empty())
            .map(|m| m.split_once(' ').map(|(ty, name)| (name.to_owned(), ty.to_owned())))
            .collect::<Option<Members>>()
            .ok_or_else(|| bad("a member is written `type name`"))?;
        if structs.insert(name.to_owned(), members).is_some() {
            return Err(bad(&format!("`{name}` stands twice")));
        }
        rest = after;
        if rest.is_empty() {
            return Ok(structs);
        }
    }
}

fn bad(says: &str) -> TypeError {
    TypeError(says.to_owned())
}

fn resolve<'s>(
    name: &str,
    structs: &'s BTreeMap<String, Members>,
    used: &mut BTreeMap<&'s String, &'s Members>,
    depth: usize,
    budget: &mut usize,
) -> Result<(Vec<Ty>, Vec<Named>), TypeError> {
    if depth > MAX_DEPTH {
        return Err(bad("types nest deeper than 16, or a struct contains itself"));
    }
    let (key, members) = structs.get_key_value(name).ok_or_else(|| bad(&format!("there is no type `{name}`")))?;
    if !is_identifier(name) {
        return Err(bad(&format!("`{name}` is no name of a struct")));
    }
    used.insert(key, members);
    if members.is_empty() {
        return Err(bad(&format!("`{name}` has no members")));
    }
    let (mut types, mut names) = (Vec::new(), Vec::new());
    for (i, (member, ty)) in members.iter().enumerate() {
        if !is_identifier(member) || members.iter().take(i).any(|(other, _)| other == member) {
            return Err(bad(&format!("`{member}` is no name of a member, or stands twice in `{name}`")));
        }
        *budget = budget.checked_sub(1).ok_or_else(|| bad("the message has too many members"))?;
        let base = ty.split('[').next().unwrap_or("");
        let (mut read, inner) = match elementary(base) {
            Some(ty) => (ty, Vec::new()),
            None => {
                let (types, names) = resolve(base, structs, used, depth + 1, budget)?;
                (Ty::Tuple(types), names)
            }
        };
        for suffix in ty.get(base.len()..).unwrap_or("").split_inclusive(']') {
            let count = suffix.strip_prefix('[').and_then(|s| s.strip_suffix(']'));
            let count = count.ok_or_else(|| bad(&format!("`{ty}` is no type")))?;
            read = match count {
                "" => Ty::Array(Box::new(read)),
                digits => match digits.parse::<u16>() {
                    Ok(n) if n > 0 && n.to_string() == digits => Ty::FixedArray(Box::new(read), n),
                    _ => return Err(bad("an array has 1 to 65535 elements")),
                },
            };
        }
        if depth + read.depth() > MAX_DEPTH {
            return Err(bad("types nest deeper than 16"));
        }
        types.push(read);
        names.push(Named { name: member.clone(), members: inner });
    }
    Ok((types, names))
}

pub(super) fn is_identifier(text: &str) -> bool {
    let rest = text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
    (1..=64).contains(&text.len()) && rest && !text.as_bytes().first().is_some_and(u8::is_ascii_digit)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_type_reads_with_what_it_refers_to() {
        let mail = "Mail(Person from,Person[2][] to,string contents)Person(string name,address wallet)";
        let read = StructType::parse(mail).unwrap();
        assert_eq!((read.primary(), read.text.as_str()), ("Mail", mail));
        let person = Ty::Tuple(vec![Ty::String, Ty::Address]);
        let many = Ty::Array(Box::new(Ty::FixedArray(Box::new(person.clone()), 2)));
        assert_eq!(read.types, [person, many, Ty::String]);
        assert_eq!(read.names[1].members[1].name, "wallet");
    }

    #[test]
    fn what_is_not_canonical_is_refused() {
        for bad in [
            "",
            "Mail",
            "Mail()",
            "Mail(string a,string a)",
            "Mail(uint a)",
            "Mail(string a) ",
            "Mail(string  a)",
            "Mail(string a)Extra(string b)",
            "Mail(B b,A a)B(string x)A(string y)",
            "Node(Node next)",
            "A(B b)B(A a)",
            "Mail(string[0] a)",
            "Mail(string[01] a)",
            "Mail(string[ a)",
            "Mail(string] a)",
            "Mail(Person p)",
            "Mail(string a)Mail(string a)",
        ] {
            assert!(StructType::parse(bad).is_err(), "{bad}");
        }
        // Each struct holds the next one twice: 2^15 members.
        let wide: String =
            (0..15).map(|i| format!("S{i:02}(S{n:02} a,S{n:02} b)", n = i + 1)).collect::<String>() + "S15(bool a)";
        assert!(StructType::parse(&wide).is_err());
    }
}
