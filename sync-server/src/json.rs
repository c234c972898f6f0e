//! What every command of `pep-relay` prints with `--json`: a struct each.
//!
//! Names and meanings are promises to other programs. `sync-server/schemas` holds a JSON schema of each, made from these structs by
//! `OPENPEP_GOLDEN=write cargo test -p sync-server schemas`; one that is out of date fails that test. The keys of an object are printed
//! in the order of the alphabet. `serve` prints one line instead, `ready wss://HOST:PORT`.

#[cfg(test)]
mod schemas;

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Serialize;
use uuid::Uuid;

/// A moment, RFC 3339.
#[derive(Serialize, JsonSchema)]
#[serde(transparent)]
#[schemars(extend("format" = "date-time"))]
pub(crate) struct Moment(String);

impl Moment {
    /// From Unix seconds.
    pub(crate) fn at(seconds: i64) -> Moment {
        let at = chrono::DateTime::from_timestamp(seconds, 0).unwrap_or_default();
        Moment(at.to_rfc3339_opts(chrono::SecondsFormat::Secs, true))
    }

    /// The moment in words.
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

/// An invitation: `pep-relay invite`.
#[derive(Serialize, JsonSchema)]
pub(crate) struct Invited {
    /// The link; it lets one device in, once.
    pub(crate) link: String,
    /// The id of whom it is for.
    pub(crate) person: Uuid,
    /// Until when it can be used.
    pub(crate) expires: Moment,
}

/// Somebody this relay knows: `pep-relay people list`.
#[derive(Serialize, JsonSchema)]
pub(crate) struct Person {
    /// Their id.
    pub(crate) person: Uuid,
    /// Their name.
    pub(crate) name: String,
    /// School, council or agency.
    pub(crate) organisation: Option<String>,
    /// Their role, such as `social-worker`.
    pub(crate) role: String,
    /// How many devices of theirs are in use.
    pub(crate) devices: usize,
}

/// A device: `pep-relay devices list`.
#[derive(Serialize, JsonSchema)]
pub(crate) struct Device {
    /// Its id.
    pub(crate) device: Uuid,
    /// What its owner calls it.
    pub(crate) label: String,
    /// The id of whose it is.
    pub(crate) person: Uuid,
    /// Their name.
    pub(crate) name: String,
    /// It was revoked.
    pub(crate) revoked: bool,
    /// It signed two different changes under one number, and nothing more of it is taken in.
    pub(crate) locked: bool,
}

/// A device was shut out: `pep-relay devices revoke`.
#[derive(Serialize, JsonSchema)]
pub(crate) struct Revoked {
    /// Its id.
    pub(crate) device: Uuid,
    /// Whether it was shut out now; else it was before.
    pub(crate) revoked: bool,
}

/// A child was made known: `pep-relay children add`.
#[derive(Serialize, JsonSchema)]
pub(crate) struct ChildAdded {
    /// The child's id.
    pub(crate) child: Uuid,
}

/// A child as the directory knows them: `pep-relay children set`.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ChildSet {
    /// The child's id.
    pub(crate) child: Uuid,
    /// Their name.
    pub(crate) name: String,
    /// Date of birth, `YYYY-MM-DD`.
    pub(crate) dob: String,
    /// Looked after since, `YYYY-MM-DD`.
    pub(crate) looked_after_since: Option<String>,
    /// Placed in an emergency.
    pub(crate) emergency: bool,
    /// From which day on no PEP is due any more.
    pub(crate) left_care: Option<String>,
    /// The school or setting.
    pub(crate) school: Option<String>,
    /// The first day there.
    pub(crate) school_from: Option<String>,
    /// What only those may know who read the family's part of a plan: facts by their names.
    pub(crate) facts: std::collections::BTreeMap<String, String>,
}

/// What only those may know of a child who read the family's part of a plan: `pep-relay children fact`.
#[derive(Serialize, JsonSchema)]
pub(crate) struct ChildFacts {
    /// The child's id.
    pub(crate) child: Uuid,
    /// Facts by their names.
    pub(crate) facts: std::collections::BTreeMap<String, String>,
}

/// Term dates as they were given: `pep-relay calendar`.
#[derive(Serialize, JsonSchema)]
pub(crate) struct CalendarGiven {
    /// Rises with every calendar that is given.
    pub(crate) number: u64,
    /// What it is called.
    pub(crate) name: String,
    /// The schools that it is for; none: every child.
    pub(crate) schools: Vec<String>,
    /// Its terms.
    pub(crate) terms: Vec<CalendarTerm>,
}

/// A term of it.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct CalendarTerm {
    /// The academic year, such as `2027/28`.
    pub(crate) year: String,
    /// `autumn`, `spring` or `summer`.
    pub(crate) term: &'static str,
    /// Its halves.
    pub(crate) open: Vec<CalendarHalf>,
    /// PEPs of it are complete by this day.
    pub(crate) complete_by: chrono::NaiveDate,
}

/// Half a term.
#[derive(Serialize, JsonSchema)]
pub(crate) struct CalendarHalf {
    /// Its first day.
    pub(crate) first: chrono::NaiveDate,
    /// Its last.
    pub(crate) last: chrono::NaiveDate,
}

/// Whether a file of term dates can be used: `pep-relay calendar check`.
#[derive(Serialize, JsonSchema)]
pub(crate) struct CalendarChecked {
    /// Whether it can.
    pub(crate) usable: bool,
    /// In which line it cannot.
    pub(crate) line: Option<usize>,
    /// Why.
    pub(crate) reason: Option<String>,
}

/// Two entries are one child, or are not any more: `pep-relay children merge`.
#[derive(Serialize, JsonSchema)]
pub(crate) struct ChildrenMerged {
    /// The entry that was one too many.
    pub(crate) child: Uuid,
    /// The entry as which the child is known.
    pub(crate) into: Uuid,
    /// False where they were taken apart.
    pub(crate) joined: bool,
}

/// A child: `pep-relay children list`.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Child {
    /// The child's id.
    pub(crate) child: Uuid,
    /// Their name.
    pub(crate) name: String,
    /// Date of birth, `YYYY-MM-DD`.
    pub(crate) dob: String,
    /// Looked after since, `YYYY-MM-DD`.
    pub(crate) looked_after_since: Option<String>,
    /// Placed in an emergency.
    pub(crate) emergency: bool,
    /// How many people are on the team today.
    pub(crate) team: usize,
    /// The entry as which the child is known, where this one turned out to be another of the same child.
    pub(crate) joined_to: Option<Uuid>,
}

/// How far the right of a role to an act goes: `pep-relay rights`.
#[derive(Serialize, JsonSchema)]
pub(crate) struct Right {
    /// What is done, such as `hand-over`.
    pub(crate) act: &'static str,
    /// By whom, such as `social-worker`.
    pub(crate) role: &'static str,
    /// `no`, `own`, `team` or `all`.
    pub(crate) reach: &'static str,
}

/// Somebody was put on a child's team: `pep-relay teams add`.
#[derive(Serialize, JsonSchema)]
pub(crate) struct MemberAdded {
    /// The child's id.
    pub(crate) child: Uuid,
    /// The person's id.
    pub(crate) person: Uuid,
    /// Their role for this child.
    pub(crate) role: String,
    /// Their first day, `YYYY-MM-DD`.
    pub(crate) from: String,
}

/// Somebody leaves a child's team: `pep-relay teams end`.
#[derive(Serialize, JsonSchema)]
pub(crate) struct MemberEnded {
    /// The child's id.
    pub(crate) child: Uuid,
    /// The person's id.
    pub(crate) person: Uuid,
    /// Their last day, `YYYY-MM-DD`.
    pub(crate) to: String,
}

/// A case was handed over: `pep-relay teams hand-over`.
#[derive(Serialize, JsonSchema)]
pub(crate) struct HandedOver {
    /// The child's id.
    pub(crate) child: Uuid,
    /// The id of who hands over.
    pub(crate) from: Uuid,
    /// The id of who takes over.
    pub(crate) to: Uuid,
    /// The new person's first day, `YYYY-MM-DD`.
    pub(crate) on: String,
}

/// Somebody who is, was or will be on a child's team: `pep-relay teams list`.
#[derive(Serialize, JsonSchema)]
pub(crate) struct Member {
    /// The person's id.
    pub(crate) person: Uuid,
    /// Their name.
    pub(crate) name: String,
    /// Their role for this child.
    pub(crate) role: String,
    /// Their first day, `YYYY-MM-DD`.
    pub(crate) from: String,
    /// Their last day, `YYYY-MM-DD`; null while none is known.
    pub(crate) to: Option<String>,
}

/// A refused change that is kept: `pep-relay held list`, `pep-relay held show`.
#[derive(Serialize, JsonSchema)]
pub(crate) struct Held {
    /// Its hash, in lower-case hex.
    pub(crate) change: String,
    /// The document's id.
    pub(crate) doc: Uuid,
    /// The PEP's id, where the document is known.
    pub(crate) pep: Option<Uuid>,
    /// Which document of the PEP, likewise.
    pub(crate) kind: Option<String>,
    /// Why it was refused, for programs.
    pub(crate) code: String,
    /// The same in a sentence.
    pub(crate) detail: String,
    /// The id of the device that brought it.
    pub(crate) device: Option<Uuid>,
    /// When it came, in Unix seconds.
    pub(crate) at: i64,
    /// The id of the device that signed it.
    pub(crate) author: Uuid,
    /// The id of whose device that is.
    pub(crate) person: Uuid,
    /// Its number among its author's changes.
    pub(crate) seq: u64,
    /// Bytes of it.
    pub(crate) bytes: usize,
    /// Whether it is held only because it builds on another.
    pub(crate) follows: bool,
    /// Whether its author has been told.
    pub(crate) told: bool,
    /// Whether it can be accepted.
    pub(crate) acceptable: bool,
}

/// What was decided about: `pep-relay held accept`, `pep-relay held discard`.
#[derive(Serialize, JsonSchema)]
pub(crate) struct Decided {
    /// The hashes of the change and of those it builds on, in lower-case hex.
    pub(crate) changes: Vec<String>,
}

/// Something that was done: `pep-relay audit`.
#[derive(Serialize, JsonSchema)]
pub(crate) struct Done {
    /// When.
    pub(crate) at: Moment,
    /// The id of the device that did it; null for the relay's keeper.
    pub(crate) by: Option<Uuid>,
    /// What was done.
    pub(crate) did: String,
    /// To what: `person`, `child`, `device` … and an id or a word for each.
    pub(crate) on: BTreeMap<String, String>,
}

/// A backup was written: `pep-relay backup`.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct BackedUp {
    /// Bytes of the file.
    pub(crate) bytes: u64,
    /// Segments of the journal in it.
    pub(crate) segments: usize,
    /// The name of the key that opens it.
    pub(crate) key: String,
    /// Whether that key is in it.
    pub(crate) holds_key: bool,
}

/// A backup was brought back: `pep-relay restore`.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Restored {
    /// Files that were written.
    pub(crate) files: usize,
    /// The name of the key that it needs, where it does not hold it.
    pub(crate) needs_key: Option<String>,
}

/// What participants know the relay by, and what opens its folder: `pep-relay keys show`. Keys in lower-case hex.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct KeysShown {
    /// The relay's id, which stays when its key changes.
    pub(crate) relay: Uuid,
    /// The public key that it signs with.
    pub(crate) key: String,
    /// Those that it signed with before, the oldest first.
    pub(crate) former: Vec<String>,
    /// SHA-256 of its certificate's public key; left out on a plain line.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) certificate: Option<String>,
    /// The name of the key that opens the folder; left out where nothing is sealed yet.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) store_key: Option<String>,
    /// Whether that key lies in the folder that it opens.
    pub(crate) store_key_beside_the_data: bool,
}

/// The relay signs with another key: `pep-relay keys change`.
#[derive(Serialize, JsonSchema)]
pub(crate) struct KeyChanged {
    /// The public key that it signs with from now on, in lower-case hex.
    pub(crate) key: String,
}

/// Whether everything is whole: `pep-relay check`.
#[derive(Serialize, JsonSchema)]
pub(crate) struct Checked {
    /// Records of the journal that can be read.
    pub(crate) records: u64,
    /// Each document.
    pub(crate) documents: Vec<Document>,
    /// What is damaged, a sentence each.
    pub(crate) damage: Vec<String>,
    /// The key of the folder; left out where the journal is damaged.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) key: Option<StoreKey>,
}

/// A document, as it was checked.
#[derive(Serialize, JsonSchema)]
pub(crate) struct Document {
    /// Its id.
    pub(crate) doc: Uuid,
    /// The PEP's id; empty where none is known that it belongs to.
    pub(crate) pep: String,
    /// Which document of the PEP it is; empty likewise.
    pub(crate) kind: String,
    /// How many envelopes its log holds.
    pub(crate) envelopes: u64,
    /// Its newest changes, in lower-case hex; empty where it is damaged.
    pub(crate) heads: Vec<String>,
}

/// The key that opens the relay's folder.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct StoreKey {
    /// Its name.
    pub(crate) name: Option<String>,
    /// Whether it lies beside the data that it locks.
    pub(crate) beside_the_data: bool,
}

/// The example configuration: `pep-relay config`.
#[derive(Serialize, JsonSchema)]
pub(crate) struct Config {
    /// The file.
    pub(crate) config: &'static str,
}

/// Completions for a shell: `pep-relay completions`.
#[derive(Serialize, JsonSchema)]
pub(crate) struct Completions {
    /// The script.
    pub(crate) completions: String,
}

/// Why nothing was done: any command.
#[derive(Serialize, JsonSchema)]
pub(crate) struct Failed {
    /// Why.
    pub(crate) error: Reason,
}

/// Why, for programs and for people.
#[derive(Serialize, JsonSchema)]
pub(crate) struct Reason {
    /// A word for each exit code, the same as `pep` has: `failed`, `usage`, `not-permitted`, `unreachable`, `findings`, `choose` or
    /// `store`.
    pub(crate) kind: &'static str,
    /// In words.
    pub(crate) message: String,
}

impl Failed {
    /// Of words, with the exit code of the contract.
    pub(crate) fn of(code: u8, message: &str) -> Failed {
        let kind = match code {
            2 => "usage",
            3 => "not-permitted",
            4 => "unreachable",
            5 => "findings",
            6 => "choose",
            7 => "store",
            _ => "failed",
        };
        Failed { error: Reason { kind, message: message.trim().to_owned() } }
    }

    /// The document, as it is printed.
    pub(crate) fn line(&self) -> Vec<u8> {
        format!("{}\n", serde_json::to_value(self).unwrap_or_default()).into_bytes()
    }
}
