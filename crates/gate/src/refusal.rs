use crate::Hash;

/// Why something was not admitted. Never holds plan content: codes, counts, positions and hashes only.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Refusal {
    /// Larger than a limit of [`crate::limits`]. Usual cause: work that should have been sent in several envelopes.
    #[error("{what} is over the limit of {limit}; the program that wrote it has to send it in smaller pieces")]
    Size {
        /// What was too large.
        what: &'static str,
        /// The limit, in the unit `what` names.
        limit: u64,
    },
    /// Not in the form this crate reads, or of a kind it does not accept. Usual cause: another program, or damage.
    #[error("{what}; the program that wrote it has to be corrected or updated")]
    Form {
        /// What is wrong with it.
        what: &'static str,
    },
    /// The bytes do not match their own checksum. Usual cause: damage on the way.
    #[error("the bytes were damaged on the way; whoever sent them has to send them again")]
    Checksum,
    /// Automerge cannot decode it although its outline is right.
    #[error("the change cannot be decoded; the program that wrote it has to be corrected or updated")]
    Decode,
    /// Decodes, but Automerge itself would have written other bytes: stored, it would come back under another hash.
    #[error("the change is not in the one encoding that can be stored; the program that wrote it has to be updated")]
    Canonical,
    /// Builds on changes that are not known here. Nobody's fault: ask for them, then try again.
    #[error("it builds on {} change(s) not known here; ask the sender for them and try again", .hashes.len())]
    Missing {
        /// The unknown changes, sorted.
        hashes: Vec<Hash>,
    },
    /// The author's numbering has a gap.
    #[error("the author's change {got} cannot follow change {have}; the author's device has to send those between")]
    Sequence {
        /// The newest number known here, 0 for none.
        have: u64,
        /// The number that came.
        got: u64,
    },
    /// The author's device used one number for two different changes. Usual cause: a restored backup or a copied disk.
    #[error(
        "the author's change {seq} is known here with other content; the author's device has to start anew under its next incarnation"
    )]
    Equivocation {
        /// The number used twice.
        seq: u64,
    },
    /// The change does not name the author's previous one among its dependencies, so no signature would cover that.
    #[error(
        "the author's change {seq} does not build on their change before it; the author's program has to be corrected"
    )]
    Chain {
        /// The number of the change.
        seq: u64,
    },
    /// An operation refers to something that its change cannot have seen, or that is not what it takes it for.
    #[error("operation {op} of the author's change {seq}: {what}; the author's program has to be corrected")]
    Causality {
        /// The number of the change.
        seq: u64,
        /// Position of the operation in the change, from 0.
        op: u64,
        /// What is wrong with it.
        what: &'static str,
    },
    /// Another beginning of the document than the expected one, or a write that would replace a part of it.
    #[error(
        "{what}; the author's program has to start from this document's own beginning and leave its parts in place"
    )]
    Genesis {
        /// What is wrong.
        what: &'static str,
    },
    /// The rules of the document do not let the author write there. Usual cause: their part in it has ended, or is another.
    #[error(
        "the author may not write {}; somebody who may has to write it, or let the change in", .place.as_deref().unwrap_or("there")
    )]
    Right {
        /// The number of the change.
        seq: u64,
        /// Position of the operation in the change, from 0.
        op: u64,
        /// Where: as much of the place as the rules themselves spell out, never a word of the change.
        place: Option<String>,
    },
    /// The roster knows no such device, or knows it with another key.
    #[error("the device is not on the roster; the people who run the relay can enrol it")]
    Device,
    /// The actor does not belong to this device and person in this document.
    #[error("the changes do not belong to the device that sent them; the author's device has to send them itself")]
    Actor,
    /// The signature does not cover the changes.
    #[error("the signature does not fit the changes; the author's device has to sign and send them again")]
    Signature,
    /// A snapshot holds changes of an actor whose newest one no given tip covers.
    #[error("the snapshot has changes that no signature covers; ask for the log of this document")]
    Tip,
}

impl Refusal {
    /// A short, stable word for the wire and for counting.
    pub fn code(&self) -> &'static str {
        match self {
            Refusal::Size { .. } => "size",
            Refusal::Form { .. } => "form",
            Refusal::Checksum => "checksum",
            Refusal::Decode => "decode",
            Refusal::Canonical => "canonical",
            Refusal::Missing { .. } => "missing",
            Refusal::Sequence { .. } => "sequence",
            Refusal::Equivocation { .. } => "equivocation",
            Refusal::Chain { .. } => "chain",
            Refusal::Causality { .. } => "causality",
            Refusal::Genesis { .. } => "genesis",
            Refusal::Right { .. } => "right",
            Refusal::Device => "device",
            Refusal::Actor => "actor",
            Refusal::Signature => "signature",
            Refusal::Tip => "tip",
        }
    }

    /// Whether the only thing wrong is that something it builds on has not arrived here yet.
    pub fn is_missing(&self) -> bool {
        matches!(self, Refusal::Missing { .. })
    }

    /// Whether a newer roster could let it pass: one that knows the device, its groups, or that a person let the change in.
    pub fn rests_on_the_roster(&self) -> bool {
        matches!(self, Refusal::Device | Refusal::Right { .. })
    }

    /// The changes to ask for before trying again, sorted; empty unless [`Refusal::is_missing`].
    pub fn missing(&self) -> &[Hash] {
        match self {
            Refusal::Missing { hashes } => hashes,
            _ => &[],
        }
    }
}
