//! Values from the fuzzer's bytes. Where they end, zeros follow, which everywhere mean what is plain and ordinary.

/// The bytes that are left.
#[derive(Debug, Clone)]
pub struct Feed<'a>(pub &'a [u8]);

impl<'a> Feed<'a> {
    /// The next byte.
    pub fn byte(&mut self) -> u8 {
        let (first, rest) = self.0.split_first().unwrap_or((&0, &[]));
        self.0 = rest;
        *first
    }

    /// One in `n`; true only for a byte that is not 0.
    pub fn seldom(&mut self, n: u8) -> bool {
        self.byte() % n == n - 1
    }

    /// Below `n`; 0 where `n` is 0.
    pub fn below(&mut self, n: usize) -> usize {
        let byte = usize::from(self.byte());
        if n > 256 { (byte << 8 | usize::from(self.byte())) % n } else { byte.checked_rem(n).unwrap_or(0) }
    }

    /// One of a list.
    pub fn of<'t, T>(&mut self, list: &'t [T]) -> Option<&'t T> {
        let at = self.below(list.len());
        list.get(at)
    }

    /// The next bytes, filled up with zeros.
    pub fn array<const N: usize>(&mut self) -> [u8; N] {
        let mut out = [0; N];
        out.iter_mut().for_each(|slot| *slot = self.byte());
        out
    }

    /// At most `most` of the bytes left.
    pub fn bytes(&mut self, most: usize) -> &'a [u8] {
        let (head, rest) = self.0.split_at(most.min(self.0.len()));
        self.0 = rest;
        head
    }

    /// Everything up to a byte 0x0a, which is dropped, or the end.
    pub fn line(&mut self) -> &'a [u8] {
        let end = self.0.iter().position(|b| *b == b'\n').unwrap_or(self.0.len());
        let line = self.bytes(end);
        self.byte();
        line
    }
}
