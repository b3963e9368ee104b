//! Numbers to bytes and back, little-endian.

/// Appends numbers.
#[derive(Debug, Default)]
pub(super) struct Bytes(pub Vec<u8>);

impl Bytes {
    pub fn whole(&mut self, x: u64) {
        self.0.extend(x.to_le_bytes());
    }

    pub fn real(&mut self, x: f64) {
        self.0.extend(x.to_le_bytes());
    }

    pub fn wholes(&mut self, x: &[u64]) {
        x.iter().for_each(|x| self.whole(*x));
    }
}

/// Takes them off again; `None` where there are too few.
#[derive(Debug)]
pub(super) struct Cursor<'a>(pub &'a [u8]);

impl Cursor<'_> {
    pub fn whole(&mut self) -> Option<u64> {
        let (first, rest) = self.0.split_first_chunk()?;
        self.0 = rest;
        Some(u64::from_le_bytes(*first))
    }

    pub fn real(&mut self) -> Option<f64> {
        self.whole().map(f64::from_bits)
    }

    pub fn fill(&mut self, x: &mut [u64]) -> Option<()> {
        x.iter_mut().try_for_each(|x| self.whole().map(|found| *x = found))
    }
}
