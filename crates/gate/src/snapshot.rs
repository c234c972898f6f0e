use std::collections::BTreeMap;
use std::fmt;

use automerge::{Automerge, Change, LoadOptions, TextEncoding};

use crate::envelope::{Author, Authority, signed_by, statement};
use crate::form::calmly;
use crate::judge::Judge;
use crate::{Hash, Id, Index, Refusal, Signature, scan};

/// The newest signature of one actor in a snapshot.
#[derive(Clone, PartialEq, Eq)]
pub struct Tip {
    /// Who wrote.
    pub actor: Id,
    /// The incarnation that the actor is of, as in an envelope.
    pub incarnation: Option<Id>,
    /// The number of the actor's newest change in the snapshot.
    pub seq: u64,
    /// Its hash.
    pub hash: Hash,
    /// The device that signed.
    pub device: Id,
    /// Ed25519 over [`statement`].
    pub sig: Signature,
}

impl fmt::Debug for Tip {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        use crate::envelope::Hex;
        f.debug_struct("Tip")
            .field("actor", &Hex(&self.actor))
            .field("seq", &self.seq)
            .field("hash", &Hex(&self.hash))
            .field("device", &Hex(&self.device))
            .finish_non_exhaustive()
    }
}

/// A document whose every change passed the gate.
pub struct AdmittedDocument {
    document: Automerge,
    heads: Vec<Hash>,
}

impl AdmittedDocument {
    /// The document, counting text in UTF-16. Its actor is a random one: set one's own before writing.
    pub fn into_document(self) -> Automerge {
        self.document
    }

    /// Its heads, sorted.
    pub fn heads(&self) -> &[Hash] {
        &self.heads
    }
}

impl fmt::Debug for AdmittedDocument {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AdmittedDocument").field("heads", &self.heads.len()).finish_non_exhaustive()
    }
}

/// Admits a whole document, the short way to join: a saved document, or the genesis change alone.
///
/// Every change in it passes the same checks as in an envelope, the author's rights too, and for each actor one of `tips`
/// must be that actor's newest change, signed by their device. The saved document itself is not kept: its operations carry an order of
/// their own that no hash covers, so the document handed out is built anew from the changes.
pub fn admit_snapshot(
    doc: &Id,
    bytes: &[u8],
    genesis: &[u8],
    tips: &[Tip],
    authority: &dyn Authority,
) -> Result<(Index, AdmittedDocument), Refusal> {
    let changes = if scan::looks_like_change(bytes) {
        let outline = scan::change(bytes)?;
        vec![calmly(|| Change::try_from(outline.chunk.as_slice()).ok()).flatten().ok_or(Refusal::Decode)?]
    } else {
        scan::document(bytes)?;
        let options = LoadOptions::new().text_encoding(TextEncoding::Utf16CodeUnit);
        calmly(|| Some(Automerge::load_with_options(bytes, options).ok()?.get_changes(&[])))
            .flatten()
            .ok_or(Refusal::Decode)?
    };
    let (mut index, rest) = begin(&changes, genesis)?;

    // Who wrote is settled first, for what they may write depends on it.
    let mut newest: BTreeMap<Id, (u64, Hash)> = BTreeMap::new();
    for change in rest {
        let actor = change.actor_id().to_bytes().try_into().map_err(|_| Refusal::Tip)?;
        let tip = newest.entry(actor).or_default();
        *tip = (change.seq(), change.hash().0).max(*tip);
    }
    let tips: BTreeMap<(Id, u64, Hash), &Tip> = tips.iter().map(|tip| ((tip.actor, tip.seq, tip.hash), tip)).collect();
    let mut authors: BTreeMap<Id, (Author, Option<Id>, Judge<'_>)> = BTreeMap::new();
    let mut carried_on_by = None;
    for (actor, (seq, hash)) in newest {
        let tip = tips.get(&(actor, seq, hash)).ok_or(Refusal::Tip)?;
        let author = signed_by(&statement(doc, &actor, seq, &hash), &tip.device, &tip.sig, authority)?;
        match index.is_beginning(&actor) {
            true => carried_on_by = Some(tip.device),
            false => index.check_author(doc, &actor, &author, tip.incarnation)?,
        }
        authors.insert(actor, (author, tip.incarnation, Judge::new(authority, &tip.device, &author)));
    }
    for change in rest {
        let outline = scan::change(change.raw_bytes())?;
        if index.is_beginning(&outline.actor) {
            let device = carried_on_by.ok_or(Refusal::Tip)?;
            if !authority.extends(&device, &outline.hash) {
                return Err(Refusal::Actor);
            }
            index.add(&outline, None)?;
            continue;
        }
        let (.., judge) = authors.get_mut(&outline.actor).ok_or(Refusal::Tip)?;
        index.add(&outline, Some(judge))?;
    }
    for (actor, (author, incarnation, _)) in authors {
        index.bind(&actor, author, incarnation);
    }

    let document = calmly(|| {
        let mut document = Automerge::new_with_encoding(TextEncoding::Utf16CodeUnit);
        document.apply_changes(changes).ok()?;
        Some(document)
    })
    .flatten()
    .ok_or(Refusal::Decode)?;
    let heads = index.heads();
    match document.get_heads().iter().map(|head| head.0).eq(heads.iter().copied()) {
        true => Ok((index, AdmittedDocument { document, heads })),
        false => Err(Refusal::Decode),
    }
}

/// Rebuilds an index from a document already in one's own store. Authors are learnt again from the next envelopes.
pub fn reindex(document: &Automerge, genesis: &[u8]) -> Result<Index, Refusal> {
    let changes = calmly(|| document.get_changes(&[])).ok_or(Refusal::Decode)?;
    let (mut index, rest) = begin(&changes, genesis)?;
    for change in rest {
        index.add(&scan::change(change.raw_bytes())?, None)?;
    }
    Ok(index)
}

/// The index of the genesis, which comes first of changes in causal order, and the others.
fn begin<'a>(changes: &'a [Change], genesis: &[u8]) -> Result<(Index, &'a [Change]), Refusal> {
    let index = Index::new(genesis)?;
    match changes.split_first() {
        Some((first, rest)) if first.hash().0 == index.genesis() => Ok((index, rest)),
        _ => Err(Refusal::Genesis { what: "the document has another beginning" }),
    }
}
