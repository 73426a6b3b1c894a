//! Tables that know which keys they expect.

use super::TextError;
use core::ops::Range;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

/// An error that knows its bytes but not yet its line.
#[derive(Debug)]
pub struct Problem {
    span: Range<usize>,
    code: &'static str,
    says: String,
    hint: Option<String>,
}

pub type Read<T> = Result<T, Problem>;

impl Problem {
    pub fn new(span: Range<usize>, code: &'static str, says: impl Into<String>) -> Self {
        Self { span, code, says: says.into(), hint: None }
    }

    pub fn bad(span: Range<usize>, says: impl Into<String>) -> Self {
        Self::new(span, "bad_text", says)
    }

    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    pub fn locate(self, source: &str) -> TextError {
        TextError::at(source, &self.span, self.code, self.says, self.hint)
    }
}

/// A text and where it stands, so that an error inside it points into the file.
#[derive(Debug, Clone)]
pub struct Text {
    pub text: String,
    pub span: Range<usize>,
    exact: bool,
}

impl Text {
    /// The place of `range` of the text; the whole where escapes hide the exact place.
    pub fn part(&self, range: Range<usize>) -> Range<usize> {
        if self.exact { self.span.start + 1 + range.start..self.span.start + 1 + range.end } else { self.span.clone() }
    }
}

/// A table whose keys are taken one by one; what remains at the end is an error.
pub struct Table<'a, 'i> {
    source: &'a str,
    span: Range<usize>,
    entries: Vec<(&'a Spanned<std::borrow::Cow<'i, str>>, &'a Spanned<DeValue<'i>>)>,
    known: Vec<&'static str>,
}

impl<'a, 'i> Table<'a, 'i> {
    pub fn new(source: &'a str, table: &'a DeTable<'i>, span: Range<usize>) -> Self {
        let mut entries: Vec<_> = table.iter().collect();
        entries.sort_by_key(|(key, _)| key.span().start);
        Self { source, span, entries, known: Vec::new() }
    }

    pub const fn source(&self) -> &'a str {
        self.source
    }

    pub fn span(&self) -> Range<usize> {
        self.span.clone()
    }

    /// The value of `key`, and that key is now expected.
    pub fn take(&mut self, key: &'static str) -> Option<&'a Spanned<DeValue<'i>>> {
        self.known.push(key);
        let place = self.entries.iter().position(|(k, _)| k.get_ref() == key)?;
        Some(self.entries.remove(place).1)
    }

    /// Where the value of `key` stands.
    pub fn span_of(&self, key: &str) -> Option<Range<usize>> {
        self.entries.iter().find(|(k, _)| k.get_ref() == key).map(|(_, value)| value.span())
    }

    /// Every entry left, in file order: for tables whose keys are names.
    pub fn rest(&mut self) -> Vec<(Text, &'a Spanned<DeValue<'i>>)> {
        core::mem::take(&mut self.entries)
            .into_iter()
            .map(|(key, value)| (Text { text: key.get_ref().to_string(), span: key.span(), exact: false }, value))
            .collect()
    }

    /// Refuses what nobody asked for.
    pub fn finish(self) -> Read<()> {
        match self.entries.first() {
            None => Ok(()),
            Some((key, _)) => {
                Err(Problem::new(key.span(), "unknown_field", format!("`{}` is not known here", key.get_ref()))
                    .hint(format!("known here: {}", self.known.join(", "))))
            }
        }
    }

    pub fn text(&mut self, key: &'static str) -> Read<Option<Text>> {
        let source = self.source;
        self.take(key).map(|value| text(source, value)).transpose()
    }

    pub fn need_text(&mut self, key: &'static str, example: &str) -> Read<Text> {
        let span = self.span.clone();
        self.text(key)?.ok_or_else(|| {
            Problem::new(span, "missing_field", format!("`{key}` is missing")).hint(format!("for example {example}"))
        })
    }

    /// A text, or a list of texts.
    pub fn texts(&mut self, key: &'static str) -> Read<Vec<Text>> {
        let source = self.source;
        match self.take(key) {
            None => Ok(Vec::new()),
            Some(value) => match value.get_ref() {
                DeValue::Array(items) => items.iter().map(|item| text(source, item)).collect(),
                _ => Ok(vec![text(source, value)?]),
            },
        }
    }

    pub fn integer(&mut self, key: &'static str) -> Read<Option<(u128, Range<usize>)>> {
        self.take(key).map(|value| Ok((integer(value)?, value.span()))).transpose()
    }

    pub fn flag(&mut self, key: &'static str) -> Read<Option<(bool, Range<usize>)>> {
        self.take(key)
            .map(|value| match value.get_ref() {
                DeValue::Boolean(b) => Ok((*b, value.span())),
                _ => Err(Problem::bad(value.span(), "expected `true` or `false`")),
            })
            .transpose()
    }

    pub fn table(&mut self, key: &'static str) -> Read<Option<Table<'a, 'i>>> {
        let source = self.source;
        self.take(key).map(|value| table(source, value)).transpose()
    }
}

pub fn text(source: &str, value: &Spanned<DeValue<'_>>) -> Read<Text> {
    match value.get_ref() {
        DeValue::String(s) => {
            let span = value.span();
            let exact = source.get(span.start + 1..span.end.saturating_sub(1)) == Some(s.as_ref());
            Ok(Text { text: s.to_string(), span, exact })
        }
        _ => Err(Problem::bad(value.span(), "expected a text in quotes")),
    }
}

pub fn integer(value: &Spanned<DeValue<'_>>) -> Read<u128> {
    let bad = || Problem::bad(value.span(), "expected a whole number");
    match value.get_ref() {
        DeValue::Integer(i) => u128::from_str_radix(i.as_str(), i.radix()).map_err(|_| bad()),
        _ => Err(bad()),
    }
}

pub fn table<'a, 'i>(source: &'a str, value: &'a Spanned<DeValue<'i>>) -> Read<Table<'a, 'i>> {
    match value.get_ref() {
        DeValue::Table(inner) => Ok(Table::new(source, inner, value.span())),
        _ => Err(Problem::bad(value.span(), "expected a table")),
    }
}
