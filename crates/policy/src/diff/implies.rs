//! Whether one condition lets nothing through that another does not. What cannot be told is answered with no.

use super::view::{Place, View};
use crate::abi::{Ty, Word};
use crate::grant::{Condition, Test};
use alloy_primitives::U256;

/// What a test lets through.
enum Reach {
    /// These values.
    Finite(Vec<Word>),
    /// The integers from and to, both inclusive and shifted so that they compare as unsigned; `None` is no integer at all.
    Span(Option<(U256, U256)>),
    /// Something else.
    Other,
}

/// Whether every value that `a` lets through at a place of type `ty`, `b` lets through there too.
pub fn implies<P: PartialEq>(a: &Test<P>, b: &Test<P>, ty: &Ty) -> bool {
    if a == b {
        return true;
    }
    match (reach(a, ty), reach(b, ty)) {
        (Reach::Finite(words), _) => words.iter().all(|w| holds(b, *w, ty) == Some(true)),
        (Reach::Span(None), _) => true,
        (Reach::Span(Some((low, high))), Reach::Span(Some((from, to)))) => from <= low && high <= to,
        (Reach::Span(Some((low, high))), _) => match b {
            Test::Ne(w) => shifted(*w, ty).is_some_and(|w| w < low || high < w),
            _ => false,
        },
        (Reach::Other, Reach::Span(Some(span))) => Some(span) == whole(ty),
        (Reach::Other, _) => match (a, b) {
            (Test::Mask(mask, expected), Test::Mask(other, wanted)) => {
                (other.uint() & !mask.uint()).is_zero() && expected.uint() & other.uint() == wanted.uint()
            }
            (Test::Mask(mask, expected), Test::Ne(w)) => w.uint() & mask.uint() != expected.uint(),
            (Test::Ratio(right, n, d), Test::Ratio(other, m, e)) => {
                // No product of `b` may overflow where none of `a` does: an overflow denies.
                let higher = n.checked_mul(*e).zip(m.checked_mul(*d)).is_some_and(|(a, b)| a >= b);
                right == other && higher && m <= n && e <= d
            }
            _ => false,
        },
    }
}

/// Whether no value of type `ty` passes both.
pub fn disjoint<P>(a: &Test<P>, b: &Test<P>, ty: &Ty) -> bool {
    let none = |words: &[Word], other: &Test<P>| words.iter().all(|w| holds(other, *w, ty) == Some(false));
    match (reach(a, ty), reach(b, ty)) {
        (Reach::Finite(words), _) if none(&words, b) => true,
        (_, Reach::Finite(words)) => none(&words, a),
        (Reach::Span(None), _) | (_, Reach::Span(None)) => true,
        (Reach::Span(Some(a)), Reach::Span(Some(b))) => a.1 < b.0 || b.1 < a.0,
        _ => match (a, b) {
            (Test::Mask(mask, expected), Test::Mask(other, wanted)) => {
                let common = mask.uint() & other.uint();
                expected.uint() & common != wanted.uint() & common
            }
            _ => false,
        },
    }
}

/// Whether a single value passes; `None` where that takes a second one.
pub fn holds<P>(test: &Test<P>, value: Word, ty: &Ty) -> Option<bool> {
    Some(match test {
        Test::Eq(w) => value == *w,
        Test::Ne(w) => value != *w,
        Test::Le(w) => value.compare(*w, ty)?.is_le(),
        Test::Ge(w) => value.compare(*w, ty)?.is_ge(),
        Test::Lt(w) => value.compare(*w, ty)?.is_lt(),
        Test::Gt(w) => value.compare(*w, ty)?.is_gt(),
        Test::In(words) => words.contains(&value),
        Test::Mask(mask, expected) => value.uint() & mask.uint() == expected.uint(),
        Test::Ratio(..) => return None,
    })
}

/// Whether `condition` holds wherever all of `conditions` do.
pub fn follows<P: Place>(condition: &Condition<P>, conditions: &[Condition<P>], ty: &Ty) -> bool {
    conditions.iter().any(|c| c.path == condition.path && implies(&c.test, &condition.test, ty))
}

/// Whether every action that passes the conditions of `a` passes those of `b`.
pub fn all_follow<P: Place>(a: &View<'_, P>, b: &View<'_, P>) -> bool {
    b.conditions.iter().all(|c| follows(c, a.conditions, &b.ty(&c.path)))
}

/// Whether no action passes the conditions of both.
pub fn apart<P: Place>(a: &View<'_, P>, b: &View<'_, P>) -> bool {
    let single = |c: &&Condition<P>| c.path.is_single();
    a.conditions.iter().filter(single).any(|c| {
        b.conditions.iter().filter(|other| other.path == c.path).any(|o| disjoint(&c.test, &o.test, &a.ty(&c.path)))
    })
}

/// The values that pass, where they are few.
pub fn listed<P>(test: &Test<P>) -> &[Word] {
    match test {
        Test::Eq(w) => core::slice::from_ref(w),
        Test::In(words) => words,
        _ => &[],
    }
}

fn reach<P>(test: &Test<P>, ty: &Ty) -> Reach {
    let span = |bounds: Option<(U256, U256)>| {
        let inside = bounds.zip(whole(ty)).map(|((low, high), (from, to))| (low.max(from), high.min(to)));
        Reach::Span(inside.filter(|(low, high)| low <= high))
    };
    let bound = |w: &Word| shifted(*w, ty);
    match test {
        Test::Eq(_) | Test::In(_) => Reach::Finite(listed(test).to_vec()),
        Test::Ne(w) if *ty == Ty::Bool => Reach::Finite(vec![Word::from_uint(U256::ONE.saturating_sub(w.uint()))]),
        Test::Le(_) | Test::Ge(_) | Test::Lt(_) | Test::Gt(_) if whole(ty).is_none() => Reach::Other,
        Test::Le(w) => span(bound(w).map(|w| (U256::ZERO, w))),
        Test::Ge(w) => span(bound(w).map(|w| (w, U256::MAX))),
        Test::Lt(w) => span(bound(w).and_then(|w| w.checked_sub(U256::ONE)).map(|w| (U256::ZERO, w))),
        Test::Gt(w) => span(bound(w).and_then(|w| w.checked_add(U256::ONE)).map(|w| (w, U256::MAX))),
        Test::Ne(_) | Test::Mask(..) | Test::Ratio(..) => Reach::Other,
    }
}

/// Half of the words: what signed integers are shifted by, so that they order as unsigned ones.
fn half() -> U256 {
    U256::ONE << 255
}

fn shifted(w: Word, ty: &Ty) -> Option<U256> {
    match ty {
        Ty::Uint(_) => Some(w.uint()),
        Ty::Int(_) => Some(w.uint() ^ half()),
        _ => None,
    }
}

/// All integers of a type, shifted; `None` for other types.
fn whole(ty: &Ty) -> Option<(U256, U256)> {
    match ty {
        Ty::Uint(bytes) => Some((U256::ZERO, U256::MAX >> (256 - 8 * usize::from(*bytes)))),
        Ty::Int(bytes) => {
            let reach = half() >> (256 - 8 * usize::from(*bytes));
            Some((half() - reach, half() + (reach - U256::ONE)))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::grant::Path;

    const U8: Ty = Ty::Uint(1);
    const I8: Ty = Ty::Int(1);

    /// Every test with small bounds, of a type whose values are all looked at.
    fn tests(ty: &Ty) -> Vec<Test> {
        let word = |n: i16| value(n, ty);
        let bounds: Vec<i16> = if *ty == U8 { vec![0, 1, 2, 3, 254, 255] } else { vec![-128, -2, -1, 0, 1, 127] };
        let mut out = Vec::new();
        for n in &bounds {
            let w = word(*n);
            out.extend([Test::Eq(w), Test::Ne(w), Test::Le(w), Test::Ge(w), Test::Lt(w), Test::Gt(w)]);
            for m in bounds.iter().filter(|m| word(**m) > w) {
                out.push(Test::In(vec![w, word(*m)]));
            }
        }
        if *ty == U8 {
            let bits = |m: u8, e: u8| Test::Mask(word(m.into()), word(e.into()));
            out.extend([bits(1, 1), bits(1, 0), bits(3, 1), bits(3, 2), bits(255, 2), bits(0, 0)]);
        }
        out
    }

    fn value(n: i16, ty: &Ty) -> Word {
        let unsigned = U256::from(n.unsigned_abs());
        let word = Word::from_uint(if n < 0 { unsigned.wrapping_neg() } else { unsigned });
        assert!(word.is_canonical(ty));
        word
    }

    #[test]
    fn an_implication_or_a_separation_is_true_of_every_value() {
        for (ty, range) in [(U8, 0..=255_i16), (I8, -128..=127)] {
            let all: Vec<Word> = range.map(|n| value(n, &ty)).collect();
            let (mut implied, mut truly) = (0, 0);
            for a in tests(&ty) {
                let passing: Vec<Word> = all.iter().copied().filter(|w| holds(&a, *w, &ty) == Some(true)).collect();
                for b in tests(&ty) {
                    let real = passing.iter().all(|w| holds(&b, *w, &ty) == Some(true));
                    let apart = passing.iter().all(|w| holds(&b, *w, &ty) == Some(false));
                    assert!(real || !implies(&a, &b, &ty), "{a:?} does not imply {b:?}");
                    assert!(apart || !disjoint(&a, &b, &ty), "{a:?} and {b:?} have a value in common");
                    truly += usize::from(real);
                    implied += usize::from(implies(&a, &b, &ty));
                }
            }
            assert!(implied * 100 >= truly * 85, "{implied} of {truly} implications are found");
        }
    }

    #[test]
    fn a_price_follows_from_a_higher_one_where_no_product_overflows_more() {
        let ratio = |n: u32, d: u32| Test::Ratio(Path::argument(0), U256::from(n), U256::from(d));
        assert!(implies(&ratio(99, 100), &ratio(49, 50), &Ty::Uint(32)));
        assert!(!implies(&ratio(49, 50), &ratio(99, 100), &Ty::Uint(32)));
        assert!(!implies(&ratio(1, 1), &ratio(99, 100), &Ty::Uint(32)));
        let other = Test::Ratio(Path::argument(1), U256::from(1), U256::from(2));
        assert!(!implies(&ratio(99, 100), &other, &Ty::Uint(32)));
    }
}
