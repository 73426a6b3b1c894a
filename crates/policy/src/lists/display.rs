//! What an ERC-7730 descriptor says of functions: `display.formats`.

use super::Function;
use super::source::{MAX_NAME, Place, Read, is_harmless};
use crate::abi::signature::selector;
use crate::abi::{Function as Signature, Named};
use alloy_primitives::hex;
use std::collections::{BTreeMap, BTreeSet};

type Functions = BTreeMap<String, Function>;

/// Adds the intents and labels of `display.formats` to the functions of the descriptor's ABI.
pub fn formats(top: &Place<'_>, functions: &mut Functions) -> Read<()> {
    let Some(display) = top.member("display")? else { return Ok(()) };
    let Some(formats) = display.member("formats")? else { return Ok(()) };
    let definitions = display.member("definitions")?;
    let mut seen = BTreeSet::new();
    for (key, format) in formats.members()? {
        let (signature, named) = function(key, &format, functions)?;
        if !seen.insert(signature.clone()) {
            return Err(format.bad(format!("`{signature}` stands twice")));
        }
        let intent = format.member("intent")?.map(|i| intent(&i)).transpose()?;
        let known = functions.entry(signature.clone()).or_default();
        let mut arguments = Arguments { names: named, labels: BTreeMap::new(), signature: &signature };
        super::fill(&mut arguments.names, &known.names);
        if let Some(fields) = format.member("fields")? {
            arguments.fields(&fields, &[], definitions.as_ref())?;
        }
        *known = Function { intent, names: arguments.labelled() };
    }
    Ok(())
}

/// The signature that a key stands for, and the names in it.
fn function(key: &str, at: &Place<'_>, functions: &Functions) -> Read<(String, Vec<Named>)> {
    if let Some(digits) = key.strip_prefix("0x") {
        let found = functions.keys().find(|s| hex::encode(selector(s)).eq_ignore_ascii_case(digits));
        return match found {
            Some(signature) => Ok((signature.clone(), Vec::new())),
            None => {
                Err(at.bad("no function of `context.contract.abi` has this selector: write the function's signature"))
            }
        };
    }
    match Signature::parse(&plain(key)) {
        Ok(function) => Ok((function.canonical(), function.names)),
        Err(e) => Err(at.bad(format!("the key is no function's signature: {e}"))),
    }
}

/// A signature without the words of human-readable ABIs that do not change it: `tuple` before a parenthesis, and where
/// an argument is stored.
fn plain(key: &str) -> String {
    let mut out = String::with_capacity(key.len());
    let mut rest = key;
    while let Some(c) = rest.chars().next() {
        let len = rest.bytes().take_while(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'$')).count();
        let (word, after) = rest.split_at(if len == 0 { c.len_utf8() } else { len });
        let silent = (word == "tuple" && after.starts_with('(')) || matches!(word, "memory" | "calldata" | "storage");
        // The first word is the function's name.
        if !silent || out.trim().is_empty() {
            out.push_str(word);
        }
        rest = after;
    }
    out
}

/// A text, or an object of texts, which are shown one after the other in the order of their members' names.
fn intent(place: &Place<'_>) -> Read<String> {
    if place.is_text() {
        return place.name();
    }
    let parts = place.members()?.values().map(Place::name).collect::<Read<Vec<_>>>()?;
    let joined = parts.join(", ");
    if is_harmless(&joined, MAX_NAME) { Ok(joined) } else { Err(place.bad("is empty, or longer than 128 characters")) }
}

/// The arguments of a function while its fields are read.
struct Arguments<'s> {
    /// What paths call them.
    names: Vec<Named>,
    /// What they are labelled, by their indices.
    labels: BTreeMap<Vec<usize>, String>,
    signature: &'s str,
}

impl Arguments<'_> {
    /// Reads `fields`; the paths in it begin at `base`.
    fn fields(&mut self, fields: &Place<'_>, base: &[&str], definitions: Option<&Place<'_>>) -> Read<()> {
        for field in fields.list()? {
            let path = match field.member("path")? {
                None => None,
                Some(path) => match steps(path.text()?, base) {
                    // What a label cannot be given to: a value of the transaction, an element, a slice.
                    None => continue,
                    Some(steps) => Some((path, steps)),
                },
            };
            if let (Some((path, steps)), Some(label)) = (&path, label(&field, definitions)?) {
                let Some(indices) = self.find(steps) else {
                    return Err(path.bad(format!(
                        "no argument of `{}` is called `{}`",
                        self.signature,
                        steps.join(".")
                    )));
                };
                self.labels.entry(indices).or_insert(label);
            }
            if let Some(inner) = field.member("fields")? {
                let base = path.as_ref().map_or(base, |(_, steps)| steps.as_slice());
                self.fields(&inner, base, definitions)?;
            }
        }
        Ok(())
    }

    fn find(&self, steps: &[&str]) -> Option<Vec<usize>> {
        let mut names = self.names.as_slice();
        let mut indices = Vec::with_capacity(steps.len());
        for step in steps {
            let index = names.iter().position(|n| n.name == *step)?;
            names = names.get(index)?.members.as_slice();
            indices.push(index);
        }
        Some(indices)
    }

    /// The names, with labels in place of those that have one.
    fn labelled(self) -> Vec<Named> {
        let mut names = self.names;
        for (indices, label) in self.labels {
            let mut members = names.as_mut_slice();
            let Some((last, above)) = indices.split_last() else { continue };
            for index in above {
                members = members.get_mut(*index).map_or(&mut [], |n| n.members.as_mut_slice());
            }
            if let Some(named) = members.get_mut(*last) {
                named.name = label;
            }
        }
        names
    }
}

/// The steps of a path that leads to an argument or a member of one, by names alone; `None` for any other path.
fn steps<'p>(path: &'p str, base: &[&'p str]) -> Option<Vec<&'p str>> {
    let (base, rest) = path.strip_prefix("#.").map_or((base, path), |rest| (&[][..], rest));
    let plain = |step: &str| {
        step.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
            && step.bytes().next().is_some_and(|b| !b.is_ascii_digit())
    };
    let steps: Vec<&str> = rest.split('.').collect();
    steps.iter().all(|step| plain(step)).then(|| [base, &steps].concat())
}

/// The field's own label, or that of the definition that it refers to.
fn label(field: &Place<'_>, definitions: Option<&Place<'_>>) -> Read<Option<String>> {
    if let Some(label) = field.member("label")? {
        return label.name().map(Some);
    }
    let Some(reference) = field.member("$ref")? else { return Ok(None) };
    let key = reference.text()?.strip_prefix("$.display.definitions.");
    let definition = match (key, definitions) {
        (Some(key), Some(definitions)) => definitions.member(key)?,
        _ => None,
    };
    let Some(definition) = definition else { return Err(reference.bad("leads to no definition of this file")) };
    definition.member("label")?.map(|label| label.name()).transpose()
}
