use gate::Id;
use ring::digest::{SHA256, digest};

/// Chance that was given once, and as much as is ever drawn from it.
pub(in crate::device) struct Chance([u8; 32]);

impl Chance {
    /// From 16 bytes of chance.
    pub(in crate::device) fn new(given: Id) -> Chance {
        Chance(spread(b"openpep/chance/1", &given))
    }

    /// 16 bytes that nobody had before.
    pub(in crate::device) fn draw(&mut self) -> Id {
        let drawn = spread(b"openpep/chance/drawn", &self.0);
        self.0 = spread(b"openpep/chance/next", &self.0);
        drawn.first_chunk().copied().unwrap_or_default()
    }
}

fn spread(tag: &[u8], given: &[u8]) -> [u8; 32] {
    let mut whole = [0; 32];
    // SHA-256 has 32 bytes, so the zip fills them.
    whole.iter_mut().zip(digest(&SHA256, &[tag, given].concat()).as_ref()).for_each(|(to, from)| *to = *from);
    whole
}
