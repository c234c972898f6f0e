//! CBOR, as frames, envelopes, rosters, records and facts are written: every room that writes or reads it does so here, with one bound
//! on how deep a value may nest.

use serde::{Serialize, de::DeserializeOwned};

/// How many levels a value may nest. Reading recurses, and the deepest that this house writes has five.
pub const DEPTH_MAX: usize = 16;

/// Not CBOR of the type asked for, or nested deeper than [`DEPTH_MAX`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a value of that kind")]
pub struct Unreadable;

/// CBOR of a value.
pub fn to_cbor<T: Serialize>(value: &T) -> Vec<u8> {
    to_cbor_in(Vec::new(), value)
}

/// The same, in a buffer that has room for it.
pub(crate) fn to_cbor_in<T: Serialize>(mut room: Vec<u8>, value: &T) -> Vec<u8> {
    // Writing to a Vec cannot fail, and every type here serialises.
    let _ = ciborium::into_writer(value, &mut room);
    room
}

/// A value from CBOR. What comes after it is left alone.
pub fn from_cbor<T: DeserializeOwned>(mut bytes: &[u8]) -> Result<T, Unreadable> {
    read(&mut bytes)
}

/// A value from bytes that hold it and nothing else.
pub fn from_whole<T: DeserializeOwned>(mut bytes: &[u8]) -> Result<T, Unreadable> {
    let value = read(&mut bytes)?;
    if bytes.is_empty() { Ok(value) } else { Err(Unreadable) }
}

fn read<T: DeserializeOwned>(bytes: &mut &[u8]) -> Result<T, Unreadable> {
    ciborium::de::from_reader_with_recursion_limit(bytes, DEPTH_MAX).map_err(|_| Unreadable)
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;

    use super::*;

    /// A list of such lists.
    #[derive(Debug, PartialEq, Deserialize)]
    struct Nest(Vec<Nest>);

    /// Lists in lists, so many.
    fn nested(levels: usize) -> Vec<u8> {
        [vec![0x81; levels - 1], vec![0x80]].concat()
    }

    #[test]
    fn a_value_may_nest_as_deep_as_the_limit_and_no_deeper() {
        let deepest = (1..=100).take_while(|levels| from_cbor::<Nest>(&nested(*levels)).is_ok()).last();
        assert!(deepest.is_some_and(|levels| (5..=DEPTH_MAX).contains(&levels)), "{deepest:?}");
        // Far beyond any stack.
        for levels in [DEPTH_MAX + 1, 200, 1_000_000] {
            assert_eq!(from_cbor::<Nest>(&nested(levels)), Err(Unreadable), "{levels}");
            assert_eq!(from_whole::<Nest>(&nested(levels)), Err(Unreadable), "{levels}");
        }
        // What a type passes over is read as well.
        #[derive(Debug, Deserialize)]
        struct Little {}
        let around = |inner: &[u8]| [&[0xa1, 0x61, b'x'][..], inner].concat();
        assert!(from_cbor::<Little>(&around(&nested(3))).is_ok());
        assert!(from_cbor::<Little>(&around(&nested(1_000_000))).is_err());
    }

    #[test]
    fn what_comes_after_a_value_is_left_alone_or_refused() {
        let bytes = [to_cbor(&7u8), vec![0]].concat();
        assert_eq!(from_cbor(&bytes), Ok(7u8));
        assert_eq!(from_whole::<u8>(&bytes), Err(Unreadable));
        assert_eq!(from_whole(&to_cbor(&"seven")), Ok("seven".to_owned()));
        assert_eq!(from_cbor::<String>(&[]), Err(Unreadable));
    }
}
