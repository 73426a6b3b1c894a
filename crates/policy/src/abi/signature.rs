//! Function signatures as people write them.

use super::{MAX_DEPTH, Named, Ty, layout};
use alloy_primitives::keccak256;

/// A function with its argument types and, where they were written, their names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Function {
    /// The name before the parenthesis.
    pub name: String,
    /// The argument types, in order.
    pub types: Vec<Ty>,
    /// What the arguments are called, in order.
    pub names: Vec<Named>,
}

impl Function {
    /// Reads `name(type [name], ...)`. Integers must carry their width (`uint256`, not `uint`).
    ///
    /// # Errors
    /// [`SignatureError`] with the byte offset of the first thing that does not fit.
    pub fn parse(text: &str) -> Result<Self, SignatureError> {
        let mut cursor = Cursor { text, at: 0 };
        cursor.spaces();
        let name = cursor.identifier().ok_or_else(|| cursor.error("expected a function name"))?.to_owned();
        let members = cursor.members(1)?;
        cursor.spaces();
        if cursor.at != text.len() {
            return Err(cursor.error("unexpected text after the closing parenthesis"));
        }
        let (types, names): (Vec<Ty>, Vec<Named>) = members.into_iter().unzip();
        if layout::encode(&types).len() > layout::MAX_BYTES {
            return Err(SignatureError { at: 0, says: "too many arguments" });
        }
        Ok(Self { name, types, names })
    }

    /// The form the selector is taken from: no names, no spaces.
    #[must_use]
    pub fn canonical(&self) -> String {
        format!("{}{}", self.name, Ty::Tuple(self.types.clone()))
    }

    /// The first four bytes of the canonical form's keccak.
    #[must_use]
    pub fn selector(&self) -> [u8; 4] {
        selector(&self.canonical())
    }

    /// The index of the argument called `name`.
    #[must_use]
    pub fn index_of(&self, name: &str) -> Option<usize> {
        self.names.iter().position(|n| !n.name.is_empty() && n.name == name)
    }
}

/// The selector of a canonical signature.
#[must_use]
pub fn selector(canonical: &str) -> [u8; 4] {
    let hash = keccak256(canonical);
    let [a, b, c, d, ..] = hash.0;
    [a, b, c, d]
}

/// Why a signature could not be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{says}")]
pub struct SignatureError {
    /// Byte offset in the text.
    pub at: usize,
    /// One sentence.
    pub says: &'static str,
}

struct Cursor<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Cursor<'a> {
    fn error(&self, says: &'static str) -> SignatureError {
        SignatureError { at: self.at, says }
    }

    fn rest(&self) -> &'a str {
        self.text.get(self.at..).unwrap_or("")
    }

    fn spaces(&mut self) {
        self.at += self.rest().bytes().take_while(|b| *b == b' ').count();
    }

    fn eat(&mut self, c: char) -> bool {
        let found = self.rest().starts_with(c);
        if found {
            self.at += c.len_utf8();
        }
        found
    }

    fn identifier(&mut self) -> Option<&'a str> {
        let rest = self.rest();
        let first = rest.bytes().next()?;
        if !(first.is_ascii_alphabetic() || first == b'_' || first == b'$') {
            return None;
        }
        let len = rest.bytes().take_while(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'$')).count();
        self.at += len;
        rest.get(..len)
    }

    fn members(&mut self, depth: usize) -> Result<Vec<(Ty, Named)>, SignatureError> {
        if depth > MAX_DEPTH {
            return Err(self.error("types nest deeper than 16"));
        }
        if !self.eat('(') {
            return Err(self.error("expected `(`"));
        }
        let mut members: Vec<(Ty, Named)> = Vec::new();
        self.spaces();
        if self.eat(')') {
            return if depth == 1 { Ok(members) } else { Err(self.error("a tuple has at least one member")) };
        }
        loop {
            self.spaces();
            let (ty, inner) = self.ty(depth)?;
            self.spaces();
            let before = self.at;
            let name = self.identifier().unwrap_or("").to_owned();
            if !name.is_empty() && members.iter().any(|(_, n)| n.name == name) {
                return Err(SignatureError { at: before, says: "two arguments have this name" });
            }
            members.push((ty, Named { name, members: inner }));
            self.spaces();
            if self.eat(')') {
                break;
            }
            if !self.eat(',') {
                return Err(self.error("expected `,` or `)`"));
            }
        }
        if members.len() > 255 {
            return Err(self.error("more than 255 arguments"));
        }
        Ok(members)
    }

    fn ty(&mut self, depth: usize) -> Result<(Ty, Vec<Named>), SignatureError> {
        let mut names = Vec::new();
        let mut ty = if self.rest().starts_with('(') {
            let (types, inner) = self.members(depth + 1)?.into_iter().unzip();
            names = inner;
            Ty::Tuple(types)
        } else {
            let at = self.at;
            let name = self.identifier().unwrap_or("");
            elementary(name).ok_or(SignatureError {
                at,
                says: "expected a type such as `address`, `uint256`, `bytes32`, `bool` or `string`",
            })?
        };
        while self.eat('[') {
            let digits: String = self.rest().chars().take_while(char::is_ascii_digit).collect();
            self.at += digits.len();
            if !self.eat(']') {
                return Err(self.error("expected `]`"));
            }
            ty = if digits.is_empty() {
                Ty::Array(Box::new(ty))
            } else {
                match digits.parse::<u16>() {
                    Ok(n) if n > 0 && !digits.starts_with('0') => Ty::FixedArray(Box::new(ty), n),
                    _ => return Err(self.error("an array has 1 to 65535 elements")),
                }
            };
        }
        if depth + ty.depth() > MAX_DEPTH {
            return Err(self.error("types nest deeper than 16"));
        }
        Ok((ty, names))
    }
}

/// A type of one word, `bytes` or `string`, by its full name.
pub(crate) fn elementary(name: &str) -> Option<Ty> {
    let bits = |digits: &str| -> Option<u8> {
        let n: u16 = digits.parse().ok()?;
        (!digits.starts_with('0') && n.is_multiple_of(8) && (8..=256).contains(&n)).then(|| u8::try_from(n / 8).ok())?
    };
    match name {
        "address" => Some(Ty::Address),
        "bool" => Some(Ty::Bool),
        "bytes" => Some(Ty::Bytes),
        "string" => Some(Ty::String),
        _ => {
            if let Some(digits) = name.strip_prefix("uint") {
                bits(digits).map(Ty::Uint)
            } else if let Some(digits) = name.strip_prefix("int") {
                bits(digits).map(Ty::Int)
            } else if let Some(digits) = name.strip_prefix("bytes") {
                let n: u8 = digits.parse().ok()?;
                (!digits.starts_with('0') && (1..=32).contains(&n)).then_some(Ty::FixedBytes(n))
            } else {
                None
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloy_primitives::hex;

    #[test]
    fn names_are_kept_and_do_not_change_the_selector() {
        let f = Function::parse("transfer(address to, uint256 amount)").unwrap();
        assert_eq!(f.canonical(), "transfer(address,uint256)");
        assert_eq!(hex::encode(f.selector()), "a9059cbb");
        assert_eq!(f.index_of("amount"), Some(1));
        assert_eq!(f.index_of(""), None);
        let nested = Function::parse("f((uint8 a,bytes)[2][] list,string)").unwrap();
        assert_eq!(nested.canonical(), "f((uint8,bytes)[2][],string)");
    }

    #[test]
    fn what_is_no_signature_is_refused_where_it_goes_wrong() {
        for (text, at) in [
            ("transfer", 8),
            ("f(uint)", 2),
            ("f(uint7)", 2),
            ("f(uint256", 9),
            ("f(address a, address a)", 21),
            ("f() returns (bool)", 4),
            ("f(bytes33)", 2),
            ("f(uint08)", 2),
            ("(address)", 0),
        ] {
            assert_eq!(Function::parse(text).map_err(|e| e.at), Err(at), "{text}");
        }
        let mut deep = "uint8".to_owned();
        deep.push_str(&"[]".repeat(40));
        assert!(Function::parse(&format!("f({deep})")).is_err());
        assert!(Function::parse(&format!("f{}", "(".repeat(100_000))).is_err());
    }
}
