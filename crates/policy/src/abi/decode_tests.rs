use super::super::Function;
use super::*;
use alloy_primitives::hex;

fn types(text: &str) -> Vec<Ty> {
    Function::parse(text).unwrap().types
}

fn words(list: &[&str]) -> Vec<u8> {
    list.iter().flat_map(|w| hex::decode(format!("{w:0>64}")).unwrap()).collect()
}

fn right(text: &str) -> Vec<u8> {
    hex::decode(format!("{text:0<64}")).unwrap()
}

/// `f((address to, bytes data)[] calls, uint8 n)` with two calls, of 1 and of 33 bytes.
fn nested() -> Vec<u8> {
    let mut out = words(&["40", "7", "2", "40", "c0"]);
    out.extend(words(&["aa", "40", "1"]));
    out.extend(right("01"));
    out.extend(words(&["bb", "40", "21"]));
    out.extend(right(&"11".repeat(32)));
    out.extend(right("12"));
    out
}

#[test]
fn what_one_byte_changes_is_refused_or_another_value() {
    let types = types("f((address to,bytes data)[] calls,uint8 n)");
    let good = nested();
    let read = Decoded::new(&types, &good).map(|d| d.values());
    assert_eq!(read.and_then(|values| super::super::encode::encode(&types, &values)), Some(good.clone()));
    for len in 0..good.len() {
        assert!(Decoded::new(&types, &good[..len]).is_none(), "{len} bytes");
    }
    for i in 0..good.len() {
        for bit in 0..8 {
            let mut data = good.clone();
            data[i] ^= 1 << bit;
            let read = |d: &Decoded<'_>, path: &[u16]| d.one(path).map(|l| l.word);
            let Some(d) = Decoded::new(&types, &data) else { continue };
            let old = Decoded::new(&types, &good).unwrap();
            let paths: [&[u16]; 5] = [&[0, 0, 0], &[0, 0, 1], &[0, 1, 0], &[0, 1, 1], &[1]];
            assert!(
                paths.iter().any(|p| read(&d, p) != read(&old, p)),
                "byte {i} bit {bit} changes nothing that is read"
            );
        }
    }
    let mut long = good;
    long.extend([0; 32]);
    assert!(Decoded::new(&types, &long).is_none());
}

#[test]
fn every_and_some_as_the_prose_has_them() {
    let types = types("f((address to,bytes data)[] calls,uint8 n)");
    let data = nested();
    let d = Decoded::new(&types, &data).unwrap();
    let holds = |path: &[u16], values: &[u64]| {
        d.test(path, &mut |l| Ok::<bool, Lost>(values.iter().any(|v| l.word.uint() == U256::from(*v))))
    };
    assert_eq!(holds(&[0, EVERY, 0], &[0xaa, 0xbb]), Ok(true));
    assert_eq!(holds(&[0, EVERY, 0], &[0xaa]), Ok(false));
    assert_eq!(holds(&[0, SOME, 0], &[0xbb]), Ok(true));
    assert_eq!(holds(&[0, SOME, 0], &[0xcc]), Ok(false));
    assert_eq!(holds(&[0, 2, 0], &[0xaa]), Err(Lost::NoElement));
    assert_eq!((holds(&[0, LENGTH], &[2]), holds(&[0, SOME, 1, LENGTH], &[33])), (Ok(true), Ok(true)));
    assert_eq!(holds(&[0, 0, 0, LENGTH], &[0]), Err(Lost::NoPath));
    assert_eq!(holds(&[0, 0], &[0xaa]), Err(Lost::NoPath));
    let empty = words(&["40", "7", "0"]);
    let d = Decoded::new(&types, &empty).unwrap();
    let never = &mut |_: Leaf<'_>| Ok::<bool, Lost>(false);
    assert_eq!((d.test(&[0, EVERY, 0], never), d.test(&[0, SOME, 0], never)), (Ok(true), Ok(false)));
}

#[test]
fn a_content_is_hashed_once_and_a_few_are_remembered() {
    let types = types("f(string[] s)");
    let count = REMEMBERED + 3;
    let text = |i: usize| Value::Bytes(format!("{i}").into_bytes());
    let data = super::super::encode::encode(&types, &[Value::List((0..count).map(text).collect())]).unwrap();
    let hashes = Hashes::default();
    let d = Decoded::new(&types, &data).map(|d| d.remembering(&hashes)).unwrap();
    let at = |i: usize| d.one(&[0, u16::try_from(i).unwrap()]).unwrap().word;
    for i in (0..count).chain(0..count) {
        assert_eq!(at(i), Word(keccak256(format!("{i}")).0));
    }
    assert_eq!(hashes.0.borrow().len(), REMEMBERED);
    let again = Hashes::default();
    let d = d.remembering(&again);
    assert!(d.one(&[0, 1]).is_ok() && d.one(&[0, 1]).is_ok());
    assert_eq!(again.0.borrow().len(), 1);
}

#[test]
fn absurd_sizes_end_at_once() {
    for text in ["f(uint256[65535][65535][65535][65535][65535])", "f(bytes[65535][65535][65535])", "f(uint8[][][][])"] {
        let types = types(text);
        assert!(Decoded::new(&types, &words(&["20"])).is_none());
        assert!(Decoded::new(&types, &words(&["20", &"f".repeat(64)])).is_none());
        assert!(Decoded::new(&types, &words(&["20", "ffffffffffffffff"])).is_none());
    }
}

#[test]
fn values_of_every_kind_are_copied_out() {
    let types = types("f(uint8[2] a,(bool b,string s)[2] c,bytes3[1][] d,int16 e)");
    let word = |n: u64| Value::Word(Word::from_uint(U256::from(n)));
    let pair = |n: u64, text: &str| Value::List(vec![word(n), Value::Bytes(text.into())]);
    let values = vec![
        Value::List(vec![word(3), word(4)]),
        Value::List(vec![pair(1, "one"), pair(0, "")]),
        Value::List(vec![Value::List(vec![word(0)]), Value::List(vec![word(0)])]),
        word(5),
    ];
    let data = super::super::encode::encode(&types, &values).unwrap();
    assert_eq!(Decoded::new(&types, &data).map(|d| d.values()), Some(values));
}

#[test]
fn the_longest_row_has_no_length_and_no_element_behind_what_an_index_can_say() {
    let types = types("f(uint8[65535] a)");
    let data = vec![0; 32 * 65535];
    let d = Decoded::new(&types, &data).unwrap();
    let read = |step| d.one(&[0, step]).map(|leaf| leaf.word.uint());
    assert_eq!(read(LENGTH - 1), Ok(U256::ZERO));
    assert_eq!(read(LENGTH), Err(Lost::NoElement));
}
