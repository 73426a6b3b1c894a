//! Words of each type: the edges of its range more often than the middle, and words that are no value of it.

use crate::rng::Rng;
use crate::world::TARGETS;
use alloy_primitives::{Address, U256};
use hallpass_policy::abi::{Ty, Word};
use hallpass_policy::grant::{CallRule, Test};

/// The lowest `bits` set.
pub fn ones(bits: usize) -> U256 {
    if bits >= 256 { U256::MAX } else { (U256::from(1) << bits) - U256::from(1) }
}

fn any(rng: &mut Rng) -> U256 {
    U256::from_be_bytes(rng.bytes::<32>())
}

/// A random type of one word.
pub fn ty(rng: &mut Rng) -> Ty {
    let size = |rng: &mut Rng| if rng.chance(60) { rng.pick(&[1, 2, 15, 16, 31, 32]) } else { 1 + rng.below(32) as u8 };
    match rng.below(10) {
        0..=3 => Ty::Uint(size(rng)),
        4 | 5 => Ty::Int(size(rng)),
        6 | 7 => Ty::FixedBytes(size(rng)),
        8 => Ty::Address,
        _ => Ty::Bool,
    }
}

/// A canonical word of `ty`.
pub fn canonical(rng: &mut Rng, ty: &Ty) -> Word {
    let small = U256::from(rng.below(8));
    let value = match ty {
        Ty::Uint(n) => {
            let max = ones(8 * usize::from(*n));
            match rng.below(6) {
                0 => max,
                1 => max - U256::from(1),
                2 => (max >> 1_usize) + U256::from(rng.below(2)),
                3 => any(rng) & max,
                _ => small & max,
            }
        }
        Ty::Int(n) => {
            let half = ones(8 * usize::from(*n) - 1);
            match rng.below(6) {
                0 => half,
                1 => !half,
                2 => any(rng) & half,
                3 => !(any(rng) & half),
                4 => !(small & half),
                _ => small & half,
            }
        }
        Ty::FixedBytes(n) => {
            let mask = !ones(256 - 8 * usize::from(*n));
            match rng.below(4) {
                0 => mask,
                1 => U256::ZERO,
                2 => small << (256 - 8 * usize::from(*n)),
                _ => any(rng) & mask,
            }
        }
        Ty::Address => match rng.below(4) {
            0 => ones(160),
            1 => any(rng) & ones(160),
            _ => return Word::from_address(rng.pick(&[TARGETS[0], TARGETS[1], Address::ZERO])),
        },
        _ => U256::from(rng.below(2)),
    };
    Word::from_uint(value)
}

/// A canonical word next to `word`, where there is one.
pub fn near(rng: &mut Rng, word: Word, ty: &Ty) -> Word {
    let unit = match ty {
        Ty::FixedBytes(n) => U256::from(1) << (256 - 8 * usize::from(*n)),
        _ => U256::from(1),
    };
    let moved = if rng.chance(50) { word.uint().wrapping_add(unit) } else { word.uint().wrapping_sub(unit) };
    let moved = Word::from_uint(moved);
    if is_value(moved, ty) { moved } else { word }
}

/// A word that is no value of `ty`; `None` where every word is one.
pub fn dirty(rng: &mut Rng, word: Word, ty: &Ty) -> Option<Word> {
    let value = word.uint();
    let flip = |bit: usize| value ^ (U256::from(1) << bit);
    let spoiled = match ty {
        Ty::Uint(n) | Ty::Int(n) if *n < 32 => {
            let low = 8 * usize::from(*n);
            flip(if rng.chance(50) { low } else { low + rng.index(256 - low) })
        }
        Ty::FixedBytes(n) if *n < 32 => {
            let free = 256 - 8 * usize::from(*n);
            flip(if rng.chance(50) { free - 1 } else { rng.index(free) })
        }
        Ty::Address => flip(if rng.chance(50) { 160 } else { 160 + rng.index(96) }),
        Ty::Bool => {
            if rng.chance(50) {
                U256::from(2)
            } else {
                flip(1 + rng.index(255))
            }
        }
        _ => return None,
    };
    Some(Word::from_uint(spoiled))
}

/// Whether `word` is a value of `ty`: the tests' own rule, by arithmetic.
pub fn is_value(word: Word, ty: &Ty) -> bool {
    let value = word.uint();
    match ty {
        Ty::Uint(n) => value <= ones(8 * usize::from(*n)),
        Ty::Int(n) => {
            let half = ones(8 * usize::from(*n) - 1);
            value <= half || value >= !half
        }
        Ty::FixedBytes(n) => value & ones(256 - 8 * usize::from(*n)) == U256::ZERO,
        Ty::Address => value <= ones(160),
        _ => value <= U256::from(1),
    }
}

/// Arguments for a rule: on, beside and away from what its conditions ask for. `amount` suggests one argument.
pub fn arguments(rng: &mut Rng, rule: &CallRule, amount: Option<(usize, U256)>) -> Vec<Word> {
    let types = rule.arguments.as_deref().unwrap_or_default();
    let mut words = Vec::with_capacity(types.len());
    for (i, ty) in types.iter().enumerate() {
        let tests: Vec<&Test> =
            rule.conditions.iter().filter(|c| c.path.as_argument() == Some(i)).map(|c| &c.test).collect();
        let suggested = amount.filter(|(at, _)| *at == i).map(|(_, v)| Word::from_uint(v)).filter(|w| is_value(*w, ty));
        words.push(match suggested {
            Some(word) if tests.is_empty() || rng.chance(60) => word,
            _ if tests.is_empty() || rng.chance(10) => canonical(rng, ty),
            _ => {
                let test = tests[rng.index(tests.len())];
                about(rng, test, ty)
            }
        });
    }
    words
}

fn about(rng: &mut Rng, test: &Test, ty: &Ty) -> Word {
    match test {
        Test::Eq(w) => *w,
        Test::Ne(w) if rng.chance(50) => near(rng, *w, ty),
        Test::Le(w) | Test::Ge(w) | Test::Lt(w) | Test::Gt(w) => match rng.below(4) {
            0 => *w,
            1 | 2 => near(rng, *w, ty),
            _ => canonical(rng, ty),
        },
        Test::In(list) => list[rng.index(list.len())],
        Test::Mask(mask, expected) => {
            let free = canonical(rng, ty).uint() & !mask.uint();
            Word::from_uint(free | expected.uint())
        }
        Test::Ne(_) | Test::Ratio(..) => canonical(rng, ty),
    }
}
