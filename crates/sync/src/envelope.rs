//! The envelope as it travels: `[1, doc, actor, seq, hash, deviceId, sig, chunks]`, and how a device signs one.

use gate::{Envelope, Hash, Id, Signature};
use ring::signature::Ed25519KeyPair;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};
use serde_bytes::{ByteArray, Bytes};

use crate::{
    cbor::{from_whole, to_cbor_in},
    frame::ENVELOPE_BYTES_MAX,
};

/// Version in front of every envelope.
const VERSION: u8 = 1;

/// An [`Envelope`] in a frame or a journal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wire(pub Envelope);

/// Signs `chunks`, whose last change has `seq` and `hash`, as `device`. The signature covers the whole chain, since
/// each change's hash covers the one before it.
pub fn sign(key: &Ed25519KeyPair, device: Id, doc: Id, actor: Id, seq: u64, hash: Hash, chunks: Vec<u8>) -> Envelope {
    let mut sig: Signature = [0; 64];
    // An Ed25519 signature has 64 bytes by definition.
    sig.copy_from_slice(key.sign(&gate::statement(&doc, &actor, seq, &hash)).as_ref());
    Envelope { doc, actor, seq, hash, device, sig, chunks }
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

type Borrowed<'a> = (u8, &'a Bytes, &'a Bytes, u64, &'a Bytes, &'a Bytes, &'a Bytes, &'a Bytes);
type Owned = (u8, ByteArray<16>, ByteArray<16>, u64, ByteArray<32>, ByteArray<16>, ByteArray<64>, serde_bytes::ByteBuf);

impl Serialize for Wire {
    fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        let e = &self.0;
        let tuple: Borrowed<'_> = (
            VERSION,
            Bytes::new(&e.doc),
            Bytes::new(&e.actor),
            e.seq,
            Bytes::new(&e.hash),
            Bytes::new(&e.device),
            Bytes::new(&e.sig),
            Bytes::new(&e.chunks),
        );
        tuple.serialize(s)
    }
}

impl<'de> Deserialize<'de> for Wire {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Wire, D::Error> {
        let (version, doc, actor, seq, hash, device, sig, chunks) = Owned::deserialize(d)?;
        if version != VERSION {
            return Err(D::Error::custom("an envelope of another version"));
        }
        if chunks.len() > ENVELOPE_BYTES_MAX {
            return Err(D::Error::custom("an envelope over the limit"));
        }
        Ok(Wire(Envelope {
            doc: doc.into_array(),
            actor: actor.into_array(),
            seq,
            hash: hash.into_array(),
            device: device.into_array(),
            sig: sig.into_array(),
            chunks: chunks.into_vec(),
        }))
    }
}
