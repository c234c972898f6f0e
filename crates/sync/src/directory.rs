//! The directory as signed entries: a sheet for the council, for each child, for each person, each with a number of its own.
//!
//! The relay writes a sheet anew when what stands on it changes, under the next number, and signs it once; everybody whom it concerns
//! is sent the same bytes. A device keeps them one by one and asks for what is newer than what it has.

use std::collections::BTreeMap;

use gate::{Hash, Id, PublicKey, Signature};
use ring::signature::Ed25519KeyPair;
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use serde_bytes::{ByteArray, ByteBuf};

use crate::{
    act::Contact,
    cbor::{from_whole, to_cbor},
    feature::WORD_BYTES_MAX,
    identity,
    roster::{Child, Device, Member, Person, holds},
};

/// Addresses of one relay: a device that has no line tries one after the other.
pub const ADDRESSES_MAX: usize = 8;
/// Longest id of a subject, in bytes: a child and a person.
const SUBJECT_BYTES_MAX: usize = 32;

/// What a sheet is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Subject {
    /// The council.
    Council,
    /// A child.
    Child(Id),
    /// What not everybody on a child's team may know.
    Restricted(Id),
    /// Changes of a document that the Virtual School let in.
    Accepted(Id),
    /// A person.
    Person(Id),
    /// That a person has left a child's team: in place of the child's sheet.
    Left {
        /// The child.
        child: Id,
        /// The person.
        person: Id,
    },
}

impl Subject {
    /// Its kind, as it is written.
    pub const fn kind(&self) -> &'static str {
        match self {
            Subject::Council => "council",
            Subject::Child(_) => "child",
            Subject::Restricted(_) => "restricted",
            Subject::Accepted(_) => "accepted",
            Subject::Person(_) => "person",
            Subject::Left { .. } => "left",
        }
    }

    /// Which one it is, as it is written.
    pub fn id(&self) -> Vec<u8> {
        match self {
            Subject::Council => Vec::new(),
            Subject::Child(id) | Subject::Restricted(id) | Subject::Accepted(id) | Subject::Person(id) => id.to_vec(),
            Subject::Left { child, person } => [*child, *person].concat(),
        }
    }

    /// Reads both. `None` where this version knows no such subject.
    pub fn of(kind: &str, id: &[u8]) -> Option<Subject> {
        let one = || id.try_into().ok();
        Some(match kind {
            "council" if id.is_empty() => Subject::Council,
            "child" => Subject::Child(one()?),
            "restricted" => Subject::Restricted(one()?),
            "accepted" => Subject::Accepted(one()?),
            "person" => Subject::Person(one()?),
            "left" => {
                let (child, person) = id.split_first_chunk::<16>()?;
                Subject::Left { child: *child, person: person.try_into().ok()? }
            }
            _ => return None,
        })
    }
}

/// What stands on a sheet.
#[derive(Debug, Clone, PartialEq, Eq)]
#[allow(missing_docs)] // each is of the subject of that name
pub enum Sheet {
    Council(Council),
    Child(ChildSheet),
    Restricted(Restricted),
    Accepted(AcceptedSheet),
    Person(PersonSheet),
    Left(Member),
}

/// The council.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Council {
    /// The Virtual School's name.
    pub organisation: String,
    /// Who has every child, from when to when: the head, and the officers whom the relay's settings name. Past ones too: what they
    /// wrote keeps its author.
    pub every_child: Vec<OnTeam>,
    /// Where its relay is reached, in the order in which devices try. None where every device knows that from its link.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub addresses: Vec<Reached>,
    /// Ids of the processes under which new PEPs begin, by the child's phase (`early_years`, `primary`, `secondary`, `post_16`); the
    /// first of each is taken where nobody chooses. None of a phase: any.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub processes: BTreeMap<String, Vec<String>>,
    /// Term dates as the council gave them, one for every child and others for schools that differ.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub calendars: Vec<Given>,
}

/// Calendars that a council keeps at most: one for all, and others for schools that differ.
pub const CALENDARS_MAX: usize = 50;

/// Term dates as they were given: numbered, and signed with the sheet that they stand on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Given {
    /// Rises by one with every calendar that the council gives.
    pub number: u64,
    /// The schools that it is for, by their names; none: every child.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub schools: Vec<String>,
    /// The file, as it was checked.
    pub file: String,
}

/// An address of the relay.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reached {
    /// `wss://HOST:PORT`, or `ws://` on one machine alone.
    pub url: String,
    /// SHA-256 of the public key of the certificate that it shows there; none on a plain line.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tls: Option<ByteArray<32>>,
}

/// A child, and who works with them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChildSheet {
    /// The child.
    pub child: Child,
    /// Who is, was or will be on the team.
    pub team: Vec<OnTeam>,
    /// What of the child's plans is, was or will be answered by a colleague of the designated teacher.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub delegations: Vec<Delegation>,
    /// What was put right about the child's PEPs, which stay what they were started as.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub corrections: Vec<Correction>,
    /// Whose entry this one turned out to be another of.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub joined: Option<Joined>,
}

/// What was put right about one PEP.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Correction {
    /// The PEP.
    #[serde(with = "serde_bytes")]
    pub pep: Id,
    /// The type that it is of, where that is not the one it was started as.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kind: Option<String>,
    /// Who said last which type it is of.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub amended: Option<Said>,
    /// That it was begun by mistake.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub withdrawn: Option<Said>,
    /// The role whose yes its type waits for: it was begun by somebody who does not choose that.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub waits_for: Option<String>,
}

impl Correction {
    /// Of a PEP about which nothing was put right.
    pub fn of(pep: Id) -> Correction {
        Correction { pep, kind: None, amended: None, withdrawn: None, waits_for: None }
    }
}

/// That somebody said so.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Said {
    /// Who; none for whoever keeps the relay.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by: Option<ByteArray<16>>,
    /// On which day, `YYYY-MM-DD`.
    pub on: String,
    /// Why.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub why: Option<String>,
}

/// That two entries are one child.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Joined {
    /// The other, as which the child is known.
    #[serde(with = "serde_bytes")]
    pub into: Id,
    /// Who found that out.
    pub said: Said,
}

/// Pages of one plan that a person answers for the designated teacher: beside what they are on the child's team.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Delegation {
    /// The PEP.
    #[serde(with = "serde_bytes")]
    pub pep: Id,
    /// Who answers.
    #[serde(with = "serde_bytes")]
    pub person: Id,
    /// The pages, by their ids in the PEP's process.
    pub sections: Vec<String>,
    /// First day, `YYYY-MM-DD`.
    pub from: String,
    /// Last day, `YYYY-MM-DD`.
    pub to: String,
    /// First day of their membership of the child's team, where they are on it for this alone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub joined: Option<String>,
}

impl Delegation {
    /// Whether it holds on `day` (`YYYY-MM-DD`).
    pub fn on(&self, day: &str) -> bool {
        holds((&self.from, Some(&self.to)), day)
    }
}

/// One membership of the team whose sheet it stands on; on the council's, of every team, in which they have no other role.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OnTeam {
    /// The person.
    #[serde(with = "serde_bytes")]
    pub person: Id,
    /// Role in this team.
    pub role: String,
    /// First day, `YYYY-MM-DD`.
    pub from: String,
    /// Last day, `YYYY-MM-DD`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to: Option<String>,
}

impl OnTeam {
    /// That of a membership.
    pub fn of(member: &Member) -> OnTeam {
        let Member { person, role, from, to, .. } = member.clone();
        OnTeam { person, role, from, to }
    }

    /// Whether it holds on `day` (`YYYY-MM-DD`).
    pub fn on(&self, day: &str) -> bool {
        holds((&self.from, self.to.as_deref()), day)
    }

    /// The membership, in that child's team.
    pub fn in_team(self, child: Id) -> Member {
        let OnTeam { person, role, from, to } = self;
        Member { child, person, role, from, to }
    }
}

/// What not everybody on a child's team may know: those alone are given the sheet whose role reads the family's document. Nobody else's
/// device ever holds it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Restricted {
    /// The child.
    #[serde(with = "serde_bytes")]
    pub child: Id,
    /// Facts by their names, such as `adoption`.
    pub facts: BTreeMap<String, String>,
}

/// Changes of a document that were let in although their author's role may not write there.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AcceptedSheet {
    /// The child whose document it is.
    #[serde(with = "serde_bytes")]
    pub child: Id,
    /// The document.
    #[serde(with = "serde_bytes")]
    pub doc: Id,
    /// The changes.
    pub changes: Vec<ByteArray<32>>,
}

/// A person, and their devices.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PersonSheet {
    /// The person.
    pub person: Person,
    /// How they can be reached.
    #[serde(default, skip_serializing_if = "Contact::is_empty")]
    pub contact: Contact,
    /// Their devices, revoked ones too. Whose they are and which ids they have follows: the sheet's person, and their keys.
    pub devices: Vec<OfPerson>,
}

/// A device of the person whose sheet it stands on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OfPerson {
    /// Its public key.
    #[serde(with = "serde_bytes")]
    pub key: PublicKey,
    /// What its owner calls it.
    pub name: String,
    /// When it was revoked, in Unix seconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub revoked: Option<i64>,
    /// When it was locked, in Unix seconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub locked: Option<i64>,
}

impl OfPerson {
    /// That of a device.
    pub fn of(device: &Device) -> OfPerson {
        let Device { key, name, revoked, locked, .. } = device.clone();
        OfPerson { key, name, revoked, locked }
    }

    /// The device, of that person.
    pub fn of_person(self, person: Id) -> Device {
        let OfPerson { key, name, revoked, locked } = self;
        Device { id: gate::device_id(&key), key, person, name, revoked, locked }
    }
}

impl Sheet {
    /// What it is about.
    pub fn subject(&self) -> Subject {
        match self {
            Sheet::Council(_) => Subject::Council,
            Sheet::Child(sheet) => Subject::Child(sheet.child.id),
            Sheet::Restricted(sheet) => Subject::Restricted(sheet.child),
            Sheet::Accepted(sheet) => Subject::Accepted(sheet.doc),
            Sheet::Person(sheet) => Subject::Person(sheet.person.id),
            Sheet::Left(member) => Subject::Left { child: member.child, person: member.person },
        }
    }

    fn body(&self) -> Vec<u8> {
        match self {
            Sheet::Council(sheet) => to_cbor(sheet),
            Sheet::Child(sheet) => to_cbor(sheet),
            Sheet::Restricted(sheet) => to_cbor(sheet),
            Sheet::Accepted(sheet) => to_cbor(sheet),
            Sheet::Person(sheet) => to_cbor(sheet),
            Sheet::Left(member) => to_cbor(member),
        }
    }
}

/// A sheet as it travels and is kept: signed by the relay.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// Kind of its subject.
    pub kind: String,
    /// Which one.
    pub id: ByteBuf,
    /// Rises by one with every change of this sheet.
    pub number: u64,
    /// The life of the relay's log in which it was signed.
    #[serde(with = "serde_bytes")]
    pub epoch: Id,
    /// Version of the directory when it was written.
    pub at: u64,
    /// CBOR of the sheet.
    pub body: ByteBuf,
    /// Ed25519 by the relay's key over `"openpep/entry/1"` and all of this.
    #[serde(with = "serde_bytes")]
    pub sig: Signature,
}

impl Entry {
    /// Signs a sheet, as the relay of that id.
    pub fn sign(key: &Ed25519KeyPair, relay: &Id, epoch: Id, number: u64, at: u64, sheet: &Sheet) -> Entry {
        let subject = sheet.subject();
        let body = ByteBuf::from(sheet.body());
        let id = ByteBuf::from(subject.id());
        let mut entry = Entry { kind: subject.kind().to_owned(), id, number, epoch, at, body, sig: [0; 64] };
        entry.sig = identity::sign(key, &entry.statement(relay));
        entry
    }

    /// Whether the relay of that id, whose key this is, signed it.
    pub fn is_of(&self, relay: &Id, key: &PublicKey) -> bool {
        self.kind.len() <= WORD_BYTES_MAX
            && self.id.len() <= SUBJECT_BYTES_MAX
            && identity::verify(key, &self.statement(relay), &self.sig)
    }

    /// What stands on it. `None` where this version does not know that kind of sheet, or cannot read it.
    pub fn sheet(&self) -> Option<Sheet> {
        let subject = Subject::of(&self.kind, &self.id)?;
        let sheet = match subject {
            Subject::Council => Sheet::Council(self.read()?),
            Subject::Child(_) => Sheet::Child(self.read()?),
            Subject::Restricted(_) => Sheet::Restricted(self.read()?),
            Subject::Accepted(_) => Sheet::Accepted(self.read()?),
            Subject::Person(_) => Sheet::Person(self.read()?),
            Subject::Left { .. } => Sheet::Left(self.read()?),
        };
        (sheet.subject() == subject).then_some(sheet)
    }

    /// The subject's name, under which it is kept.
    pub fn name(&self) -> Vec<u8> {
        [self.kind.as_bytes(), b"/", &self.id].concat()
    }

    /// Bytes, nearly.
    pub fn weight(&self) -> usize {
        self.body.len() + 160
    }

    fn read<T: DeserializeOwned>(&self) -> Option<T> {
        from_whole(&self.body).ok()
    }

    fn statement(&self, relay: &Id) -> Vec<u8> {
        // Both lengths are bounded where it is checked, and a length in front keeps one from running into the other.
        let length = |part: &[u8]| [u8::try_from(part.len()).unwrap_or(u8::MAX)];
        [
            b"openpep/entry/1".as_slice(),
            relay,
            &length(self.kind.as_bytes()),
            self.kind.as_bytes(),
            &length(&self.id),
            &self.id,
            &self.number.to_be_bytes(),
            &self.epoch,
            &self.at.to_be_bytes(),
            &self.body,
        ]
        .concat()
    }
}

/// A change that was let in, and its document.
pub(crate) fn changes(sheet: &AcceptedSheet) -> impl Iterator<Item = Hash> + '_ {
    sheet.changes.iter().map(|change| change.into_array())
}
