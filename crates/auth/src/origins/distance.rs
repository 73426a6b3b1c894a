//! How many letters have to be put in, taken out or replaced to make one name of another (Levenshtein).

/// Whether that are at most `most`.
pub fn within(a: &str, b: &str, most: usize) -> bool {
    if a.len().abs_diff(b.len()) > most {
        return false;
    }
    // The distances of what has been read of `a` from each beginning of `b`.
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (read, x) in a.bytes().enumerate() {
        let mut before = read;
        let mut left = read.saturating_add(1);
        let mut next = vec![left];
        for (y, above) in b.bytes().zip(row.iter().skip(1)) {
            let replaced = before.saturating_add(usize::from(x != y));
            left = replaced.min(above.saturating_add(1)).min(left.saturating_add(1));
            next.push(left);
            before = *above;
        }
        if next.iter().all(|distance| *distance > most) {
            return false;
        }
        row = next;
    }
    row.last().is_some_and(|distance| *distance <= most)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn known_distances() {
        for (a, b, distance) in [
            ("", "", 0),
            ("metamask", "metamask", 0),
            ("metamask", "metarnask", 2),
            ("metamask", "metamsak", 2),
            ("metamask", "metamas", 1),
            ("metamask", "xmetamask", 1),
            ("kitten", "sitting", 3),
            ("", "abc", 3),
        ] {
            let found = (0..5).find(|most| within(a, b, *most));
            assert_eq!((found, (0..5).find(|most| within(b, a, *most))), (Some(distance), Some(distance)), "{a} {b}");
        }
    }

    /// As it is defined.
    fn plain(a: &[u8], b: &[u8]) -> usize {
        match (a, b) {
            ([], rest) | (rest, []) => rest.len(),
            ([x, a_rest @ ..], [y, b_rest @ ..]) if x == y => plain(a_rest, b_rest),
            ([_, a_rest @ ..], [_, b_rest @ ..]) => {
                1 + plain(a_rest, b_rest).min(plain(a, b_rest)).min(plain(a_rest, b))
            }
        }
    }

    proptest! {
        #[test]
        fn it_is_the_distance_by_its_definition(a in "[ab]{0,6}", b in "[abc]{0,6}", most in 0_usize..7) {
            prop_assert_eq!(within(&a, &b, most), plain(a.as_bytes(), b.as_bytes()) <= most);
        }
    }
}
