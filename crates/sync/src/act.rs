//! Acts: what people have the directory do. A person's device signs a sentence (who, what, on whom, from when, why); the relay judges
//! it, does it once however often it comes, and answers.

use gate::{Id, PublicKey};
use serde::{Deserialize, Serialize};

use crate::cbor::{from_whole, to_cbor};

/// Bytes of a sentence at the most: a few ids, a reason, and two ways of saying one thing.
pub const ACT_BYTES_MAX: usize = 8 * 1024;
/// Longest reason, in characters: some lines.
pub const REASON_CHARS_MAX: usize = 1_000;

/// One act.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sentence {
    /// The device that signs it.
    #[serde(with = "serde_bytes")]
    pub by: Id,
    /// When it was said, in Unix seconds.
    pub at: i64,
    /// The first day on which it holds, `YYYY-MM-DD`; the day on which it is done where nothing is said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<String>,
    /// Why.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub why: Option<String>,
    /// What is to be done.
    pub does: Does,
}

/// What an act does. Each names what stood as far as its device knew: where something else stands by then, it is refused.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "what", rename_all = "kebab-case", rename_all_fields = "camelCase")]
#[allow(missing_docs)] // the fields are what the variant's line names
pub enum Does {
    /// A child's case goes from one person to another, in the same role.
    HandOver {
        #[serde(with = "serde_bytes")]
        child: Id,
        #[serde(with = "serde_bytes")]
        from: Id,
        #[serde(with = "serde_bytes")]
        to: Id,
    },
    /// A person's membership of a child's team ends; the sentence's day is the last.
    EndMembership {
        #[serde(with = "serde_bytes")]
        child: Id,
        #[serde(with = "serde_bytes")]
        person: Id,
    },
    /// A colleague answers pages of a plan for the designated teacher, from the sentence's day to a last one. Without a page what was
    /// delegated to them before ends with the sentence's day.
    Delegate {
        #[serde(with = "serde_bytes")]
        child: Id,
        #[serde(with = "serde_bytes")]
        pep: Id,
        #[serde(with = "serde_bytes")]
        to: Id,
        sections: Vec<String>,
        until: String,
    },
    /// A PEP is of another type than it was begun as, or of the one that it is: whoever chooses the type says so.
    AmendPep {
        #[serde(with = "serde_bytes")]
        child: Id,
        #[serde(with = "serde_bytes")]
        pep: Id,
        was: String,
        is: String,
    },
    /// A PEP was begun by mistake, and counts nowhere any more; `back`: it counts again.
    WithdrawPep {
        #[serde(with = "serde_bytes")]
        child: Id,
        #[serde(with = "serde_bytes")]
        pep: Id,
        back: bool,
    },
    /// Two entries turn out to be one child: what is filed under the first counts as the other's; `apart`: they are two after all.
    JoinChildren {
        #[serde(with = "serde_bytes")]
        child: Id,
        #[serde(with = "serde_bytes")]
        into: Id,
        apart: bool,
    },
    /// How the signer can be reached.
    SetContact { was: Contact, is: Contact },
    /// A fact about a child is put right.
    CorrectChild {
        #[serde(with = "serde_bytes")]
        child: Id,
        fact: ChildFact,
        was: String,
        is: String,
    },
    /// What the signer calls a device of theirs.
    NameDevice {
        #[serde(with = "serde_bytes")]
        device: Id,
        was: String,
        is: String,
    },
}

/// A fact about a child, as the directory keeps it. As a value: a name; a day, empty where there is none; `yes` or `no`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ChildFact {
    /// The name.
    Name,
    /// Date of birth.
    Dob,
    /// Looked after since.
    LookedAfterSince,
    /// Placed in an emergency.
    Emergency,
    /// From which day on no PEP is due any more; why is told to nobody by this.
    LeftCare,
    /// The school or setting.
    School,
    /// The first day there.
    SchoolFrom,
}

impl ChildFact {
    /// What a child's entry says of it.
    pub fn of(self, child: &crate::roster::Child) -> String {
        match self {
            ChildFact::Name => child.name.clone(),
            ChildFact::Dob => child.dob.clone(),
            ChildFact::LookedAfterSince => child.looked_after_since.clone().unwrap_or_default(),
            ChildFact::Emergency => if child.emergency { "yes" } else { "no" }.to_owned(),
            ChildFact::LeftCare => child.not_due_from.clone().unwrap_or_default(),
            ChildFact::School => child.school.as_ref().map(|school| school.name.clone()).unwrap_or_default(),
            ChildFact::SchoolFrom => child.school.as_ref().and_then(|school| school.from.clone()).unwrap_or_default(),
        }
    }

    /// The word for it.
    pub fn word(self) -> &'static str {
        match self {
            ChildFact::Name => "name",
            ChildFact::Dob => "dob",
            ChildFact::LookedAfterSince => "looked-after-since",
            ChildFact::Emergency => "emergency",
            ChildFact::LeftCare => "left-care",
            ChildFact::School => "school",
            ChildFact::SchoolFrom => "school-from",
        }
    }
}

/// How somebody can be reached.
#[derive(Clone, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Contact {
    /// Telephone number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub phone: Option<String>,
    /// E-mail address.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub email: Option<String>,
}

impl Contact {
    /// Whether nothing was said.
    pub fn is_empty(&self) -> bool {
        self.phone.is_none() && self.email.is_none()
    }
}

impl Sentence {
    /// As it is signed and sent.
    pub fn encode(&self) -> Vec<u8> {
        to_cbor(self)
    }

    /// Whether it says why, which is asked of what others will ask about.
    pub fn says_why_where_asked(&self) -> bool {
        let asked = match self.does {
            Does::CorrectChild { .. } | Does::JoinChildren { .. } => true,
            Does::WithdrawPep { back, .. } => !back,
            Does::HandOver { .. }
            | Does::EndMembership { .. }
            | Does::Delegate { .. }
            | Does::AmendPep { .. }
            | Does::SetContact { .. }
            | Does::NameDevice { .. } => false,
        };
        !asked || self.why.as_deref().is_some_and(|why| !why.trim().is_empty())
    }

    /// Reads one. `None` where the bytes are not exactly one, or of a newer kind.
    pub fn decode(bytes: &[u8]) -> Option<Sentence> {
        from_whole(bytes).ok()
    }
}

impl Does {
    /// The word for it.
    pub fn word(&self) -> &'static str {
        match self {
            Does::HandOver { .. } => "hand-over",
            Does::EndMembership { .. } => "end-membership",
            Does::Delegate { .. } => "delegate",
            Does::AmendPep { .. } => "amend-pep",
            Does::WithdrawPep { .. } => "withdraw-pep",
            Does::JoinChildren { .. } => "join-children",
            Does::SetContact { .. } => "set-contact",
            Does::CorrectChild { .. } => "correct-child",
            Does::NameDevice { .. } => "name-device",
        }
    }
}

/// Nothing of what it says: names and reasons stay out of logs.
impl std::fmt::Debug for Sentence {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Sentence({})", self.does.word())
    }
}

/// Likewise.
impl std::fmt::Debug for Contact {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Contact")
    }
}

/// What a device signs: `"openpep/act/1" ‖ relay key ‖ id ‖ act`.
pub fn statement(relay_key: &PublicKey, id: &Id, act: &[u8]) -> Vec<u8> {
    [b"openpep/act/1", &relay_key[..], id, act].concat()
}
