//! Who works with which child, on which devices: decided by the relay, signed with its key, kept by every client.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use gate::{Author, Hash, Id, PublicKey, Rules, Signature, Team};
use ring::signature::{ED25519, Ed25519KeyPair, UnparsedPublicKey};
use serde::{Deserialize, Serialize};
use serde_bytes::ByteBuf;

use crate::{
    act::Contact,
    cbor::{from_whole, to_cbor},
};

/// Changes of one document that were let in although their author's role may not write there: as many as are held of one.
pub const ACCEPTED_MAX: usize = 1_000;

/// A roster as it travels: CBOR of a [`Roster`] and the relay's signature over it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SignedRoster {
    /// Rises with every change; a client never goes back to a lower one of the same relay epoch.
    pub version: u64,
    /// CBOR of a [`Roster`].
    pub payload: ByteBuf,
    /// Ed25519 over `"openpep/roster/1" ‖ payload` by the relay's key.
    #[serde(with = "serde_bytes")]
    pub sig: Signature,
}

/// What one device's person may know: the children of its teams, everyone who is or was on those teams, their devices.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Roster {
    /// As in [`SignedRoster`], inside the signature.
    pub version: u64,
    /// The relay.
    #[serde(with = "serde_bytes")]
    pub relay: Id,
    /// The Virtual School's name.
    pub organisation: String,
    /// Children of this person's teams.
    pub children: Vec<Child>,
    /// People of those teams, and the reader.
    pub people: Vec<Person>,
    /// How they can be reached, of those who have said it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub contacts: Vec<ContactOf>,
    /// Their devices, revoked ones too: what they wrote keeps its author.
    pub devices: Vec<Device>,
    /// Who is on which child's team, from when to when.
    pub teams: Vec<Member>,
    /// Changes in documents of these children that a person let in, at most [`ACCEPTED_MAX`] of a document.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub accepted: Vec<Accepted>,
    /// The reader's own memberships that have ended, of children whose teams they are on no longer: their device gives
    /// those children's documents up once nothing in them waits.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub left: Vec<Member>,
}

/// A change that the Virtual School let in although its author's role may not write where it writes.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Accepted {
    /// The document.
    #[serde(with = "serde_bytes")]
    pub doc: Id,
    /// The change's hash.
    #[serde(with = "serde_bytes")]
    pub change: Hash,
}

/// A child.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Child {
    /// Random.
    #[serde(with = "serde_bytes")]
    pub id: Id,
    /// Name.
    pub name: String,
    /// Date of birth, `YYYY-MM-DD`.
    pub dob: String,
    /// Looked after since, `YYYY-MM-DD`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub looked_after_since: Option<String>,
    /// Placed in an emergency.
    #[serde(default)]
    pub emergency: bool,
    /// From which day on no PEP is due any more, `YYYY-MM-DD`. Why is a restricted fact: not everybody may know it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub not_due_from: Option<String>,
    /// The school or setting.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub school: Option<School>,
}

/// The restricted fact that says by what a child left care: a word such as `adoption-order`.
pub const LEFT_CARE: &str = "left-care";
/// The restricted fact that says since when a child is placed for adoption, `YYYY-MM-DD`.
pub const PLACED_FOR_ADOPTION: &str = "placed-for-adoption";

/// A child's school or setting.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct School {
    /// Its name.
    pub name: String,
    /// The first day there, `YYYY-MM-DD`, where it is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<String>,
}

/// A person.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Person {
    /// Random.
    #[serde(with = "serde_bytes")]
    pub id: Id,
    /// Name.
    pub name: String,
    /// School, council or agency.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub organisation: Option<String>,
    /// Role by its name in the contract, such as `social-worker`.
    pub role: String,
}

/// How a person can be reached.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ContactOf {
    /// The person.
    #[serde(with = "serde_bytes")]
    pub person: Id,
    /// How.
    pub contact: Contact,
}

/// A device.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Device {
    /// [`gate::device_id`] of its key.
    #[serde(with = "serde_bytes")]
    pub id: Id,
    /// Its public key.
    #[serde(with = "serde_bytes")]
    pub key: PublicKey,
    /// Whose it is.
    #[serde(with = "serde_bytes")]
    pub person: Id,
    /// What its owner calls it.
    pub name: String,
    /// When it was revoked, in Unix seconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub revoked: Option<i64>,
    /// When it was locked, in Unix seconds: it had signed two different changes under one number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub locked: Option<i64>,
}

/// One person on one child's team.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Member {
    /// The child.
    #[serde(with = "serde_bytes")]
    pub child: Id,
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

impl Member {
    /// Whether the person is on the team on `day` (`YYYY-MM-DD`; such dates compare as text).
    pub fn on(&self, day: &str) -> bool {
        holds((&self.from, self.to.as_deref()), day)
    }
}

/// Nobody who is looked after was born earlier.
const EARLIEST: &str = "1990-01-01";

/// Whether a child can have these dates, all `YYYY-MM-DD`: born by `today`, and come into care after that and by today.
pub fn dates_follow(dob: &str, looked_after_since: Option<&str>, today: &str) -> bool {
    let since = looked_after_since.unwrap_or(today);
    // Such dates compare as text.
    (EARLIEST..=today).contains(&dob) && (dob..=today).contains(&since)
}

/// Whether what begins and ends on these days holds on `day` (`YYYY-MM-DD`; such dates compare as text).
pub(crate) fn holds((from, to): (&str, Option<&str>), day: &str) -> bool {
    from <= day && to.is_none_or(|to| day <= to)
}

impl Roster {
    /// Signs this roster with the relay's key.
    pub fn sign(&self, key: &Ed25519KeyPair) -> SignedRoster {
        let payload = to_cbor(self);
        let sig = crate::identity::sign(key, &statement(&payload));
        SignedRoster { version: self.version, payload: ByteBuf::from(payload), sig }
    }

    /// The child of that id.
    pub fn child(&self, id: &Id) -> Option<&Child> {
        self.children.iter().find(|c| c.id == *id)
    }

    /// The person of that id.
    pub fn person(&self, id: &Id) -> Option<&Person> {
        self.people.iter().find(|p| p.id == *id)
    }

    /// How a person can be reached; nothing of somebody who has not said it.
    pub fn contact(&self, person: &Id) -> Contact {
        let said = self.contacts.iter().find(|said| said.person == *person);
        said.map(|said| said.contact.clone()).unwrap_or_default()
    }

    /// The role of `person` in `child`'s team on `day` (`YYYY-MM-DD`).
    pub fn role(&self, child: &Id, person: &Id, day: &str) -> Option<&str> {
        self.teams.iter().find(|m| m.child == *child && m.person == *person && m.on(day)).map(|m| m.role.as_str())
    }

    /// Who may stand behind a change in `doc`, a document of `child` with these rules: the devices of everyone who is or
    /// ever was on the team, in every role they ever had there. A reader cannot know when a change was written; the relay,
    /// which took it in, judged by the role of that moment.
    pub fn authority(&self, child: &Id, doc: &Id, rules: Arc<Rules>) -> Team {
        let mut groups: BTreeMap<Id, BTreeSet<String>> = BTreeMap::new();
        for member in self.teams.iter().filter(|m| m.child == *child) {
            groups.entry(member.person).or_default().insert(member.role.clone());
        }
        let of_team = self.devices.iter().filter(|d| groups.contains_key(&d.person));
        let authors = of_team.map(|d| (d.id, Author { key: d.key, person: d.person })).collect();
        let accepted = self.accepted.iter().filter(|a| a.doc == *doc).map(|a| a.change).collect();
        Team { authors, groups, rules, accepted, ..Team::default() }
    }
}

impl SignedRoster {
    /// The roster inside, if `relay_key` signed it.
    pub fn verify(&self, relay_key: &PublicKey) -> Option<Roster> {
        UnparsedPublicKey::new(&ED25519, relay_key).verify(&statement(&self.payload), &self.sig).ok()?;
        let roster: Roster = from_whole(&self.payload).ok()?;
        (roster.version == self.version).then_some(roster)
    }
}

fn statement(payload: &[u8]) -> Vec<u8> {
    [b"openpep/roster/1", payload].concat()
}
