//! People, organisations, devices, children, teams, invitations, PEPs and the audit: who may do what, from when to when.
//!
//! One authority decides. What is here was read from the replica's facts at the start; a verb checks everything first, then
//! changes what is in memory and stages facts, and the relay commits those before anybody is answered. No clock: `now`
//! (Unix seconds) and `today` (`YYYY-MM-DD`, in UTC) are arguments. Names stand here and nowhere in a log or an audit.
//!
//! | fact | value (CBOR) |
//! |---|---|
//! | `person/ID` `device/ID` `child/ID` | as in a roster |
//! | `team/CHILD/PERSON/FROM` | one membership |
//! | `invite/HASH` | [`Invitation`], under the SHA-256 of its secret |
//! | `pep/ID` | what it was started as, and its documents |
//! | `readers/DOC` | who reads a document, where that was chosen |
//! | `accepted/DOC/CHANGE` | that the change was let in although its author's role may not write there |
//! | `audit/NUMBER` | [`Entry`] |
//! | `contact/PERSON` | how they can be reached |
//! | `version` | of the directory: how many changes there were |
//! | `at/…` | number and version of a sheet, or of what has come to concern somebody (`sheets`) |
//! | `addresses` | where the relay is reached |
//! | `calendars` | the council's term dates, as they were given |
//! | `offered` | the processes under which new PEPs begin, by phase |
//! | `every/PERSON/FROM` | that somebody has every child |
//! | `restricted/CHILD` | what not everybody on the team may know |
//! | `delegated/CHILD` | what of the child's plans colleagues answer for the designated teacher |
//! | `corrected/CHILD` | what was put right about the child's PEPs |
//! | `joined/CHILD` | whose entry the child's is another of, or that it is not any more |

mod acts;
mod corrections;
mod delegations;
mod joined;

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use chrono::{DateTime, NaiveDate};
use gate::{Author, Authority, Hash, Id, PublicKey, Rules, Signature, Team};
use plan::Processes;
use replica::{Replica, Trouble};
use ring::digest;
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use serde_bytes::ByteArray;
use sync::{
    Roster,
    act::Contact,
    cbor,
    directory::{Correction, Delegation, Given, Joined, OnTeam, Reached, Subject},
    frame::{Chosen, NewChild, Start},
    identity::{self, Secret},
    roster::{ACCEPTED_MAX, Accepted, Child, ContactOf, Device, Member, Person, dates_follow},
};
use uuid::Uuid;

use crate::pep;

mod sheets;

pub use sheets::FACTS_MAX;
pub(crate) use sheets::{About, Version};

/// Longest name of a person, child, organisation or device, in characters: names of people everywhere fit.
pub const NAME_CHARS_MAX: usize = 200;
/// Children one relay knows: about as many as are looked after in all England, so that no fault fills the disk.
pub const CHILDREN_MAX: usize = 100_000;
/// PEPs of one child: fifteen years of three terms, and room for moves.
pub const PEPS_MAX: usize = 200;
/// Devices of one person, revoked ones too.
pub const DEVICES_MAX: usize = 100;

/// A one-time invitation, kept under the SHA-256 of its secret.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Invitation {
    /// For whom.
    #[serde(with = "serde_bytes")]
    pub person: Id,
    /// Until when, in Unix seconds.
    pub expires: i64,
    /// The device that used it.
    pub used: Option<ByteArray<16>>,
}

/// One line of the audit: ids, roles and what was done; no names, no answers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// Unix seconds.
    pub at: i64,
    /// The device that did it; `None` for the relay's keeper at the command line.
    pub by: Option<ByteArray<16>>,
    /// What was done.
    pub did: String,
    /// To what: `person`, `child`, `device`, `role` … and an id or a word for each.
    pub on: BTreeMap<String, String>,
}

/// Whom an invitation is for.
#[derive(Debug, Clone)]
pub struct Invite {
    /// Name.
    pub name: String,
    /// Role by its name in the contract.
    pub role: String,
    /// School, council or agency.
    pub organisation: Option<String>,
    /// Children whose teams the person joins today.
    pub children: Vec<Id>,
    /// Until when the link can be used, in Unix seconds.
    pub expires: i64,
}

/// What a device shows to join.
#[derive(Debug, Clone)]
pub struct Joining {
    /// The invitation's secret.
    pub secret: Secret,
    /// The device's key.
    pub key: PublicKey,
    /// What its owner calls it.
    pub name: String,
    /// Over [`identity::join_statement`].
    pub sig: Signature,
}

/// A PEP that was started.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pep {
    /// As what.
    pub start: Start,
    /// Its documents: kind and id.
    documents: Vec<(String, ByteArray<16>)>,
}

/// Why something in the directory was not done.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[allow(missing_docs)] // the sentences say it
pub enum Refused {
    #[error(
        "This relay does not know that invitation. Check that the whole link was copied, or ask the Virtual School for a new one."
    )]
    InvitationUnknown,
    #[error(
        "This invitation has been used: each is for one device. Ask the Virtual School for another link for this device."
    )]
    InvitationUsed,
    #[error("This invitation is too old to be used. Ask the Virtual School for a new link.")]
    InvitationExpired,
    #[error(
        "This device did not show that the key it sent is its own. Try the link again; if it fails again, ask the Virtual School for a new one."
    )]
    InvitationAltered,
    #[error(
        "This device's key is enrolled here already, for somebody else or for a device that was revoked. Join from a new folder."
    )]
    DeviceEnrolled,
    #[error("This device is enrolled here for you already, and needs no link. The link was not used.")]
    DeviceYours,
    #[error("This relay does not know that device. Join with an invitation link; the Virtual School gives one out.")]
    DeviceUnknown,
    #[error("This device was revoked. Ask the Virtual School for a new invitation link if it is still yours.")]
    DeviceRevoked,
    #[error(
        "This device could not show that it holds its key. Try again; if it fails again, ask the Virtual School for a new link."
    )]
    Signature,
    #[error("A name has 1 to {NAME_CHARS_MAX} characters and no line breaks. Write it again.")]
    Name,
    #[error("A date is written YYYY-MM-DD, such as 2026-02-24, and is a day that exists. Write it again.")]
    Date,
    #[error(
        "A child is born before today, and comes into care after that and before today. Look at both dates and write them again."
    )]
    ChildDates,
    #[error("Nobody has said which school that is about. Say the school first, and then since when.")]
    NoSchool,
    #[error("That is not a role this relay knows. It knows: {}.", pep::roles().join(", "))]
    Role,
    #[error("This relay does not know that child. `pep-relay children list` shows those it knows.")]
    ChildUnknown,
    #[error("This relay does not know that person. `pep-relay people list` shows those it knows.")]
    PersonUnknown,
    #[error(
        "That person is known here in another role ({0}). Invite them with that role, or give --child with the role they have for that child."
    )]
    RoleDiffers(String),
    #[error("That person is on this team already, as {0}. End that membership first with `pep-relay teams end`.")]
    OnTeam(String),
    #[error("Every child is for people of the Virtual School alone. Name one of its officers.")]
    NotOfTheVirtualSchool,
    #[error("That person is not on this child's team on that day. `pep-relay teams list` shows who is.")]
    NotOnTeam,
    #[error("A membership cannot be handed to the same person. Name two different people.")]
    SamePerson,
    #[error("Children are made known by their social worker or the Virtual School. Ask one of them.")]
    NotYoursToAdd,
    #[error("That child's plans are not open to you. Ask the Virtual School to add you to the team.")]
    NotOnTheTeam,
    #[error("No held change has that hash, or it has been decided already. `held list` shows those that wait.")]
    HeldUnknown,
    #[error("Changes that were refused are decided about by the child’s Virtual School. Ask one of its officers.")]
    HeldNotYours,
    #[error(
        "This change was held only because it builds on one that was refused. Its author’s device writes it again without that one, so accepting it would say the same twice. What it says is shown here; ask its author if it is missing from the plan."
    )]
    HeldFollows,
    #[error(
        "This change cannot be accepted: it, or one that it builds on, has a form, a history or a signature that other devices refuse, or was discarded. Its text is with its author, who can write it again."
    )]
    HeldForGood,
    #[error(
        "Its author has not been told yet: none of their devices has connected since. It can be discarded when one has."
    )]
    HeldUntold,
    #[error(
        "This change was held only because it builds on one that was refused. It goes from here by itself when its author’s device has written it again."
    )]
    HeldGoesByItself,
    #[error("{0}")]
    Pep(String),
    #[error(
        "This PEP was already started here under another process ({0}). It goes on under that one; ask the Virtual School if that is wrong."
    )]
    Process(String),
    #[error("{0}")]
    Readers(String),
    #[error(
        "Somebody else has chosen who sees this, meanwhile, and nobody is in both choices. Look at what stands now and choose again."
    )]
    ReadersMeanwhile,
    #[error("{0} Nothing was changed: look at what stands now, and ask again if it is still to be otherwise.")]
    Stands(&'static str),
    #[error(
        "That is not for you to do, or not for this child. Ask the Virtual School: whoever keeps its relay can list who may do what."
    )]
    ActRight,
    #[error("This was not signed by this device for this relay. Ask whoever keeps the device to update pep.")]
    ActSignature,
    #[error(
        "This relay cannot make out what is to be done. It may be older than the device’s program: whoever keeps it must update it."
    )]
    ActUnclear,
    #[error(
        "This was said too long ago, or by a clock that is wrong, and was not done. Look at the device’s clock, and ask again."
    )]
    ActOld,
    #[error("This was asked for under the number of something else, and was not done. Ask again.")]
    ActUsed,
    #[error(
        "What is done here holds from today on, or from a later day. For an earlier one ask whoever keeps the relay."
    )]
    ActPast,
    #[error("Say why, in at most {} characters: those whom it concerns will ask.", sync::act::REASON_CHARS_MAX)]
    ActReason,
    #[error("This relay does not know that PEP of that child. Sync first, so that it does.")]
    PepUnknown,
    #[error("Those are not pages of this plan that the designated teacher answers. They are: {0}.")]
    Sections(String),
    #[error(
        "They are on this child’s team until {0}. Delegate until then at most, or ask the Virtual School to leave them on it longer."
    )]
    OnTeamUntil(String),
    #[error("A delegation ends on its first day or later, and within a year. Give another last day.")]
    Until,
    #[error(
        "Pages are delegated to a colleague of the designated teacher: a professional, or another designated teacher, of the same school or on this child’s team as a professional. Ask the Virtual School to invite them so."
    )]
    NotAColleague,
    #[error("That is not a type of PEP. It is one of: {}.", pep::types().join(", "))]
    PepType,
    #[error("A child is joined to another entry of the same child. Name two different ones.")]
    SameChild,
    #[error("A telephone number has three digits or more, and an e-mail address one @ and no blanks. Write it again.")]
    Contact,
    #[error("There are too many {what} here (the limit is {limit}). Ask whoever keeps the relay.")]
    TooMany { what: &'static str, limit: usize },
}

impl Refused {
    /// A short, stable word for programs.
    pub fn code(&self) -> &'static str {
        match self {
            Refused::InvitationUnknown => "unknown",
            Refused::InvitationUsed => "used",
            Refused::InvitationExpired => "expired",
            Refused::InvitationAltered => "altered",
            Refused::DeviceEnrolled => "enrolled",
            Refused::DeviceYours => "yours",
            Refused::DeviceUnknown => "unknown",
            Refused::DeviceRevoked => sync::frame::code::REVOKED,
            Refused::Signature | Refused::ActSignature => "signature",
            Refused::Stands(_) => "stands",
            Refused::ActRight => "right",
            Refused::ActUnclear => "form",
            Refused::ActOld => "old",
            Refused::ActUsed => "used",
            Refused::Process(_) => sync::frame::code::PROCESS,
            Refused::Name
            | Refused::Date
            | Refused::ChildDates
            | Refused::NoSchool
            | Refused::Role
            | Refused::ChildUnknown
            | Refused::PersonUnknown
            | Refused::RoleDiffers(_)
            | Refused::OnTeam(_)
            | Refused::NotOfTheVirtualSchool
            | Refused::NotOnTeam
            | Refused::SamePerson
            | Refused::NotYoursToAdd
            | Refused::NotOnTheTeam
            | Refused::HeldUnknown
            | Refused::HeldNotYours
            | Refused::HeldFollows
            | Refused::HeldForGood
            | Refused::HeldUntold
            | Refused::HeldGoesByItself
            | Refused::Pep(_)
            | Refused::Readers(_)
            | Refused::ReadersMeanwhile
            | Refused::ActReason
            | Refused::ActPast
            | Refused::PepUnknown
            | Refused::PepType
            | Refused::SameChild
            | Refused::Sections(_)
            | Refused::Until
            | Refused::OnTeamUntil(_)
            | Refused::NotAColleague
            | Refused::Contact
            | Refused::TooMany { .. } => sync::frame::code::REFUSED,
        }
    }
}

impl Refused {
    /// Whether what was asked for cannot be, whoever asks: a wrong value. Acts say so.
    pub fn is_value(&self) -> bool {
        matches!(
            self,
            Refused::Name
                | Refused::Date
                | Refused::ChildDates
                | Refused::NoSchool
                | Refused::Contact
                | Refused::ActPast
                | Refused::ActReason
                | Refused::Sections(_)
                | Refused::PepType
                | Refused::SameChild
                | Refused::Until
                | Refused::OnTeamUntil(_)
                | Refused::PersonUnknown
        )
    }
}

type Result<T> = std::result::Result<T, Refused>;

/// How a person stands to a document.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// May open it.
    Member,
    /// Could once, in a role that has ended.
    Former,
    /// Never could, as far as this relay knows.
    Stranger,
}

/// The directory.
#[derive(Default)]
pub struct Directory {
    processes: Processes,
    people: BTreeMap<Id, Person>,
    contacts: BTreeMap<Id, Contact>,
    devices: BTreeMap<Id, Device>,
    devices_of: BTreeMap<Id, BTreeSet<Id>>,
    children: BTreeMap<Id, Child>,
    teams: BTreeMap<Id, Vec<Member>>,
    children_of: BTreeMap<Id, BTreeSet<Id>>,
    invitations: BTreeMap<Hash, Invitation>,
    peps: BTreeMap<Id, Pep>,
    peps_of: BTreeMap<Id, BTreeSet<Id>>,
    documents: BTreeMap<Id, (Id, String)>,
    chosen: BTreeMap<Id, Chosen>,
    /// By process, version, kind of document and how often that was moved on: the same for all PEPs that began under it.
    rules: BTreeMap<(String, u32, String, u64), Arc<Rules>>,
    accepted: BTreeSet<Accepted>,
    /// Who has every child, now or once.
    every: Vec<OnTeam>,
    addresses: Vec<Reached>,
    offered: BTreeMap<String, Vec<String>>,
    calendars: Vec<Given>,
    restricted: BTreeMap<Id, BTreeMap<String, String>>,
    delegations: BTreeMap<Id, Vec<Delegation>>,
    corrections: BTreeMap<Id, Vec<Correction>>,
    joined: BTreeMap<Id, Joined>,
    versions: BTreeMap<About, Version>,
    /// What has changed since it was last asked for.
    changed: BTreeSet<About>,
    version: u64,
    audited: u64,
    staged: Vec<(Vec<u8>, Vec<u8>)>,
    touched: BTreeSet<Id>,
}

impl Directory {
    /// The processes the relay knows.
    pub(crate) fn processes(&self) -> &Processes {
        &self.processes
    }

    /// Reads what the replica holds. `processes`: those that a PEP may begin under here.
    pub fn read(replica: &Replica, processes: Processes) -> std::result::Result<Directory, Trouble> {
        let mut directory = Directory { processes, ..Directory::default() };
        for person in values::<Person>(replica, "person/")? {
            directory.people.insert(person.id, person);
        }
        for (key, value) in replica.facts(CONTACT.as_bytes())? {
            let person = key.get(CONTACT.len()..).and_then(|id| id.try_into().ok()).ok_or(Trouble::Damaged)?;
            directory.contacts.insert(person, from_cbor(&value)?);
        }
        for device in values::<Device>(replica, "device/")? {
            directory.learn_device(device);
        }
        for child in values::<Child>(replica, "child/")? {
            directory.children.insert(child.id, child);
        }
        for member in values::<Member>(replica, "team/")? {
            directory.learn_member(member);
        }
        for (key, value) in replica.facts(b"invite/")? {
            let hash = key.get(b"invite/".len()..).and_then(|h| h.try_into().ok()).ok_or(Trouble::Damaged)?;
            directory.invitations.insert(hash, from_cbor(&value)?);
        }
        for pep in values::<Pep>(replica, "pep/")? {
            directory.learn_pep(pep);
        }
        for (key, value) in replica.facts(b"readers/")? {
            let doc = key.get(b"readers/".len()..).and_then(|doc| doc.try_into().ok()).ok_or(Trouble::Damaged)?;
            directory.chosen.insert(doc, from_cbor(&value)?);
        }
        for (key, _) in replica.facts(ACCEPTED)? {
            let ids = key.get(ACCEPTED.len()..).and_then(|ids| ids.split_first_chunk::<16>());
            let accepted = ids.and_then(|(doc, hash)| Some(Accepted { doc: *doc, change: hash.try_into().ok()? }));
            directory.accepted.insert(accepted.ok_or(Trouble::Damaged)?);
        }
        directory.every = values::<OnTeam>(replica, sheets::EVERY)?;
        directory.read_sheets(replica)?;
        directory.read_delegations(replica)?;
        directory.read_corrections(replica)?;
        directory.read_joined(replica)?;
        directory.offered = replica.fact(OFFERED)?.map(|a| from_cbor(&a)).transpose()?.unwrap_or_default();
        directory.calendars = replica.fact(CALENDARS)?.map(|c| from_cbor(&c)).transpose()?.unwrap_or_default();
        directory.addresses = replica.fact(ADDRESSES)?.map(|a| from_cbor(&a)).transpose()?.unwrap_or_default();
        directory.version = replica.fact(b"version")?.map(|v| from_cbor(&v)).transpose()?.unwrap_or(0);
        let last = replica.last_fact(b"audit/")?;
        let number = last.as_deref().and_then(|k| k.get(b"audit/".len()..)).and_then(|n| n.try_into().ok());
        directory.audited = number.map_or(0, u64::from_be_bytes);
        Ok(directory)
    }

    /// Rises with every change that a roster shows.
    pub fn version(&self) -> u64 {
        self.version
    }

    /// Everyone known here.
    pub fn people(&self) -> impl Iterator<Item = &Person> {
        self.people.values()
    }

    /// The person of that id.
    pub fn person(&self, id: &Id) -> Option<&Person> {
        self.people.get(id)
    }

    /// Every device, revoked ones too.
    pub fn devices(&self) -> impl Iterator<Item = &Device> {
        self.devices.values()
    }

    /// The device of that id, revoked or not.
    pub fn known_device(&self, id: &Id) -> Option<&Device> {
        self.devices.get(id)
    }

    /// The device of that id, if it may still connect.
    pub fn device(&self, id: &Id) -> Result<&Device> {
        let device = self.devices.get(id).ok_or(Refused::DeviceUnknown)?;
        if device.revoked.is_some() { Err(Refused::DeviceRevoked) } else { Ok(device) }
    }

    /// Every child.
    pub fn children(&self) -> impl Iterator<Item = &Child> {
        self.children.values()
    }

    /// Who is, was or will be on a child's team.
    pub fn team(&self, child: &Id) -> &[Member] {
        self.teams.get(child).map_or(&[], Vec::as_slice)
    }

    /// The person's role for a child on a day: that in the team, or, of somebody who has every child, that.
    pub fn role(&self, child: &Id, person: &Id, day: &str) -> Option<&str> {
        let on_team = self.team(child).iter().find(|m| m.person == *person && m.on(day)).map(|m| m.role.as_str());
        let every = || self.every_child(person, day).filter(|_| self.children.contains_key(child));
        on_team.or_else(|| every().map(|every| every.role.as_str()))
    }

    /// Every PEP.
    pub fn peps(&self) -> impl Iterator<Item = &Pep> {
        self.peps.values()
    }

    /// The PEP of a document, and which of its documents it is.
    pub fn document(&self, doc: &Id) -> Option<(&Pep, &str)> {
        let (pep, kind) = self.documents.get(doc)?;
        Some((self.peps.get(pep)?, kind))
    }

    /// Whether a person may open and write a document today.
    pub fn may_open(&self, person: &Id, doc: &Id, today: &str) -> bool {
        self.document(doc).is_some_and(|(pep, kind)| {
            self.role(&pep.start.child, person, today).is_some_and(|role| self.reads(doc, kind, role))
        })
    }

    /// Who reads a document, where that was chosen.
    pub fn chosen(&self, doc: &Id) -> Option<&Chosen> {
        self.chosen.get(doc)
    }

    fn reads(&self, doc: &Id, kind: &str, role: &str) -> bool {
        match self.chosen.get(doc) {
            Some(chosen) => chosen.roles.iter().any(|chosen| chosen == role),
            None => pep::may_read(kind, role),
        }
    }

    /// How a person stands to a document today.
    pub fn standing(&self, person: &Id, doc: &Id, today: &str) -> Standing {
        if self.may_open(person, doc, today) {
            return Standing::Member;
        }
        let once = |(pep, kind): (&Pep, &str)| {
            let theirs = self.team(&pep.start.child).iter().filter(|m| m.person == *person && m.from.as_str() <= today);
            let every = self.every.iter().filter(|e| e.person == *person && e.from.as_str() <= today);
            theirs.map(|m| &m.role).chain(every.map(|e| &e.role)).any(|role| self.reads(doc, kind, role))
        };
        if self.document(doc).is_some_and(once) { Standing::Former } else { Standing::Stranger }
    }

    /// Whether a person decides about refused changes of a document: one of the Virtual School who may open it.
    pub fn decides(&self, person: &Id, doc: &Id, today: &str) -> bool {
        self.document(doc).is_some_and(|(pep, kind)| {
            let role = self.role(&pep.start.child, person, today);
            role.is_some_and(|role| pep::is_virtual_school(role) && self.reads(doc, kind, role))
        })
    }

    /// Memberships of a person that have ended, of children whose teams they are on no longer; of each child the newest.
    fn left(&self, person: &Id, today: &str) -> Vec<Member> {
        let of = self.children_of.get(person).into_iter().flatten();
        let gone = of.filter(|child| self.role(child, person, today).is_none());
        let ended = |child: &Id| {
            let theirs = self.team(child).iter().filter(|m| m.person == *person && m.from.as_str() <= today);
            theirs.max_by(|a, b| a.to.cmp(&b.to)).cloned()
        };
        gone.filter_map(ended).collect()
    }

    /// Documents that a person may open today: id, kind and what the PEP was started as.
    pub fn readable(&self, person: &Id, today: &str) -> Vec<(Id, &str, &Start)> {
        let mut found = Vec::new();
        for child in self.visible(person, today) {
            found.extend(self.readable_of(child, person, today));
        }
        found
    }

    /// Those of one child.
    pub(crate) fn readable_of(&self, child: &Id, person: &Id, today: &str) -> Vec<(Id, &str, &Start)> {
        let mut found = Vec::new();
        if let Some(role) = self.role(child, person, today) {
            let peps = self.peps_of.get(child).into_iter().flatten().filter_map(|id| self.peps.get(id));
            for pep in peps {
                let readable = pep.documents.iter().filter(|(kind, doc)| self.reads(doc, kind, role));
                found.extend(readable.map(|(kind, doc)| (doc.into_array(), kind.as_str(), &pep.start)));
            }
        }
        found
    }

    /// Who may stand behind a new change in this document on `today`, and what they may write there: by the role that they
    /// have that day, or the next, for days begin in one place before they begin in another. A device that was revoked or
    /// locked has a known author, who may write nothing more. `None` where the document is not known.
    ///
    /// `steps`: how often the document was moved to a newer version of its process.
    pub fn authority(&self, doc: &Id, steps: u64, today: &str) -> Option<TeamOf<'_>> {
        let (pep, kind) = self.document(doc)?;
        let rules = self.rules.get(&rules_of(&pep.start, kind, steps))?;
        let days: Vec<String> = [Some(today.to_string()), day_after(today).ok()].into_iter().flatten().collect();
        let of_pep = self.delegations(&pep.start.child).iter().filter(|one| one.pep == pep.start.pep);
        let deputies = of_pep.map(|one| Deputy {
            person: one.person,
            now: days.iter().any(|day| one.on(day)),
            groups: one.sections.iter().map(|section| pep::delegate_group(section)).collect(),
        });
        let deputies = deputies.collect();
        Some(TeamOf { directory: self, start: &pep.start, kind, doc: *doc, rules, days, deputies, restored_by: None })
    }

    /// The same for what was written long ago: by every role that people ever had for the child, on any device. A copy.
    pub fn record(&self, doc: &Id, steps: u64) -> Team {
        let Some((pep, kind)) = self.document(doc) else { return Team::default() };
        let mut team = Team::default();
        let members = self.team(&pep.start.child).iter().map(|m| (m.person, &m.role));
        for (person, role) in members.chain(self.every.iter().map(|e| (e.person, &e.role))) {
            team.groups.entry(person).or_default().insert(role.clone());
            for device in self.devices_of.get(&person).into_iter().flatten() {
                let known = self.devices.get(device).map(|d| (*device, Author { key: d.key, person: d.person }));
                team.authors.extend(known);
            }
        }
        for one in self.delegations(&pep.start.child).iter().filter(|one| one.pep == pep.start.pep) {
            let groups = one.sections.iter().map(|section| pep::delegate_group(section));
            team.groups.entry(one.person).or_default().extend(groups);
        }
        team.rules = self.rules.get(&rules_of(&pep.start, kind, steps)).cloned().unwrap_or_default();
        if steps > 0 {
            team.extensions = pep::extensions(&pep.start, kind, &self.processes).into_iter().collect();
            let moves = |role: &&str| pep::may_move(kind, role);
            team.extenders = pep::roles().into_iter().filter(moves).map(str::to_string).collect();
        }
        team.accepted = self.accepted_in(doc).map(|accepted| accepted.change).collect();
        team
    }

    /// What one person may know, unsigned.
    pub fn roster(&self, relay: Id, organisation: &str, person: &Id, today: &str) -> Roster {
        let current = self.visible(person, today);
        // A program that reads rosters knows of nobody who has every child: they are on every team.
        let every = |child: &Id| self.every.iter().map(|e| e.clone().in_team(*child)).collect::<Vec<_>>();
        // Nor of delegates: they are teachers, and what they write beyond what was delegated, the relay holds.
        let deputies =
            |child: &Id| self.delegations(child).iter().map(|one| deputy_in(one, *child)).collect::<Vec<_>>();
        let team = |child: &Id| self.team(child).iter().cloned().chain(every(child)).chain(deputies(child));
        let teams: Vec<Member> = current.iter().flat_map(|child| team(child).collect::<Vec<_>>()).collect();
        let people: BTreeSet<Id> = teams.iter().map(|m| m.person).chain([*person]).collect();
        let devices = people.iter().flat_map(|p| self.devices_of.get(p).into_iter().flatten());
        let readable = self.readable(person, today);
        let accepted = readable.iter().flat_map(|(doc, ..)| self.accepted_in(doc)).cloned().collect();
        Roster {
            accepted,
            version: self.version,
            relay,
            organisation: organisation.to_string(),
            children: current.iter().filter_map(|child| self.children.get(*child)).cloned().collect(),
            devices: devices.filter_map(|d| self.devices.get(d)).cloned().collect(),
            people: people.iter().filter_map(|p| self.people.get(p)).cloned().collect(),
            contacts: people.iter().filter_map(|p| self.contact_of(p)).collect(),
            teams,
            left: self.left(person, today),
        }
    }

    fn contact_of(&self, person: &Id) -> Option<ContactOf> {
        let contact = self.contacts.get(person)?.clone();
        Some(ContactOf { person: *person, contact })
    }

    fn accepted_in(&self, doc: &Id) -> impl Iterator<Item = &Accepted> {
        let of = |change| Accepted { doc: *doc, change };
        self.accepted.range(of([0; 32])..=of([255; 32]))
    }

    // What changes it.

    /// Makes an invitation for a person, who is new or the one of that name and organisation; `fresh` is the id of a new
    /// one. Returns whom it is for.
    pub fn invite(&mut self, invite: &Invite, secret: &Secret, fresh: Id, now: i64) -> Result<Id> {
        let name = named(&invite.name)?;
        let organisation = invite.organisation.as_deref().map(named).transpose()?;
        if !pep::roles().contains(&invite.role.as_str()) {
            return Err(Refused::Role);
        }
        let today = day(now);
        let known = self.people.values().find(|p| p.name == name && p.organisation == organisation);
        if let Some(person) = known
            && person.role != invite.role
            && invite.children.is_empty()
        {
            return Err(Refused::RoleDiffers(person.role.clone()));
        }
        let person = known.map_or(fresh, |p| p.id);
        let mut joins = Vec::new();
        for child in &invite.children {
            match self.check_member(child, &person, &today, known.is_none()) {
                Ok(()) => joins.push(*child),
                Err(Refused::OnTeam(role)) if role == invite.role => {}
                Err(refused) => return Err(refused),
            }
        }
        if known.is_none() {
            let person = Person { id: fresh, name, organisation, role: invite.role.clone() };
            self.stage(key("person/", &fresh), &person);
            self.people.insert(fresh, person);
            self.changes(Subject::Person(fresh));
            self.heads_have_every_child(now);
        }
        let invitation = Invitation { person, expires: invite.expires, used: None };
        let hash = sha256(secret);
        self.stage([b"invite/".as_slice(), &hash].concat(), &invitation);
        self.invitations.insert(hash, invitation);
        self.audit(now, None, "invited", &[("person", text(&person)), ("role", invite.role.clone())]);
        for child in joins {
            self.put_member(member(child, person, &invite.role, &today, None), now, None);
        }
        Ok(person)
    }

    /// Enrols a device with an invitation, once. The same device asking again (its answer was lost) is answered again. `relay_keys`: all
    /// that this relay ever had, for a link names the one of its day.
    pub fn join(&mut self, relay_keys: &[PublicKey], joining: &Joining, now: i64) -> Result<(Person, Id)> {
        let hash = sha256(&joining.secret);
        let invitation = self.invitations.get(&hash).cloned().ok_or(Refused::InvitationUnknown)?;
        let statement = |key| identity::join_statement(key, &joining.secret, &joining.key);
        if !relay_keys.iter().any(|key| identity::verify(&joining.key, &statement(key), &joining.sig)) {
            return Err(Refused::InvitationAltered);
        }
        let device = gate::device_id(&joining.key);
        let person = self.people.get(&invitation.person).cloned().ok_or(Refused::PersonUnknown)?;
        match invitation.used {
            Some(used) if used.into_array() == device => {
                self.device(&device)?;
                return Ok((person, device));
            }
            Some(_) => return Err(Refused::InvitationUsed),
            None if invitation.expires <= now => return Err(Refused::InvitationExpired),
            None => {}
        }
        match self.devices.get(&device) {
            Some(known) if known.person == person.id && known.revoked.is_none() => return Err(Refused::DeviceYours),
            Some(_) => return Err(Refused::DeviceEnrolled),
            None => {}
        }
        if self.devices_of.get(&person.id).is_some_and(|d| d.len() >= DEVICES_MAX) {
            return Err(Refused::TooMany { what: "devices of this person", limit: DEVICES_MAX });
        }
        let name = named(&joining.name)?;
        let enrolled = Device { id: device, key: joining.key, person: person.id, name, revoked: None, locked: None };
        self.stage(key("device/", &device), &enrolled);
        self.learn_device(enrolled);
        let used = Invitation { used: Some(ByteArray::new(device)), ..invitation };
        self.stage([b"invite/".as_slice(), &hash].concat(), &used);
        self.invitations.insert(hash, used);
        self.audit(now, Some(device), "joined", &[("person", text(&person.id)), ("device", text(&device))]);
        self.changes(Subject::Person(person.id));
        self.touch_around(&person.id);
        Ok((person, device))
    }

    /// Revokes a device: it can no longer connect; what it wrote keeps its author. `false` where it was revoked before.
    pub fn revoke(&mut self, device: &Id, now: i64) -> Result<bool> {
        let known = self.devices.get_mut(device).ok_or(Refused::DeviceUnknown)?;
        if known.revoked.is_some() {
            return Ok(false);
        }
        known.revoked = Some(now);
        let known = known.clone();
        self.stage(key("device/", device), &known);
        self.audit(now, None, "revoked", &[("device", text(device)), ("person", text(&known.person))]);
        self.changes(Subject::Person(known.person));
        self.touch_around(&known.person);
        Ok(true)
    }

    /// Locks a device that has signed two different changes under one number: from now on nothing new of its is let in.
    /// `false` where it was locked before.
    pub fn lock(&mut self, device: &Id, doc: &Id, now: i64) -> Result<bool> {
        let known = self.devices.get_mut(device).ok_or(Refused::DeviceUnknown)?;
        if known.locked.is_some() {
            return Ok(false);
        }
        known.locked = Some(now);
        let known = known.clone();
        self.stage(key("device/", device), &known);
        let on = [("device", text(device)), ("person", text(&known.person)), ("document", text(doc))];
        self.audit(now, None, "locked", &on);
        self.changes(Subject::Person(known.person));
        self.touch_around(&known.person);
        Ok(true)
    }

    /// Lets changes of a document in although their authors' roles may not write where they write.
    pub fn accept(&mut self, doc: &Id, changes: &[Hash], now: i64) -> Result<()> {
        let child = self.document(doc).map(|(pep, _)| pep.start.child);
        let child = child.ok_or_else(|| Refused::Pep("This relay does not know that document.".into()))?;
        let new: BTreeSet<Accepted> = changes.iter().map(|change| Accepted { doc: *doc, change: *change }).collect();
        let new: Vec<Accepted> = new.difference(&self.accepted).cloned().collect();
        if self.accepted_in(doc).count() + new.len() > ACCEPTED_MAX {
            return Err(Refused::TooMany { what: "accepted changes in this document", limit: ACCEPTED_MAX });
        }
        if new.is_empty() {
            return Ok(());
        }
        for one in new {
            self.stage([ACCEPTED, &one.doc, &one.change].concat(), &now);
            self.accepted.insert(one);
        }
        self.changes(Subject::Accepted(*doc));
        self.touch_team(&child);
        Ok(())
    }

    /// Makes a child known. `by`: the device whose person brings it and joins its team; `None` for the relay's keeper.
    /// `false` where the child was known.
    pub fn add_child(&mut self, new: &NewChild, by: Option<Id>, now: i64) -> Result<bool> {
        let today = day(now);
        let person = by.and_then(|d| self.devices.get(&d)).map(|d| d.person);
        if self.children.contains_key(&new.child) {
            let theirs = person.is_none_or(|p| self.role(&new.child, &p, &today).is_some());
            return if theirs { Ok(false) } else { Err(Refused::NotOnTheTeam) };
        }
        let role = person.and_then(|p| self.people.get(&p)).map(|p| p.role.clone());
        if by.is_some() && !role.as_deref().is_some_and(pep::may_add_children) {
            return Err(Refused::NotYoursToAdd);
        }
        if self.children.len() >= CHILDREN_MAX {
            return Err(Refused::TooMany { what: "children", limit: CHILDREN_MAX });
        }
        let child = Child {
            id: new.child,
            name: named(&new.name)?,
            dob: dated(&new.dob)?,
            looked_after_since: new.looked_after_since.as_deref().map(dated).transpose()?,
            emergency: new.emergency,
            ..Child::default()
        };
        follows(&child, &today)?;
        self.stage(key("child/", &child.id), &child);
        self.children.insert(child.id, child);
        self.audit(now, by, "added child", &[("child", text(&new.child))]);
        self.changes(Subject::Child(new.child));
        self.touch_team(&new.child);
        if let (Some(person), Some(role)) = (person, role) {
            self.put_member(member(new.child, person, &role, &today, None), now, by);
        }
        Ok(true)
    }

    /// Puts a person on a child's team from a day on.
    pub fn add_member(&mut self, child: &Id, person: &Id, role: &str, from: &str, now: i64) -> Result<()> {
        let from = dated(from)?;
        if !pep::roles().contains(&role) {
            return Err(Refused::Role);
        }
        self.check_member(child, person, &from, false)?;
        self.put_member(member(*child, *person, role, &from, None), now, None);
        Ok(())
    }

    /// Ends a person's membership; `on` is its last day. `by`: the device that asked; `None` for the relay's keeper.
    pub fn end_member(&mut self, child: &Id, person: &Id, on: &str, by: Option<Id>, now: i64) -> Result<()> {
        let on = dated(on)?;
        let member = self.open_member(child, person, &on)?;
        if on < member.from {
            return Err(Refused::Stands(NOT_BEGUN));
        }
        self.end_delegations(child, person, &on);
        self.put_member(Member { to: Some(on), ..member }, now, by);
        Ok(())
    }

    /// Hands a case over: one membership ends on the day before `on`, the other begins that day, in the same role. `by`: the device
    /// that asked; `None` for the relay's keeper.
    pub fn hand_over(&mut self, child: &Id, from: &Id, to: &Id, on: &str, by: Option<Id>, now: i64) -> Result<()> {
        let on = dated(on)?;
        if from == to {
            return Err(Refused::SamePerson);
        }
        let ends = self.open_member(child, from, &on)?;
        if on < ends.from {
            return Err(Refused::Stands(NOT_BEGUN));
        }
        if self.open_member(child, to, &on).is_ok_and(|theirs| theirs.from > on) {
            // Ended here, and begun there on a later day, the child would be nobody's in between.
            return Err(Refused::Stands(
                "They are to have this case from a later day on already; end that membership first.",
            ));
        }
        // Whoever has answered pages of it for somebody can take the case on.
        let deputy = self.open_member(child, to, &on).ok().filter(|member| self.came_to_deputise(member));
        let begins = match self.check_member(child, to, &on, false) {
            Ok(()) => true,
            Err(Refused::OnTeam(_)) if deputy.is_some() => true,
            Err(Refused::OnTeam(role)) if role == ends.role => false,
            Err(refused) => return Err(refused),
        };
        let last = day_before(&on)?;
        let said = [("child", text(child)), ("from", text(from)), ("to", text(to)), ("first day", on.clone())];
        self.audit(now, by, "handed over", &said);
        self.end_delegations(child, from, &on);
        if let Some(deputy) = deputy {
            self.end_delegations(child, to, &on);
            self.put_member(member(*child, *to, &deputy.role, &deputy.from, Some(last.clone())), now, by);
        }
        self.put_member(member(*child, *from, &ends.role, &ends.from, Some(last)), now, by);
        if begins {
            self.put_member(member(*child, *to, &ends.role, &on, None), now, by);
        }
        Ok(())
    }

    /// Takes a PEP in that a device's person started. Returns its documents' ids and first changes where it is new.
    pub fn start(&mut self, start: &Start, device: &Id, now: i64) -> Result<Vec<(Id, Vec<u8>)>> {
        let person = self.device(device)?.person;
        if self.role(&start.child, &person, &day(now)).is_none() {
            return Err(Refused::NotOnTheTeam);
        }
        if let Some(known) = self.peps.get(&start.pep) {
            let k = &known.start;
            let of = |start: &Start| (start.process.clone(), start.process_version, start.process_hash);
            return match of(k) == of(start) {
                true => Ok(Vec::new()),
                false => Err(Refused::Process(format!("{} {}", k.process, k.process_version))),
            };
        }
        let parts = pep::parts(start, &self.processes).map_err(|e| Refused::Pep(e.to_string()))?;
        if self.peps_of.get(&start.child).is_some_and(|peps| peps.len() >= PEPS_MAX) {
            return Err(Refused::TooMany { what: "PEPs of this child", limit: PEPS_MAX });
        }
        let documents = parts.iter().map(|p| (p.kind.to_string(), ByteArray::new(p.doc))).collect();
        let known = Pep { start: start.clone(), documents };
        self.stage(key("pep/", &start.pep), &known);
        self.learn_pep(known);
        self.audit(now, Some(*device), "started PEP", &[("pep", text(&start.pep)), ("child", text(&start.child))]);
        self.waits_for_its_type(start, &person, now);
        self.changed.insert(About::Documents(start.child));
        self.touch_team(&start.child);
        Ok(parts.into_iter().map(|p| (p.doc, p.genesis)).collect())
    }

    /// Chooses the roles that read a document, by somebody who reads it. `seen`: the choice that their device knew of. One made
    /// without knowledge of a newer one only narrows it: of two people who chose apart, neither is overruled. What the young person
    /// chose themselves others only narrow, and nobody but they opens it wider again. `today`: by which a role is told.
    pub fn choose(
        &mut self,
        doc: &Id,
        roles: &[String],
        seen: u64,
        device: &Id,
        (now, today): (i64, &str),
    ) -> Result<Chosen> {
        let (pep, kind) = self.document(doc).ok_or(Refused::NotOnTheTeam)?;
        let (child, kind) = (pep.start.child, kind.to_string());
        let mut roles = pep::chosen(&kind, roles).map_err(Refused::Readers)?;
        let stands = match self.chosen.get(doc) {
            Some(chosen) => chosen.clone(),
            None => Chosen { number: 0, roles: pep::readers(&kind), by: None },
        };
        let asks = self.devices.get(device).and_then(|d| self.role(&child, &d.person, today)).map(str::to_owned);
        let childs = stands.by.as_deref() == Some(pep::YOUNG_PERSON);
        let by = if childs { stands.by.clone() } else { asks.clone() };
        let others = childs && asks.as_deref() != Some(pep::YOUNG_PERSON);
        if (seen < stands.number || others) && roles != stands.roles {
            roles.retain(|role| stands.roles.contains(role));
            roles = pep::chosen(&kind, &roles).map_err(|_| Refused::ReadersMeanwhile)?;
        }
        // The young person who confirms what somebody chose for them makes it their own.
        if roles == stands.roles && (childs || by.as_deref() != Some(pep::YOUNG_PERSON)) {
            return Ok(stands);
        }
        let chosen = Chosen { number: stands.number + 1, roles, by };
        self.stage(key("readers/", doc), &chosen);
        self.audit(now, Some(*device), "chose readers", &[("document", text(doc)), ("roles", chosen.roles.join(" "))]);
        self.chosen.insert(*doc, chosen.clone());
        self.changed.insert(About::Documents(child));
        if self.accepted_in(doc).next().is_some() {
            // Whoever comes to read it needs to know what was let in.
            self.changes(Subject::Accepted(*doc));
        }
        self.touch_team(&child);
        Ok(chosen)
    }

    /// Writes a line of the audit.
    pub fn audit(&mut self, at: i64, by: Option<Id>, did: &str, on: &[(&str, String)]) {
        let on = on.iter().map(|(k, v)| (k.to_string(), v.clone())).collect();
        self.audited += 1;
        let key = [b"audit/".as_slice(), &self.audited.to_be_bytes()].concat();
        self.stage(key, &Entry { at, by: by.map(ByteArray::new), did: did.to_string(), on });
    }

    /// The directory has changed.
    fn rise(&mut self) {
        self.rise_to(self.version.saturating_add(1));
    }

    /// Every roster is new: a relay that begins a new epoch, or has another key, says so to everyone.
    pub fn renew_rosters(&mut self, now: i64) {
        // Not below the clock: a program that reads rosters does not know that another epoch counts anew.
        self.rise_to(self.version.saturating_add(1).max(u64::try_from(now).unwrap_or(0)));
    }

    fn rise_to(&mut self, version: u64) {
        self.version = version;
        self.stage(b"version".to_vec(), &version);
    }

    /// The day has changed: memberships that begin or end with it change what people see.
    pub fn new_day(&mut self, before: &str, today: &str) {
        let changed = |m: &&Member| m.on(before) != m.on(today);
        let changed: Vec<(Id, Id)> =
            self.teams.values().flatten().filter(changed).map(|m| (m.child, m.person)).collect();
        if changed.is_empty() {
            return;
        }
        self.rise();
        for (child, person) in changed {
            self.write(About::Member { child, person });
            self.touch_team(&child);
        }
    }

    /// Facts to be committed before anybody is answered.
    pub fn take_staged(&mut self) -> Vec<(Vec<u8>, Vec<u8>)> {
        std::mem::take(&mut self.staged)
    }

    /// People for whom something has changed.
    pub fn take_touched(&mut self) -> BTreeSet<Id> {
        std::mem::take(&mut self.touched)
    }

    /// The membership that is open on a day or begins later, of those the first.
    fn open_member(&self, child: &Id, person: &Id, on: &str) -> Result<Member> {
        if !self.children.contains_key(child) {
            return Err(Refused::ChildUnknown);
        }
        let open = |m: &&Member| m.person == *person && m.to.as_deref().is_none_or(|to| on <= to);
        // One without an end before one that ends: a person may have had another role on that very day.
        let lasting = |m: &&Member| open(m) && m.to.is_none();
        let team = self.team(child);
        team.iter().find(lasting).or_else(|| team.iter().find(open)).cloned().ok_or(Refused::NotOnTeam)
    }

    /// Whether a person can join a team on a day. `new`: the person is about to be made.
    fn check_member(&self, child: &Id, person: &Id, from: &str, new: bool) -> Result<()> {
        if !self.children.contains_key(child) {
            return Err(Refused::ChildUnknown);
        }
        if !new && !self.people.contains_key(person) {
            return Err(Refused::PersonUnknown);
        }
        match self.open_member(child, person, from) {
            Ok(member) => Err(Refused::OnTeam(member.role)),
            Err(_) => Ok(()),
        }
    }

    /// A membership; and of a child with several entries likewise in the other teams.
    fn put_member(&mut self, member: Member, now: i64, by: Option<Id>) {
        let begins = !self.has_member(&member);
        self.put_one_member(member.clone(), now, by);
        self.put_where_joined(begins, member, by, now);
    }

    fn put_one_member(&mut self, member: Member, now: i64, by: Option<Id>) {
        let known = self.has_member(&member);
        let did = if known { "ended membership" } else { "began membership" };
        let Member { child, person, ref role, ref from, ref to } = member;
        let mut on = vec![("child", text(&child)), ("person", text(&person)), ("role", role.clone())];
        on.extend((!known).then(|| ("first day", from.clone())));
        on.extend(to.clone().map(|to| ("last day", to)));
        // With the role: two memberships of one person may begin on one day, and neither takes the place of the other.
        let parts = [&key("team/", &child), &person[..], from.as_bytes(), role.as_bytes()];
        self.stage(parts.join(&b'/'), &member);
        self.learn_member(member);
        self.audit(now, by, did, &on);
        self.rise();
        self.write(About::Member { child, person });
        self.write(About::Sheet(Subject::Child(child)));
        self.touch_team(&child);
    }

    fn has_member(&self, member: &Member) -> bool {
        let is_it =
            |known: &Member| (known.person, &known.from, &known.role) == (member.person, &member.from, &member.role);
        self.team(&member.child).iter().any(is_it)
    }

    fn learn_device(&mut self, device: Device) {
        self.devices_of.entry(device.person).or_default().insert(device.id);
        self.devices.insert(device.id, device);
    }

    fn learn_member(&mut self, member: Member) {
        self.children_of.entry(member.person).or_default().insert(member.child);
        let team = self.teams.entry(member.child).or_default();
        team.retain(|m| (m.person, &m.from, &m.role) != (member.person, &member.from, &member.role));
        team.push(member);
        team.sort_by(|a, b| (&a.from, a.person).cmp(&(&b.from, b.person)));
    }

    fn learn_pep(&mut self, mut pep: Pep) {
        // A relay that was updated knows of more documents than it did when the PEP was started.
        for part in pep::parts(&pep.start, &self.processes).unwrap_or_default() {
            if pep.documents.iter().all(|(kind, _)| kind != part.kind) {
                pep.documents.push((part.kind.to_string(), ByteArray::new(part.doc)));
            }
        }
        self.peps_of.entry(pep.start.child).or_default().insert(pep.start.pep);
        for (kind, doc) in &pep.documents {
            self.documents.insert(doc.into_array(), (pep.start.pep, kind.clone()));
            for steps in 0..=pep::steps(&pep.start, &self.processes) {
                let rules = || Arc::new(pep::rules(&pep.start, kind, &self.processes, steps));
                self.rules.entry(rules_of(&pep.start, kind, steps as u64)).or_insert_with(rules);
            }
        }
        self.peps.insert(pep.start.pep, pep);
    }

    fn touch_team(&mut self, child: &Id) {
        let members = self.team(child).iter().map(|m| m.person);
        let people: Vec<Id> = members.chain(self.every.iter().map(|every| every.person)).collect();
        self.touched.extend(people);
    }

    /// The person, and everyone who shares a team with them.
    fn touch_around(&mut self, person: &Id) {
        self.touched.insert(*person);
        if self.every.iter().any(|every| every.person == *person) {
            self.touched.extend(self.people.keys());
        }
        for child in self.children_of.get(person).cloned().unwrap_or_default() {
            self.touch_team(&child);
        }
    }

    fn stage<T: Serialize>(&mut self, key: Vec<u8>, value: &T) {
        self.staged.push((key, to_cbor(value)));
    }
}

/// See [`Directory::authority`].
pub struct TeamOf<'a> {
    directory: &'a Directory,
    start: &'a Start,
    kind: &'a str,
    doc: Id,
    rules: &'a Rules,
    /// Days of which one has to be within a membership.
    days: Vec<String>,
    /// What of the PEP is or was delegated.
    deputies: Vec<Deputy>,
    restored_by: Option<Id>,
}

/// What was delegated to a person once.
struct Deputy {
    person: Id,
    /// On one of the days that count.
    now: bool,
    /// As the rules call it.
    groups: Vec<String>,
}

impl TeamOf<'_> {
    /// Where this person brings back what a cut log lost: what others wrote was judged when it came first, and passes by
    /// every role that they ever had.
    pub fn restoring(self, restored_by: Option<Id>) -> Self {
        TeamOf { restored_by, ..self }
    }
}

impl Authority for TeamOf<'_> {
    fn author(&self, device: &Id) -> Option<Author> {
        let device = self.directory.devices.get(device)?;
        let on_team = self.directory.team(&self.start.child).iter().any(|m| m.person == device.person);
        let on_team = on_team || self.directory.every.iter().any(|every| every.person == device.person);
        on_team.then_some(Author { key: device.key, person: device.person })
    }

    fn groups(&self, device: &Id) -> Vec<&str> {
        let Some(device) = self.directory.devices.get(device) else { return Vec::new() };
        let restored = self.restored_by.is_some_and(|person| person != device.person);
        if (device.revoked.is_some() || device.locked.is_some()) && !restored {
            return Vec::new();
        }
        let on = |m: &&Member| restored || self.days.iter().any(|day| m.on(day));
        let of_person = self.directory.team(&self.start.child).iter().filter(|m| m.person == device.person);
        let every = self.directory.every.iter().filter(|every| every.person == device.person);
        let every = every.filter(|every| restored || self.days.iter().any(|day| every.on(day)));
        let mut groups: Vec<&str> =
            of_person.filter(on).map(|m| m.role.as_str()).chain(every.map(|every| every.role.as_str())).collect();
        // Who was taken off the team answers nothing for anybody.
        if !groups.is_empty() {
            let theirs = self.deputies.iter().filter(|one| one.person == device.person && (one.now || restored));
            groups.extend(theirs.flat_map(|one| one.groups.iter().map(String::as_str)));
        }
        groups
    }

    fn rules(&self) -> &Rules {
        self.rules
    }

    fn accepted(&self, change: &Hash) -> bool {
        self.directory.accepted.contains(&Accepted { doc: self.doc, change: *change })
    }

    fn extends(&self, device: &Id, change: &Hash) -> bool {
        let moves = self.groups(device).iter().any(|role| pep::may_move(self.kind, role));
        moves && pep::extensions(self.start, self.kind, &self.directory.processes).contains(change)
    }
}

/// Nothing ends before it began.
const NOT_BEGUN: &str = "That membership begins on a later day than that.";
/// Prefix of the facts that say how people can be reached.
const CONTACT: &str = "contact/";
/// Fact: where the relay is reached.
const ADDRESSES: &[u8] = b"addresses";
/// Fact: the processes under which new PEPs begin.
const OFFERED: &[u8] = b"offered";
/// Fact: the council's term dates.
const CALENDARS: &[u8] = b"calendars";
/// Prefix of the facts that say which changes were let in.
const ACCEPTED: &[u8] = b"accepted/";

/// A delegate as programs that read rosters know them.
fn deputy_in(one: &Delegation, child: Id) -> Member {
    let Delegation { person, from, to, .. } = one.clone();
    Member { child, person, role: pep::DELEGATES.to_owned(), from, to: Some(to) }
}

fn rules_of(start: &Start, kind: &str, steps: u64) -> (String, u32, String, u64) {
    (start.process.clone(), start.process_version, kind.to_string(), steps)
}

/// The day of a moment, `YYYY-MM-DD`. In UTC: one rule for every machine, an hour behind the wall clock in summer.
pub fn day(now: i64) -> String {
    DateTime::from_timestamp(now, 0).unwrap_or_default().date_naive().to_string()
}

/// A date as it is kept, if it is one.
pub fn dated(text: &str) -> Result<String> {
    let date: NaiveDate = text.parse().map_err(|_| Refused::Date)?;
    // Dates compare as text, so there is one way to write each.
    if date.to_string() == text { Ok(text.to_string()) } else { Err(Refused::Date) }
}

/// Refuses a child who was born after `today`, or comes into care before that or after it.
fn follows(child: &Child, today: &str) -> Result<()> {
    match dates_follow(&child.dob, child.looked_after_since.as_deref(), today) {
        true => Ok(()),
        false => Err(Refused::ChildDates),
    }
}

/// A membership from this day on.
fn member(child: Id, person: Id, role: &str, from: &str, to: Option<String>) -> Member {
    Member { child, person, role: role.to_owned(), from: from.to_owned(), to }
}

/// An id as people see it.
pub fn text(id: &Id) -> String {
    Uuid::from_bytes(*id).to_string()
}

/// SHA-256.
pub(crate) fn sha256(bytes: &[u8]) -> Hash {
    let mut hash = [0; 32];
    // SHA-256 has 32 bytes by definition.
    hash.copy_from_slice(digest::digest(&digest::SHA256, bytes).as_ref());
    hash
}

/// CBOR of a value.
pub(crate) fn to_cbor<T: Serialize>(value: &T) -> Vec<u8> {
    cbor::to_cbor(value)
}

/// A value from CBOR.
pub(crate) fn from_cbor<T: DeserializeOwned>(bytes: &[u8]) -> std::result::Result<T, Trouble> {
    cbor::from_cbor(bytes).map_err(|_| Trouble::Damaged)
}

fn values<T: DeserializeOwned>(replica: &Replica, prefix: &str) -> std::result::Result<Vec<T>, Trouble> {
    replica.facts(prefix.as_bytes())?.iter().map(|(_, value)| from_cbor(value)).collect()
}

fn key(prefix: &str, id: &Id) -> Vec<u8> {
    [prefix.as_bytes(), id].concat()
}

fn named(name: &str) -> Result<String> {
    let name = name.trim();
    // Signs that turn the direction of what stands around them, or that nobody sees.
    let turns = |c: char| matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    let shown = |c: char| !matches!(c, '\u{200b}'..='\u{200f}' | '\u{2060}'..='\u{2064}' | '\u{feff}');
    let fits = (1..=NAME_CHARS_MAX).contains(&name.chars().count())
        && name.chars().any(shown)
        && !name.chars().any(|c| c.is_control() || turns(c));
    if fits { Ok(name.to_string()) } else { Err(Refused::Name) }
}

fn day_before(date: &str) -> Result<String> {
    let date: NaiveDate = date.parse().map_err(|_| Refused::Date)?;
    Ok(date.pred_opt().ok_or(Refused::Date)?.to_string())
}

fn day_after(date: &str) -> Result<String> {
    let date: NaiveDate = date.parse().map_err(|_| Refused::Date)?;
    Ok(date.succ_opt().ok_or(Refused::Date)?.to_string())
}
