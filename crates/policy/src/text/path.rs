//! Paths as people write them: `params.amountIn`, `orders[every].legs[0].size`, `path.length`, `$1.0`.

use super::fields::{Problem, Read, Text};
use crate::abi::{EVERY, LENGTH, Named, SOME, Ty};
use crate::grant::Path;
use core::ops::Range;

/// What paths begin from: the arguments of a function, or the members of a message.
#[derive(Clone, Copy)]
pub struct Scope<'a> {
    /// Whose they are, for messages.
    pub of: &'a str,
    /// The types.
    pub types: &'a [Ty],
    /// The names.
    pub names: &'a [Named],
}

/// The bytes at the start of `text` that can be a path.
pub fn length(text: &str) -> usize {
    let mut inside = false;
    text.bytes()
        .take_while(|b| {
            inside = match b {
                b'[' => true,
                b']' => return true,
                _ => inside,
            };
            b.is_ascii_alphanumeric() || matches!(b, b'_' | b'$' | b'.' | b'[')
        })
        .count()
}

/// Reads the path at `span` of `text`.
pub fn read<'a>(text: &Text, span: Range<usize>, scope: &Scope<'a>) -> Read<(Path, &'a Ty)> {
    let raw = text.text.get(span.clone()).unwrap_or("");
    let at = |from: usize, len: usize| text.part(span.start + from..span.start + from + len);
    let head = raw.find(['.', '[']).unwrap_or(raw.len());
    let name = raw.get(..head).unwrap_or("");
    let index = member(name.strip_prefix('$').map(|n| (n, true)).unwrap_or((name, false)), scope.names);
    let index = index.ok_or_else(|| {
        let known =
            if scope.names.is_empty() { "it has none".to_owned() } else { format!("it has {}", list(scope.names)) };
        Problem::bad(at(0, head.max(1)), format!("`{}` has no argument `{name}`", scope.of)).hint(known)
    })?;
    let mut steps = vec![index];
    let (mut ty, mut names) = match (scope.types.get(usize::from(index)), scope.names.get(usize::from(index))) {
        (Some(ty), Some(named)) => (ty, named.members.as_slice()),
        _ => return Err(Problem::bad(at(0, head.max(1)), "no such argument")),
    };
    let mut place = head;
    while let Some(rest) = raw.get(place..).filter(|rest| !rest.is_empty()) {
        if let Some(inner) = rest.strip_prefix('[') {
            let len = inner.find(']').ok_or_else(|| Problem::bad(at(place, rest.len()), "a `]` is missing"))?;
            let says = inner.get(..len).unwrap_or("");
            let element = match ty {
                Ty::Array(element) => (element, u16::MAX),
                Ty::FixedArray(element, n) => (element, *n),
                _ => return Err(Problem::bad(at(place, len + 2), format!("a `{ty}` has no elements"))),
            };
            let step = match says {
                "every" => EVERY,
                "some" => SOME,
                _ => says
                    .parse::<u16>()
                    .ok()
                    .filter(|i| i.to_string() == says && *i < LENGTH && *i < element.1)
                    .ok_or_else(|| {
                        Problem::bad(at(place, len + 2), format!("`{says}` is no element of `{ty}`"))
                            .hint("a number from 0, `every` or `some`")
                    })?,
            };
            steps.push(step);
            ty = element.0;
            place += len + 2;
        } else if let Some(inner) = rest.strip_prefix('.') {
            let len = inner.find(['.', '[']).unwrap_or(inner.len());
            let says = inner.get(..len).unwrap_or("");
            if says == "length" && matches!(ty, Ty::Array(_) | Ty::Bytes | Ty::String) {
                steps.push(LENGTH);
                ty = &Ty::Uint(32);
                place += len + 1;
                continue;
            }
            let Ty::Tuple(types) = ty else {
                return Err(Problem::bad(at(place, len + 1), format!("a `{ty}` has no members")));
            };
            let by_place = says.bytes().all(|b| b.is_ascii_digit());
            let found = member((says, by_place), names)
                .and_then(|i| Some((i, types.get(usize::from(i))?, names.get(usize::from(i))?)));
            let (index, inner, named) = found.ok_or_else(|| {
                Problem::bad(at(place, len + 1), format!("there is no member `{says}`"))
                    .hint(format!("it has {}", list(names)))
            })?;
            steps.push(index);
            ty = inner;
            names = &named.members;
            place += len + 1;
        } else {
            return Err(Problem::bad(at(place, rest.len()), "expected `.` or `[`"));
        }
    }
    if steps.len() > 255 {
        return Err(Problem::bad(text.span.clone(), "a path has at most 255 steps"));
    }
    Ok((Path(steps), ty))
}

fn member((name, by_place): (&str, bool), names: &[Named]) -> Option<u16> {
    let index = if by_place {
        name.parse::<usize>().ok().filter(|i| *i < names.len() && i.to_string() == name)?
    } else {
        names.iter().position(|n| !n.name.is_empty() && n.name == name)?
    };
    u16::try_from(index).ok()
}

fn list(names: &[Named]) -> String {
    let one = |(i, n): (usize, &Named)| if n.name.is_empty() { format!("${i}") } else { n.name.clone() };
    names.iter().enumerate().map(one).collect::<Vec<_>>().join(", ")
}

/// Writes a path; `names` may hold empty names, which are written by their place.
#[must_use]
pub fn print(path: &Path, types: &[Ty], names: &[Named]) -> String {
    let mut out = String::new();
    let (mut tuple, mut names) = (Some(types), names);
    let mut ty: Option<&Ty> = None;
    for (i, step) in path.0.iter().enumerate() {
        let index = usize::from(*step);
        if let Some(types) = tuple {
            let named = names.get(index);
            let name = named.map_or("", |n| n.name.as_str());
            out += &match (i, name) {
                (0, "") => format!("${step}"),
                (0, name) => name.to_owned(),
                (_, "") => format!(".{step}"),
                (_, name) => format!(".{name}"),
            };
            ty = types.get(index);
            names = named.map_or(&[][..], |n| n.members.as_slice());
        } else {
            out += &match *step {
                LENGTH => ".length".to_owned(),
                EVERY => "[every]".to_owned(),
                SOME => "[some]".to_owned(),
                index => format!("[{index}]"),
            };
            ty = match ty {
                Some(Ty::Array(inner) | Ty::FixedArray(inner, _)) => Some(inner),
                _ => None,
            };
        }
        tuple = match ty {
            Some(Ty::Tuple(members)) => Some(members),
            _ => None,
        };
    }
    out
}
