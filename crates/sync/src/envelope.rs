//! The envelope as it travels, and how a device signs one: `[2, doc, actor, incarnation, seq, hash, deviceId, sig, chunks]`, and
//! without the incarnation `[1, doc, actor, seq, hash, deviceId, sig, chunks]`, as earlier programs wrote it.

use std::fmt;

use gate::{Envelope, Hash, Id};
use ring::signature::Ed25519KeyPair;
use serde::{
    Deserialize, Deserializer, Serialize, Serializer,
    de::{Error as _, IgnoredAny, SeqAccess, Visitor},
    ser::SerializeTuple,
};
use serde_bytes::{ByteArray, ByteBuf, Bytes};

use crate::{
    cbor::{from_whole, to_cbor_in},
    frame::ENVELOPE_BYTES_MAX,
};

/// In front of an envelope that does not name its incarnation.
const NUMBERED: u8 = 1;
/// In front of one that does.
const NAMED: u8 = 2;

/// An [`Envelope`] in a frame or a journal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wire(pub Envelope);

/// Signs `chunks`, whose last change has `seq` and `hash`, as `device`. The signature covers the whole chain, since
/// each change's hash covers the one before it. The envelope names no incarnation yet: whoever has one puts it in.
pub fn sign(key: &Ed25519KeyPair, device: Id, doc: Id, actor: Id, seq: u64, hash: Hash, chunks: Vec<u8>) -> Envelope {
    let sig = crate::identity::sign(key, &gate::statement(&doc, &actor, seq, &hash));
    Envelope { doc, actor, incarnation: None, seq, hash, device, sig, chunks }
}

impl Wire {
    /// Bytes of one envelope by itself, as journals keep them.
    pub fn encode(&self) -> Vec<u8> {
        to_cbor_in(Vec::with_capacity(self.0.chunks.len() + 192), self)
    }

    /// Reads one envelope by itself. `None` where the bytes are not exactly one.
    pub fn decode(bytes: &[u8]) -> Option<Wire> {
        from_whole(bytes).ok()
    }

    /// Bytes it takes in a frame, about.
    pub fn weight(&self) -> usize {
        self.0.chunks.len() + 192
    }
}

impl Serialize for Wire {
    fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        let e = &self.0;
        let mut array = s.serialize_tuple(if e.incarnation.is_some() { 9 } else { 8 })?;
        array.serialize_element(if e.incarnation.is_some() { &NAMED } else { &NUMBERED })?;
        array.serialize_element(Bytes::new(&e.doc))?;
        array.serialize_element(Bytes::new(&e.actor))?;
        if let Some(incarnation) = &e.incarnation {
            array.serialize_element(Bytes::new(incarnation))?;
        }
        array.serialize_element(&e.seq)?;
        array.serialize_element(Bytes::new(&e.hash))?;
        array.serialize_element(Bytes::new(&e.device))?;
        array.serialize_element(Bytes::new(&e.sig))?;
        array.serialize_element(Bytes::new(&e.chunks))?;
        array.end()
    }
}

impl<'de> Deserialize<'de> for Wire {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Wire, D::Error> {
        d.deserialize_seq(Reader)
    }
}

struct Reader;

impl<'de> Visitor<'de> for Reader {
    type Value = Wire;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an envelope")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut array: A) -> Result<Wire, A::Error> {
        fn next<'de, T: Deserialize<'de>, A: SeqAccess<'de>>(array: &mut A) -> Result<T, A::Error> {
            array.next_element()?.ok_or_else(|| A::Error::custom("an envelope that is cut short"))
        }
        fn bytes<'de, const N: usize, A: SeqAccess<'de>>(array: &mut A) -> Result<[u8; N], A::Error> {
            next::<ByteArray<N>, A>(array).map(ByteArray::into_array)
        }
        let version: u8 = next(&mut array)?;
        if ![NUMBERED, NAMED].contains(&version) {
            return Err(A::Error::custom("an envelope of another version"));
        }
        let (doc, actor) = (bytes(&mut array)?, bytes(&mut array)?);
        let incarnation = if version == NAMED { Some(bytes(&mut array)?) } else { None };
        let (seq, hash) = (next(&mut array)?, bytes(&mut array)?);
        let (device, sig) = (bytes(&mut array)?, bytes(&mut array)?);
        let chunks = next::<ByteBuf, A>(&mut array)?.into_vec();
        if chunks.len() > ENVELOPE_BYTES_MAX {
            return Err(A::Error::custom("an envelope over the limit"));
        }
        if array.next_element::<IgnoredAny>()?.is_some() {
            return Err(A::Error::custom("an envelope with something behind it"));
        }
        Ok(Wire(Envelope { doc, actor, incarnation, seq, hash, device, sig, chunks }))
    }
}
