use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::Arc;

use ring::digest::{Context, SHA256, digest};
use ring::signature::{ED25519, UnparsedPublicKey};

use crate::limits::NUMBERS_MAX;
use crate::{Hash, Id, PublicKey, Refusal, Rules, Signature};

/// A signed run of consecutive changes of one actor in one document (its wire form is the transport's).
#[derive(Clone, PartialEq, Eq)]
pub struct Envelope {
    /// The document the changes belong to.
    pub doc: Id,
    /// Who wrote them: see [`actor_of`].
    pub actor: Id,
    /// What the actor is worked out from, beside its device, person and document. `None` in an envelope of version 1, whose actor is
    /// one of a number: see [`numbered_actor`].
    pub incarnation: Option<Id>,
    /// The number of the last change among the actor's, from 1.
    pub seq: u64,
    /// The hash of the last change.
    pub hash: Hash,
    /// The device that signed: see [`device_id`].
    pub device: Id,
    /// Ed25519 over [`statement`]. The incarnation is not in it: the actor, which is, holds to one.
    pub sig: Signature,
    /// Automerge change chunks, oldest first, one after the other.
    pub chunks: Vec<u8>,
}

impl fmt::Debug for Envelope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Envelope")
            .field("doc", &Hex(&self.doc))
            .field("actor", &Hex(&self.actor))
            .field("seq", &self.seq)
            .field("hash", &Hex(&self.hash))
            .field("device", &Hex(&self.device))
            .field("chunks_bytes", &self.chunks.len())
            .finish_non_exhaustive()
    }
}

/// What stands behind a device: its Ed25519 key and its person.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Author {
    /// The device's public key.
    pub key: PublicKey,
    /// The person who works on it.
    pub person: Id,
}

/// Who stands behind a device and what they may write in one document, as the roster and the document's rules say.
pub trait Authority {
    /// The author behind `device`, or nothing when the roster does not know it.
    fn author(&self, device: &Id) -> Option<Author>;

    /// The groups of that author in this document, as its rules name them. Without any, nothing new is let in.
    fn groups(&self, device: &Id) -> Vec<&str>;

    /// The document's rules.
    fn rules(&self) -> &Rules;

    /// Whether a person has let this change in although the rules refuse it. Nothing but the rules is waived by that.
    fn accepted(&self, change: &Hash) -> bool;

    /// Whether this is a change that carries the document's beginning on, and somebody on this device may make it: such a change
    /// is by the genesis's own actor, and everybody works out the same, so it is told by its hash alone.
    fn extends(&self, device: &Id, change: &Hash) -> bool;
}

/// An [`Authority`] that holds all of it.
#[derive(Debug, Clone, Default)]
pub struct Team {
    /// By device.
    pub authors: BTreeMap<Id, Author>,
    /// By person.
    pub groups: BTreeMap<Id, BTreeSet<String>>,
    /// The document's rules.
    pub rules: Arc<Rules>,
    /// Changes that a person has let in although the rules refuse them.
    pub accepted: BTreeSet<Hash>,
    /// The changes that carry the document's beginning on.
    pub extensions: BTreeSet<Hash>,
    /// The groups that make them.
    pub extenders: BTreeSet<String>,
}

impl Authority for Team {
    fn author(&self, device: &Id) -> Option<Author> {
        self.authors.get(device).copied()
    }

    fn groups(&self, device: &Id) -> Vec<&str> {
        let groups = self.authors.get(device).and_then(|author| self.groups.get(&author.person));
        groups.into_iter().flatten().map(String::as_str).collect()
    }

    fn rules(&self) -> &Rules {
        &self.rules
    }

    fn accepted(&self, change: &Hash) -> bool {
        self.accepted.contains(change)
    }

    fn extends(&self, device: &Id, change: &Hash) -> bool {
        self.extensions.contains(change) && self.groups(device).iter().any(|group| self.extenders.contains(*group))
    }
}

/// The bytes a device signs: `"openpep/envelope/1" ‖ doc ‖ actor ‖ seq (u64, big endian) ‖ hash`.
pub fn statement(doc: &Id, actor: &Id, seq: u64, hash: &Hash) -> Vec<u8> {
    [b"openpep/envelope/1", &doc[..], actor, &seq.to_be_bytes(), hash].concat()
}

/// The id of the device with this key: the first 16 bytes of SHA-256(`"openpep/device/1" ‖ key`).
pub fn device_id(key: &PublicKey) -> Id {
    first_half(digest(&SHA256, &[b"openpep/device/1", &key[..]].concat()).as_ref())
}

/// The actor of an author in a document: the first 16 bytes of
/// SHA-256(`"openpep/actor/2" ‖ doc ‖ key ‖ person ‖ incarnation`), the incarnation 16 bytes of chance.
pub fn actor_of(doc: &Id, author: &Author, incarnation: &Id) -> Id {
    first_half(
        digest(&SHA256, &[b"openpep/actor/2", &doc[..], &author.key, &author.person, incarnation].concat()).as_ref(),
    )
}

/// The actor of an author in a document as envelopes of version 1 have it, which do not name their incarnation: the first 16 bytes of
/// SHA-256(`"openpep/actor/1" ‖ doc ‖ key ‖ person ‖ number (u32, big endian)`).
pub fn numbered_actor(doc: &Id, author: &Author, number: u32) -> Id {
    numbered(&actor_prefix(doc, author), number)
}

/// Whether an actor of a document is one of this author's first `most` of version 1.
pub(crate) fn is_numbered(doc: &Id, actor: &Id, author: &Author, most: u32) -> bool {
    let prefix = actor_prefix(doc, author);
    (0..most).any(|number| numbered(&prefix, number) == *actor)
}

/// Which of these actors of a document, all of version 1, are whose: for actors that were let in before it was kept who stands behind
/// them. Looks as far as the gate does, and no further than it takes to find all of them.
pub fn authors_of(doc: &Id, actors: impl IntoIterator<Item = Id>, authors: &[Author]) -> BTreeMap<Id, Author> {
    let mut wanted: BTreeSet<Id> = actors.into_iter().collect();
    let prefixes = authors.iter().map(|author| (author, actor_prefix(doc, author)));
    let prefixes: Vec<(&Author, Context)> = prefixes.collect();
    let mut found = BTreeMap::new();
    for number in 0..NUMBERS_MAX {
        if wanted.is_empty() {
            break;
        }
        for (author, prefix) in &prefixes {
            let actor = numbered(prefix, number);
            if wanted.remove(&actor) {
                found.insert(actor, **author);
            }
        }
    }
    found
}

/// The author behind a statement, if the roster knows the device and its signature fits.
pub(crate) fn signed_by(
    statement: &[u8],
    device: &Id,
    sig: &Signature,
    authority: &dyn Authority,
) -> Result<Author, Refusal> {
    let author = authority.author(device).ok_or(Refusal::Device)?;
    if device_id(&author.key) != *device {
        return Err(Refusal::Device);
    }
    UnparsedPublicKey::new(&ED25519, author.key).verify(statement, sig).map_err(|_| Refusal::Signature)?;
    Ok(author)
}

pub(crate) struct Hex<'a>(pub(crate) &'a [u8]);

impl fmt::Debug for Hex<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

fn actor_prefix(doc: &Id, author: &Author) -> Context {
    let mut prefix = Context::new(&SHA256);
    prefix.update(&[b"openpep/actor/1", &doc[..], &author.key, &author.person].concat());
    prefix
}

fn numbered(prefix: &Context, number: u32) -> Id {
    let mut whole = prefix.clone();
    whole.update(&number.to_be_bytes());
    first_half(whole.finish().as_ref())
}

/// SHA-256 has 32 bytes, so the zip fills the id.
fn first_half(digest: &[u8]) -> Id {
    let mut id = [0; 16];
    id.iter_mut().zip(digest).for_each(|(to, from)| *to = *from);
    id
}
