//! That whatever is done to a trail is found, and where.

use super::*;
use proptest::prelude::*;

type Trail = Vec<(Vec<u8>, Vec<u8>)>;

/// `n` lines, every third with an origin.
fn trail(n: u64) -> (Trail, Head) {
    let mut head = Head::default();
    let mut lines = Vec::new();
    for i in 1..=n {
        let origin = (i % 3 == 0).then(|| vec![7; 40]);
        let (next, bytes) = line(head, format!("{{\"n\":{i}}}").as_bytes(), origin.as_deref());
        lines.push((next.seq.to_be_bytes().to_vec(), bytes));
        head = next;
    }
    (lines, head)
}

fn verify(lines: &Trail, head: Head, noted: &[Head]) -> Result<Head, Broken> {
    let mut verifier = Verifier::new(noted);
    for (place, bytes) in lines {
        verifier.take(place, bytes)?;
    }
    verifier.finish(head)
}

fn renumber(lines: &mut Trail) {
    for (i, (place, _)) in (1u64..).zip(lines) {
        *place = i.to_be_bytes().to_vec();
    }
}

/// Computed by other means: `printf` and `sha256sum`.
#[test]
fn the_bytes_are_the_documented_ones() {
    let (first, bytes) = line(Head::default(), b"{}", None);
    let preimage = [DOMAIN, &[0; 32], &[0, 0, 0, 0, 0, 0, 0, 1], &[0, 0, 0, 2], b"{}", &[0]].concat();
    assert_eq!(first.link.0, Sha256::digest(&preimage).as_slice());
    assert_eq!(bytes, [&[1], first.link.0.as_slice(), &[0, 0, 0, 2], b"{}", &[0]].concat());
    assert_eq!(first.to_string(), "1:84078be210cb61ebba66d9815a0ca2c6046b04e7b4b6c3e8ae4da70600ea6338");
    let (second, bytes) = line(first, b"{}", Some(b"sealed"));
    assert_eq!(second.to_string(), "2:7546c5c63ebf31149640682d91e38aff7e515796020b40c80ea41afbfd3b95ee");
    assert_eq!(&bytes[bytes.len() - 6..], b"sealed");
    let read = Line::read(&bytes).unwrap();
    assert_eq!((read.link, read.event, read.origin), (second.link, b"{}".as_slice(), Some(b"sealed".as_slice())));
}

#[test]
fn a_head_has_one_spelling() {
    let (_, head) = trail(4);
    let text = head.to_string();
    assert_eq!(text.parse(), Ok(head));
    for bad in
        ["", "4", "4:", "x:00", &format!("0{text}"), &format!("+{text}"), &text.to_uppercase(), &format!("{text}0")]
    {
        assert_eq!(bad.parse::<Head>(), Err(NoHead), "{bad}");
    }
}

#[test]
fn what_is_wrong_is_named_with_its_place() {
    let (whole, head) = trail(9);
    let wrong = |change: &dyn Fn(&mut Trail)| {
        let mut lines = whole.clone();
        change(&mut lines);
        verify(&lines, head, &[]).map_err(|broken| (broken.seq, broken.wrong))
    };
    assert_eq!(wrong(&|_| ()), Ok(head));
    assert_eq!(wrong(&|lines| drop(lines.remove(3))), Err((4, Wrong::Missing)));
    assert_eq!(wrong(&|lines| lines.truncate(7)), Err((8, Wrong::Missing)));
    assert_eq!(wrong(&Vec::clear), Err((1, Wrong::Missing)));
    // The event, its length, its flag, the hash of the origin.
    for at in [38, 44, 45] {
        assert!(matches!(wrong(&|lines| lines[2].1[at] ^= 1), Err((3, Wrong::Changed | Wrong::Unreadable))), "{at}");
    }
    assert_eq!(wrong(&|lines| lines[2].1[50] ^= 1), Err((3, Wrong::Changed)));
    assert_eq!(wrong(&|lines| lines[4].1[40] ^= 1), Err((5, Wrong::Changed)));
    assert_eq!(wrong(&|lines| lines[8].1[40] ^= 1), Err((9, Wrong::Changed)));
    assert_eq!(wrong(&|lines| lines[4].1[5] ^= 1), Err((5, Wrong::Link)));
    assert_eq!(wrong(&|lines| lines[8].1[5] ^= 1), Err((9, Wrong::Link)));
    assert_eq!(wrong(&|lines| *lines[2].1.last_mut().unwrap() ^= 1), Err((3, Wrong::Origin)));
    assert_eq!(wrong(&|lines| lines[2].1[0] = 2), Err((3, Wrong::Unreadable)));
    assert_eq!(wrong(&|lines| lines[3].1.truncate(20)), Err((4, Wrong::Unreadable)));
    assert_eq!(wrong(&|lines| lines[0].1.push(0)), Err((1, Wrong::Unreadable)), "bytes after no origin");
    assert_eq!(wrong(&|lines| lines.insert(0, (vec![0; 8], vec![]))), Err((1, Wrong::Place)));
    assert_eq!(wrong(&|lines| lines[8].0.push(0)), Err((9, Wrong::Place)));
    let more = line(head, b"{}", None);
    assert_eq!(wrong(&|lines| lines.push((10u64.to_be_bytes().to_vec(), more.1.clone()))), Err((10, Wrong::Head)));
}

#[test]
fn a_line_that_lost_its_origin_is_the_same_line() {
    let (mut lines, head) = trail(9);
    for (_, bytes) in &mut lines {
        let bare = Line::read(bytes).unwrap().without_origin();
        *bytes = bare;
        assert_eq!(Line::read(bytes).unwrap().origin, None);
    }
    assert_eq!(verify(&lines, head, &[]), Ok(head));
}

/// Whoever writes the whole trail and its head anew is found by a head that was kept elsewhere, and by nothing else.
#[test]
fn a_head_kept_elsewhere_finds_a_trail_that_was_cut_or_made_anew() {
    let (lines, head) = trail(9);
    let (short, short_head) = trail(5);
    assert_eq!(verify(&short, short_head, &[]), Ok(short_head));
    assert_eq!(verify(&short, short_head, &[head]), Err(Broken { seq: 6, wrong: Wrong::Missing }));
    assert_eq!(verify(&lines, head, &[short_head, head, Head::default()]), Ok(head));
    let mut other = (Head::default(), Vec::new());
    let mut made = Vec::new();
    for _ in 0..9 {
        other = line(other.0, b"{\"other\":1}", None);
        made.push((other.0.seq.to_be_bytes().to_vec(), other.1.clone()));
    }
    assert_eq!(verify(&made, other.0, &[]), Ok(other.0));
    assert_eq!(verify(&made, other.0, &[short_head]), Err(Broken { seq: 5, wrong: Wrong::Noted }));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    /// One byte of one line; a line left out, twice, in another's place; the end cut off. With the lines numbered anew, too.
    #[test]
    fn no_single_change_goes_unfound(n in 1u64..12, what in 0u8..6, at in any::<prop::sample::Index>(), other in any::<prop::sample::Index>(), byte in any::<prop::sample::Index>(), bit in 0u8..8, anew in any::<bool>()) {
        let (whole, head) = trail(n);
        let mut lines = whole.clone();
        let (at, other) = (at.index(lines.len()), other.index(lines.len()));
        match what {
            0 => {
                let line = &mut lines[at].1;
                let byte = byte.index(line.len());
                line[byte] ^= 1 << bit;
            }
            1 => drop(lines.remove(at)),
            2 => lines.swap(at, other),
            3 => {
                let twice = lines[at].clone();
                lines.insert(other, twice);
            }
            4 => lines.truncate(at),
            _ => {
                let bytes = lines[other].1.clone();
                lines[at].1 = bytes;
            }
        }
        if anew {
            renumber(&mut lines);
        }
        prop_assume!(lines != whole);
        prop_assert!(verify(&lines, head, &[]).is_err());
    }

    #[test]
    fn whatever_bytes_there_are_nothing_panics(bytes in proptest::collection::vec(any::<u8>(), 0..120)) {
        if let Some(line) = Line::read(&bytes) {
            prop_assert_eq!(line.without_origin().len() + line.origin.map_or(0, <[u8]>::len), bytes.len());
        }
    }
}

#[test]
fn each_fault_has_its_code() {
    let all = [
        (Wrong::Missing, "line_missing"),
        (Wrong::Place, "line_misplaced"),
        (Wrong::Unreadable, "line_unreadable"),
        (Wrong::Changed, "line_changed"),
        (Wrong::Link, "link_changed"),
        (Wrong::Origin, "origin_changed"),
        (Wrong::Head, "head_mismatch"),
        (Wrong::Noted, "noted_mismatch"),
    ];
    assert!(all.iter().all(|(wrong, code)| wrong.code() == *code));
}
