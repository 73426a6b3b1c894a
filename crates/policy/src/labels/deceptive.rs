//! Which characters a name or a text may not hold, because a reader would take them for something else.

/// Anything but letters, digits, spaces and ASCII signs; quotation marks, which would end the quotation that it is shown
/// in, and what looks like them; letters that cannot be seen, or that change the order or the look of what stands beside them.
pub fn is_deceptive(c: char) -> bool {
    let within = |ranges: &[(u32, u32)]| ranges.iter().any(|(from, to)| (*from..=*to).contains(&u32::from(c)));
    let plain = c.is_alphanumeric() || c == ' ' || c.is_ascii_punctuation();
    !plain
        || c == '"'
        || within(&UNSEEN)
        || within(&LIKE_SIGNS)
        || within(&RIGHT_TO_LEFT)
        || within(&MARKS)
        || within(&BEYOND)
}

/// Letters without ink: fillers of Hangul, the inherent vowels of Khmer, an empty Braille cell.
const UNSEEN: [(u32, u32); 6] =
    [(0x034f, 0x034f), (0x115f, 0x1160), (0x17b4, 0x17b5), (0x2800, 0x2800), (0x3164, 0x3164), (0xffa0, 0xffa0)];

/// Letters that look like quotation marks, apostrophes, accents and other signs: the modifier letters (category Lm) but for
/// the signs that repeat or lengthen a letter, which ordinary Japanese, Thai and Khmer need (U+3005, U+3031 to U+3035,
/// U+303B, U+309D, U+309E, U+30FC to U+30FE, U+FF70, U+0E46, U+0EC6, U+17D7); Greek numeral signs; and single letters that
/// are drawn as a stroke or two.
const LIKE_SIGNS: [(u32, u32); 38] = [
    (0x02b0, 0x02ff), // spacing modifier letters
    (0x0374, 0x0375), // Greek numeral signs
    (0x037a, 0x037a), // Greek iota below
    (0x0384, 0x0385), // Greek accents
    (0x0559, 0x055f), // Armenian half ring, apostrophe and their kind
    (0x0971, 0x0971), // Devanagari high dot
    (0x10fc, 0x10fc), // Georgian modifier
    (0x1420, 0x142f), // Canadian finals, which are strokes and rings
    (0x144a, 0x144a), // Canadian p, drawn as an apostrophe
    (0x16cc, 0x16cc), // a rune, drawn as an apostrophe
    (0x1aa7, 0x1aa7), // Tai Tham repetition
    (0x1c78, 0x1c7d), // Ol Chiki modifiers
    (0x1cd3, 0x1cd3), // Vedic sign, drawn as a quotation mark
    (0x1d2c, 0x1d6a), // superscript and subscript letters
    (0x1d78, 0x1d78),
    (0x1d9b, 0x1dbf),
    (0x1fbd, 0x1fc1), // Greek breathings
    (0x2071, 0x2071),
    (0x207f, 0x207f),
    (0x2090, 0x209c),
    (0x2c7c, 0x2c7d),
    (0x2d6f, 0x2d6f), // Tifinagh modifier
    (0x2e2f, 0x2e2f), // vertical tilde
    (0xa4f8, 0xa4ff), // Lisu tones, which are full stops and commas
    (0xa67f, 0xa67f), // Cyrillic payerok
    (0xa69c, 0xa69d),
    (0xa700, 0xa721), // tone letters
    (0xa770, 0xa770),
    (0xa788, 0xa78c), // circumflex, colon, equals sign, saltillo
    (0xa7f2, 0xa7f4),
    (0xa7f8, 0xa7f9),
    (0xab5b, 0xab5f),
    (0xab69, 0xab6b),
    (0xff07, 0xff07),
    (0xff9e, 0xff9f), // halfwidth voiced marks, drawn as quotation marks
    (0x3003, 0x3003),
    (0x303c, 0x303c), // masu mark
    (0xa60c, 0xa60c), // Vai lengthener
];

/// Hebrew, Arabic, Syriac, Thaana, NKo, Samaritan, Mandaic, with their extensions and presentation forms: they turn around
/// what stands beside them, signs and numbers too. What lies beyond U+FFFF is in [`BEYOND`].
const RIGHT_TO_LEFT: [(u32, u32); 3] = [(0x0590, 0x08ff), (0xfb1d, 0xfdff), (0xfe70, 0xfeff)];

/// U+10000 to U+1FFFF: scripts of the past, right-to-left ones among them, and copies of Latin letters for mathematics. The
/// ideographs from U+20000 on are letters like others. Nothing is assigned but tags and selectors from U+E0000 on.
const BEYOND: [(u32, u32); 2] = [(0x1_0000, 0x1_ffff), (0xe_0000, 0x10_ffff)];

/// Combining marks (categories Mn, Mc, Me) that count as letters, of Unicode 17: drawn over what stands before them.
const MARKS: [(u32, u32); 94] = [
    (0x0345, 0x036f),
    (0x0900, 0x0903),
    (0x093a, 0x093b),
    (0x093e, 0x094f),
    (0x0955, 0x0957),
    (0x0962, 0x0963),
    (0x0981, 0x0983),
    (0x09be, 0x09cc),
    (0x09d7, 0x09d7),
    (0x09e2, 0x09e3),
    (0x0a01, 0x0a03),
    (0x0a3e, 0x0a51),
    (0x0a70, 0x0a71),
    (0x0a75, 0x0a83),
    (0x0abe, 0x0acc),
    (0x0ae2, 0x0ae3),
    (0x0afa, 0x0b03),
    (0x0b3e, 0x0b57),
    (0x0b62, 0x0b63),
    (0x0b82, 0x0b82),
    (0x0bbe, 0x0bcc),
    (0x0bd7, 0x0bd7),
    (0x0c00, 0x0c04),
    (0x0c3e, 0x0c56),
    (0x0c62, 0x0c63),
    (0x0c81, 0x0c83),
    (0x0cbe, 0x0cd6),
    (0x0ce2, 0x0ce3),
    (0x0d00, 0x0d03),
    (0x0d3e, 0x0d4c),
    (0x0d57, 0x0d57),
    (0x0d62, 0x0d63),
    (0x0d81, 0x0d83),
    (0x0dcf, 0x0ddf),
    (0x0df2, 0x0df3),
    (0x0e31, 0x0e31),
    (0x0e34, 0x0e3a),
    (0x0e4d, 0x0e4d),
    (0x0eb1, 0x0eb1),
    (0x0eb4, 0x0ebc),
    (0x0ecd, 0x0ecd),
    (0x0f71, 0x0f83),
    (0x0f8d, 0x0fbc),
    (0x102b, 0x103e),
    (0x1056, 0x1059),
    (0x105e, 0x1060),
    (0x1062, 0x1064),
    (0x1067, 0x106d),
    (0x1071, 0x1074),
    (0x1082, 0x108d),
    (0x108f, 0x108f),
    (0x109a, 0x109d),
    (0x1712, 0x1713),
    (0x1732, 0x1733),
    (0x1752, 0x1753),
    (0x1772, 0x1773),
    (0x17b6, 0x17c8),
    (0x1885, 0x1886),
    (0x18a9, 0x18a9),
    (0x1920, 0x1938),
    (0x1a17, 0x1a1b),
    (0x1a55, 0x1a74),
    (0x1abf, 0x1b04),
    (0x1b35, 0x1b43),
    (0x1b80, 0x1b82),
    (0x1ba1, 0x1bad),
    (0x1be7, 0x1bf1),
    (0x1c24, 0x1c36),
    (0x1dd3, 0x1df4),
    (0x2de0, 0x2dff),
    (0xa674, 0xa67b),
    (0xa69e, 0xa69f),
    (0xa802, 0xa802),
    (0xa80b, 0xa80b),
    (0xa823, 0xa827),
    (0xa880, 0xa881),
    (0xa8b4, 0xa8c5),
    (0xa8ff, 0xa8ff),
    (0xa926, 0xa92a),
    (0xa947, 0xa952),
    (0xa980, 0xa983),
    (0xa9b4, 0xa9bf),
    (0xa9e5, 0xa9e5),
    (0xaa29, 0xaa36),
    (0xaa43, 0xaa43),
    (0xaa4c, 0xaa4d),
    (0xaa7b, 0xaa7d),
    (0xaab0, 0xaab0),
    (0xaab2, 0xaab4),
    (0xaab7, 0xaab8),
    (0xaabe, 0xaabe),
    (0xaaeb, 0xaaef),
    (0xaaf5, 0xaaf5),
    (0xabe3, 0xabea),
];

#[cfg(test)]
mod tests {
    use super::is_deceptive;

    #[test]
    fn what_looks_like_a_quotation_mark_is_no_letter() {
        for c in "\"\u{2ba}\u{2bb}\u{2bc}\u{2bd}\u{2c8}\u{2dd}\u{2ee}\u{374}\u{375}\u{37a}\u{559}\u{55a}\u{144a}\u{16cc}\u{1cd3}\u{201c}\u{2032}\u{2033}\u{3003}\u{a78b}\u{a78c}\u{ff02}\u{ff07}\u{ff9e}\u{1d2c}\u{a4fb}\u{a789}".chars() {
            assert!(is_deceptive(c), "U+{:04X}", u32::from(c));
        }
    }

    #[test]
    fn what_reorders_or_covers_its_neighbours_is_no_letter() {
        for c in "\u{5d0}\u{5ea}\u{627}\u{660}\u{6f0}\u{710}\u{780}\u{7ca}\u{7f4}\u{800}\u{840}\u{8a0}\u{fb1d}\u{fb50}\u{fdfa}\u{fe70}\u{fefc}\u{10800}\u{1e800}\u{1e900}\u{1ee00}\u{1d400}\u{202e}\u{2067}".chars() {
            assert!(is_deceptive(c), "U+{:04X}", u32::from(c));
        }
        for c in
            "\u{301}\u{345}\u{363}\u{483}\u{93e}\u{e31}\u{e34}\u{20d0}\u{2de0}\u{a674}\u{fe0f}\u{115f}\u{3164}".chars()
        {
            assert!(is_deceptive(c), "U+{:04X}", u32::from(c));
        }
    }

    #[test]
    fn ordinary_titles_in_many_languages_are_plain() {
        for title in [
            "Arena: play for an hour (1/2)!",
            "Crème brûlée, Straße, Łódź, Đà Nẵng, İstanbul",
            "Ελληνικά",
            "Кириллица",
            "Հայերեն",
            "ქართული",
            "ゲーム コーヒー 人々 いすゞ ヴ ｶｰﾄ",
            "中文游戏 𠮷",
            "한국어 게임",
            "ไทยๆ",
        ] {
            assert!(!title.chars().any(is_deceptive), "{title}");
        }
    }
}
