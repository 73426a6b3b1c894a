//! ERC-6492: a signature with what makes its account ready to be asked.

use super::WalletError;
use super::reader::Prepare;
use alloy_primitives::{Address, B256, Bytes, U256, b256};

/// What such a signature ends in. No signature of a key does: its last byte is no `v`.
pub const MAGIC: B256 = b256!("0x6492649264926492649264926492649264926492649264926492649264926492");

/// `abi.encode(address to, bytes data, bytes signature) || MAGIC`, taken apart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Wrapper {
    pub prepare: Prepare,
    pub signature: Bytes,
}

impl Wrapper {
    /// `None` where it is not wrapped.
    pub(super) fn of(signature: &[u8]) -> Result<Option<Self>, WalletError> {
        match signature.strip_suffix(MAGIC.as_slice()) {
            None => Ok(None),
            Some(body) => Self::decode(body).map(Some).ok_or(WalletError::Wrapper),
        }
    }

    /// One encoding of each value is read: an address without dirt, each part where it must stand, zeros up to the next word,
    /// nothing after the end.
    fn decode(body: &[u8]) -> Option<Self> {
        let to = word(body, 0)?;
        if to.get(..12)?.iter().any(|b| *b != 0) {
            return None;
        }
        let (data, next) = bytes(body, 1, 96)?;
        let (signature, end) = bytes(body, 2, next)?;
        let to = Address::from_slice(to.get(12..)?);
        (end == body.len()).then(|| Self {
            prepare: Prepare { to, data: Bytes::copy_from_slice(data) },
            signature: Bytes::copy_from_slice(signature),
        })
    }
}

fn word(body: &[u8], at: usize) -> Option<&[u8]> {
    body.get(at..at.checked_add(32)?)
}

fn number(body: &[u8], at: usize) -> Option<usize> {
    usize::try_from(U256::from_be_slice(word(body, at)?)).ok()
}

/// The `bytes` to which the word `head` of the first three points, which must be `at`, and where the next part begins.
fn bytes(body: &[u8], head: usize, at: usize) -> Option<(&[u8], usize)> {
    if number(body, head * 32)? != at {
        return None;
    }
    let (start, length) = (at.checked_add(32)?, number(body, at)?);
    let end = start.checked_add(length)?;
    let next = end.checked_next_multiple_of(32)?;
    let padding = body.get(end..next)?;
    padding.iter().all(|b| *b == 0).then_some((body.get(start..end)?, next))
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use proptest::prelude::*;

    /// As every library writes it.
    pub(in crate::wallet) fn wrapped(to: Address, data: &[u8], signature: &[u8]) -> Vec<u8> {
        let part = |bytes: &[u8]| {
            let mut out = U256::from(bytes.len()).to_be_bytes::<32>().to_vec();
            out.extend(bytes);
            out.resize(out.len().next_multiple_of(32), 0);
            out
        };
        let (data, signature) = (part(data), part(signature));
        let at = |place: usize| U256::from(place).to_be_bytes::<32>().to_vec();
        [to.into_word().to_vec(), at(96), at(96 + data.len()), data, signature, MAGIC.to_vec()].concat()
    }

    #[test]
    fn what_is_not_wrapped_is_left_as_it_is() {
        for plain in [&[][..], &[0x92; 65], &MAGIC[1..], &[MAGIC.as_slice(), &[0]].concat()] {
            assert_eq!(Wrapper::of(plain), Ok(None));
        }
    }

    #[test]
    fn a_wrapper_has_one_encoding() {
        let to = Address::repeat_byte(0x11);
        let good = wrapped(to, &[1, 2, 3], &[9; 65]);
        let read = Wrapper::of(&good).unwrap().unwrap();
        assert_eq!((read.prepare.to, read.prepare.data.as_ref()), (to, &[1, 2, 3][..]));
        assert_eq!(read.signature.as_ref(), [9; 65]);
        // Every byte counts: a change of one of them is another wrapper, or none.
        let body = good.len() - 32;
        for place in 0..body {
            let mut bad = good.clone();
            bad[place] ^= 0x80;
            let within = matches!(place, 12..=31 | 128..=130 | 192..=256);
            assert_eq!(Wrapper::of(&bad).is_ok(), within, "{place}");
        }
        let mut longer = good.clone();
        longer.splice(body..body, [0; 32]);
        assert_eq!(Wrapper::of(&longer), Err(WalletError::Wrapper));
        assert_eq!(Wrapper::of(MAGIC.as_slice()), Err(WalletError::Wrapper));
        let mut huge = good;
        huge[32..64].fill(0xff);
        assert_eq!(Wrapper::of(&huge), Err(WalletError::Wrapper));
    }

    proptest! {
        #[test]
        fn what_is_wrapped_is_unwrapped(
            to: [u8; 20],
            data in proptest::collection::vec(any::<u8>(), 0..200),
            signature in proptest::collection::vec(any::<u8>(), 0..200),
        ) {
            let read = Wrapper::of(&wrapped(to.into(), &data, &signature)).unwrap().unwrap();
            prop_assert_eq!(read.prepare, Prepare { to: to.into(), data: data.into() });
            prop_assert_eq!(read.signature, Bytes::from(signature));
        }

        #[test]
        fn no_bytes_panic(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
            let _ = Wrapper::of(&[bytes.as_slice(), MAGIC.as_slice()].concat());
        }
    }
}
