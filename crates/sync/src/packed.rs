//! Lists that may be long: cut into parts that each fit a frame, and deflated.

use std::io::Read;

use flate2::{Compression, bufread::DeflateDecoder, write::DeflateEncoder};
use serde::{Serialize, de::DeserializeOwned};
use serde_bytes::ByteBuf;

use crate::cbor::{Unreadable, from_whole, to_cbor};

/// Bytes of a list that one part is filled to, before it is deflated: no live frame waits behind a longer one.
pub const PART_BYTES: usize = 256 * 1024;
/// Bytes that one part may inflate to: what goes alone because it is longer than a part, and far from what hurts.
pub const INFLATED_BYTES_MAX: u64 = 4 * 1024 * 1024;
/// Parts of one list at the most: every document of a county, several times.
pub const PARTS_MAX: u32 = 1_024;

/// A list in parts; of an empty one a single part. `weight`: about how many bytes an item has.
pub fn pack<T: Serialize>(items: &[T], weight: impl Fn(&T) -> usize) -> Vec<ByteBuf> {
    let mut parts = Vec::new();
    let mut rest = items;
    loop {
        let mut bytes = 0;
        let fits = |item: &&T| {
            bytes += weight(item);
            bytes <= PART_BYTES
        };
        let count = rest.iter().take_while(fits).count().max(1).min(rest.len());
        let (part, after) = rest.split_at(count);
        parts.push(ByteBuf::from(deflate(&to_cbor(&part))));
        rest = after;
        if rest.is_empty() {
            return parts;
        }
    }
}

/// One part's items.
pub fn unpack<T: DeserializeOwned>(part: &[u8]) -> Result<Vec<T>, Unreadable> {
    let mut inflated = Vec::new();
    let read = DeflateDecoder::new(part).take(INFLATED_BYTES_MAX + 1).read_to_end(&mut inflated);
    if read.is_err() || inflated.len() as u64 > INFLATED_BYTES_MAX {
        return Err(Unreadable);
    }
    from_whole(&inflated)
}

fn deflate(bytes: &[u8]) -> Vec<u8> {
    use std::io::Write;
    let mut encoder = DeflateEncoder::new(Vec::new(), Compression::default());
    // Writing to a Vec cannot fail.
    let _ = encoder.write_all(bytes);
    encoder.finish().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whatever_it_is_cut_into_it_is_the_same_list() {
        let words: Vec<String> = (0..3_000).map(|n| format!("{n} {}", "x".repeat(n % 700))).collect();
        let parts = pack(&words, String::len);
        assert!(parts.len() > 2, "{}", parts.len());
        let all: Vec<String> = parts.iter().flat_map(|part| unpack::<String>(part).unwrap()).collect();
        assert_eq!(all, words);
        assert_eq!(unpack::<String>(&pack::<String>(&[], String::len)[0]), Ok(Vec::new()));
        // One that is longer than a part goes alone.
        let long = ["a".to_owned(), "x".repeat(PART_BYTES * 2), "b".to_owned()];
        assert_eq!(pack(&long, String::len).len(), 3);
    }

    #[test]
    fn what_inflates_without_end_or_is_no_list_is_refused() {
        let bomb = deflate(&vec![0x80; 64 * 1024 * 1024]);
        assert!(bomb.len() < 100_000);
        for bytes in [bomb, deflate(&to_cbor(&7)), deflate(&[]), b"plain".to_vec(), Vec::new()] {
            assert_eq!(unpack::<String>(&bytes), Err(Unreadable));
        }
    }
}
