//! PROPERTY: bytes are accepted exactly where an encoder of its own gives them again for what a lenient decoder finds in
//! them. Then the value at every path is the decoded one, and our encoder gives the same bytes.

#![no_main]

use hallpass_fuzz::abi::{Pool, Tree, make, ours, paths, read, write};
use hallpass_fuzz::{Feed, planted};
use hallpass_policy::abi::decode::{Decoded, Lost};
use hallpass_policy::abi::{EVERY, Function, LENGTH, SOME, Ty, encode, layout};

// Input: flags, then a signature in text (up to a line feed) or a layout behind its length, then calldata: as it stands, or
// made from the bytes, with one word overwritten on demand.
libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let mut feed = Feed(data);
    let flags = feed.byte();
    let Some(types) = types(flags & 1 != 0, &mut feed) else { return };
    let (data, made) = if flags & 2 == 0 {
        (feed.0.to_vec(), false)
    } else {
        let Some(values) = make(&types, &Pool::default(), &mut feed, &mut 512) else { return };
        let mut data = write(&types, &values);
        if flags & 4 != 0 && !data.is_empty() {
            let at = feed.below(data.len());
            data[at] ^= feed.byte();
        }
        (data, flags & 4 == 0)
    };
    let expected = read(&types, &data).filter(|values| write(&types, values) == data);
    let decoded = Decoded::new(&types, &data);
    assert_eq!(decoded.is_some(), expected.is_some(), "accepted, and whether it should be");
    assert!(expected.is_some() || !made, "what the encoder made is canonical");
    let (Some(decoded), Some(values)) = (decoded, expected) else { return };
    values_are_where_they_should_be(&types, &values, &decoded);
    let crates: Vec<encode::Value> = values.iter().map(ours).collect();
    assert_eq!(encode::encode(&types, &crates).as_deref(), Some(data.as_slice()), "our encoder");
    let path: Vec<u16> = (0..feed.below(6)).map(|_| any_step(&mut feed)).collect();
    any_path(&types, &path, &decoded);
});

fn types(text: bool, feed: &mut Feed<'_>) -> Option<Vec<Ty>> {
    let types = if text {
        let f = Function::parse(std::str::from_utf8(feed.line()).ok()?).ok()?;
        let canonical = f.canonical();
        let again = Function::parse(&canonical).expect("a canonical signature reads");
        assert_eq!((again.canonical(), &again.types), (canonical, &f.types), "one canonical signature");
        f.types
    } else {
        let length = usize::from(feed.byte());
        let bytes = feed.bytes(length);
        let types = layout::decode(bytes)?;
        assert_eq!(layout::encode(&types), bytes, "one layout");
        types
    };
    assert_eq!(layout::decode(&layout::encode(&types)).as_ref(), Some(&types), "the layout reads back");
    Some(types)
}

fn values_are_where_they_should_be(types: &[Ty], values: &[Tree], decoded: &Decoded<'_>) {
    let mut all = Vec::new();
    paths(&Ty::Tuple(types.to_vec()), &Tree::List(values.to_vec()), &mut Vec::new(), &mut all);
    for (path, word) in all {
        let leaf = decoded.one(&path).map(|leaf| (leaf.word.0, Some(leaf.ty)));
        assert_eq!(leaf, Ok((word, Ty::at(types, &path))), "{path:?}");
    }
    for (i, tree) in values.iter().enumerate() {
        let step = i as u16;
        match (&types[i], tree) {
            (Ty::Array(inner), Tree::List(elements)) => {
                assert_eq!(decoded.one(&[step, elements.len() as u16]).err(), Some(Lost::NoElement), "behind the end");
                every_and_some(inner, elements, step, decoded);
            }
            (Ty::FixedArray(inner, _), Tree::List(elements)) => every_and_some(inner, elements, step, decoded),
            (Ty::Bytes | Ty::String, Tree::Blob(content)) => planted(content),
            _ => {}
        }
    }
}

fn every_and_some(inner: &Ty, elements: &[Tree], at: u16, decoded: &Decoded<'_>) {
    if !inner.is_word() {
        return;
    }
    let words: Vec<[u8; 32]> = elements.iter().map(|e| if let Tree::Word(w) = e { *w } else { [0; 32] }).collect();
    for (step, settles) in [(EVERY, false), (SOME, true)] {
        let mut seen = Vec::new();
        let mut look = |word: [u8; 32]| {
            seen.push(word);
            Ok::<_, Lost>(word[31] & 1 == 1)
        };
        let holds = decoded.test(&[at, step], &mut |leaf| look(leaf.word.0)).expect("every path is there");
        let end = words.iter().position(|w| (w[31] & 1 == 1) == settles);
        assert_eq!(holds, if end.is_some() { settles } else { !settles }, "the answer of {step:x}");
        assert_eq!(seen, words[..end.map_or(words.len(), |end| end + 1)], "looking ends where the answer is settled");
    }
}

fn any_step(feed: &mut Feed<'_>) -> u16 {
    match feed.byte() {
        255 => EVERY,
        254 => SOME,
        253 => LENGTH,
        252 => u16::from_be_bytes(feed.array()),
        n => u16::from(n % 8),
    }
}

fn any_path(types: &[Ty], path: &[u16], decoded: &Decoded<'_>) {
    let mut odd = false;
    let seen = decoded.test(path, &mut |leaf| {
        odd |= Some(leaf.ty) != Ty::at(types, path);
        Ok::<_, Lost>(true)
    });
    assert!(!odd, "a value of another type than the path has");
    if Ty::at(types, path).is_some_and(|ty| ty.is_word() || matches!(ty, Ty::Bytes | Ty::String)) {
        assert_ne!(seen, Err(Lost::NoPath), "a path that leads to a value");
    }
}
