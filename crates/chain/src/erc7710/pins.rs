//! Which words of a call's arguments its rule pins with `==`.

use hallpass_policy::abi::{EVERY, Ty, Word};
use hallpass_policy::grant::{CallRule, Path, Test};

/// The words of static arguments, in calldata order: what each is called by path, and what it is pinned to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pins {
    words: Vec<(Vec<u16>, Option<Word>)>,
}

impl Pins {
    /// The words of `rule`'s arguments; `None` where an argument is dynamic, or there is no argument tuple at all.
    #[must_use]
    pub fn of(rule: &CallRule) -> Option<Self> {
        let types = rule.arguments.as_ref()?;
        let mut words = Vec::new();
        for (i, ty) in types.iter().enumerate() {
            flatten(ty, vec![u16::try_from(i).ok()?], &mut words)?;
        }
        let mut pins = Self { words: words.into_iter().map(|path| (path, None)).collect() };
        for c in &rule.conditions {
            if let (Test::Eq(word), Some(place)) = (&c.test, pins.place(&c.path)) {
                // Of two that contradict each other the first is taken; the other stays a caveat of its own.
                if let Some((_, pin @ None)) = pins.words.get_mut(place) {
                    *pin = Some(*word);
                }
            }
        }
        Some(pins)
    }

    /// The number of the word at `path`.
    #[must_use]
    pub fn place(&self, path: &Path) -> Option<usize> {
        self.words.iter().position(|(at, _)| *at == path.0)
    }

    /// What the word at `path` is pinned to.
    #[must_use]
    pub fn at(&self, path: &Path) -> Option<Word> {
        self.words.get(self.place(path)?)?.1
    }

    /// Every word, where each is pinned.
    #[must_use]
    pub fn all(&self) -> Option<Vec<Word>> {
        self.words.iter().map(|(_, pin)| *pin).collect()
    }

    /// The path of the first word that is free.
    #[must_use]
    pub fn free(&self) -> Option<Path> {
        self.words.iter().find(|(_, pin)| pin.is_none()).map(|(path, _)| Path(path.clone()))
    }
}

/// The paths of a static type's words.
fn flatten(ty: &Ty, path: Vec<u16>, out: &mut Vec<Vec<u16>>) -> Option<()> {
    let mut inner = |ty: &Ty, step: usize, path: &[u16]| {
        let step = u16::try_from(step).ok().filter(|s| *s < EVERY)?;
        flatten(ty, [path, &[step]].concat(), out)
    };
    match ty {
        Ty::Bytes | Ty::String | Ty::Array(_) => None,
        // More than any calldata needs; a hostile signature must not fill the memory.
        Ty::FixedArray(_, n) if *n > 64 => None,
        Ty::FixedArray(element, n) => (0..usize::from(*n)).try_for_each(|i| inner(element, i, &path)),
        Ty::Tuple(members) => members.iter().enumerate().try_for_each(|(i, m)| inner(m, i, &path)),
        _ if out.len() >= 256 => None,
        _ => {
            out.push(path);
            Some(())
        }
    }
}
