//! What this device holds and how it talks to its relay, without a socket and without a clock: frames and moments go in,
//! frames come out. One thread owns it (`disk::DocumentThread`); commands, pages and the line to the relay send it work.

mod acts;
mod aside;
mod authority;
mod calendars;
mod directory;
mod documents;
mod drafts;
mod facts;
mod filled_in;
mod held;
mod incarnation;
mod line;
mod moved;
mod newer;
mod presence;
mod readers;
mod received;
mod revoked;
mod seen;
mod state;
mod typed;
mod unknown;
mod unshared;
mod views;
mod writing;

use std::{collections::BTreeMap, sync::Arc};

use gate::{Id, Rules};
use plan::{DocumentKind, Pep, Processes};
use replica::{Replica, Signer, Trouble};
use ring::signature::Ed25519KeyPair;
use serde::{Deserialize, Serialize};
use sync::{
    Mark, People, Roster, SignedRoster,
    directory::{ADDRESSES_MAX, Reached},
    frame::{NewChild, Start},
    roster::Child,
    voucher::{self, Voucher},
};
use uuid::Uuid;

use calendars::Calendars;
use facts::{cbor, from_cbor, key, read_fact};
use state::{Asides, Asked, Chance, Connection, Counted, Directory, Here, ROSTER, Readers};
use unknown::Unknown;

pub use documents::PlanDocuments;
pub use drafts::{DRAFT_BYTES_MAX, Draft, DraftPlace};
pub use facts::{pep_of, start_of};
pub use line::PROGRAM;
pub use state::{Became, Held, Line, NotChosen, Present, Revoked, Said, Spot, Traffic, Unshared, Waiting, Waits, Why};
pub use typed::Typed;
pub use unknown::{Made, Newer};
pub use unshared::Shared;
use views::Views;
pub use views::Work;

/// Facts that stand beside the plans begin so: settings, the PIN.
const KEPT: &[u8] = b"kept/";

/// A fact: the newest mark heard of the relay.
const MARK: &[u8] = b"mark";

/// Who uses this device, and which relay it belongs to. Kept as a fact; made by joining.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Me {
    /// The person.
    #[serde(with = "serde_bytes")]
    pub person: Id,
    /// Name.
    pub name: String,
    /// School, council or agency.
    pub organisation: Option<String>,
    /// Main role, by its name in the contract.
    pub role: String,
    /// This device.
    #[serde(with = "serde_bytes")]
    pub device: Id,
    /// The relay.
    pub relay: Relay,
}

/// The relay that this device joined, and what it is known by.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Relay {
    /// `wss://host:port`, or `ws://` on this machine alone.
    pub url: String,
    /// Its id.
    #[serde(with = "serde_bytes")]
    pub id: Id,
    /// The key that signs rosters; pinned by the invitation, or vouched for by the one that was.
    #[serde(with = "serde_bytes")]
    pub key: gate::PublicKey,
    /// Those that it had before, the oldest first: what they signed and is kept here holds until there is something newer.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub former: Vec<serde_bytes::ByteArray<32>>,
    /// Where it says that it is reached, in the order to try. None where it has said nothing.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub addresses: Vec<Reached>,
    /// SHA-256 of its certificate's public key; pinned by the invitation. None on a plain loopback line.
    pub tls: Option<serde_bytes::ByteArray<32>>,
    /// What it calls itself.
    pub name: String,
}

impl Relay {
    /// The same relay, under the newest key that its present one vouches for.
    pub fn followed(mut self, vouchers: &[Voucher]) -> Relay {
        for key in voucher::followed(&self.id, &self.key, vouchers) {
            self.former.push(serde_bytes::ByteArray::new(self.key));
            self.key = key;
        }
        self
    }

    /// Where to look for it: at the addresses that it says, then at the one of the link.
    pub fn reached(&self) -> Vec<Reached> {
        let own = Reached { url: self.url.clone(), tls: self.tls };
        let mut all: Vec<Reached> = self.addresses.iter().take(ADDRESSES_MAX).cloned().collect();
        if !all.contains(&own) {
            all.push(own);
        }
        all
    }

    /// Whether this is, or was, its key.
    pub fn is_known_by(&self, key: &gate::PublicKey) -> bool {
        self.key == *key || self.former.iter().any(|former| **former == *key)
    }

    /// The roster inside, where a key signed it that this relay has, or had when it was kept here.
    fn kept(&self, signed: &SignedRoster) -> Option<Roster> {
        let former = self.former.iter().rev().map(|key| &**key);
        std::iter::once(&self.key).chain(former).find_map(|key| signed.verify(key))
    }
}

/// Everything of one device.
pub struct Device {
    replica: Replica,
    processes: Processes,
    me: Option<Me>,
    roster: People,
    directory: Directory,
    /// Rises with every list of people that was taken in.
    people: u64,
    peps: BTreeMap<Id, Pep>,
    calendars: Calendars,
    documents: BTreeMap<Id, (Id, DocumentKind)>,
    /// Who may write where, by process, the version begun under, the one followed and kind of document; read when first asked for.
    rules: BTreeMap<(String, u32, u32, DocumentKind), Arc<Rules>>,
    connection: Option<Connection>,
    line: Line,
    here: Here,
    readers: Readers,
    counted: Counted,
    views: Views,
    /// Generations of PEPs that do not stand.
    aside: Asides,
    /// What a newer version made.
    unknown: Unknown,
    /// The newest mark heard of the relay.
    mark: Option<Mark>,
    /// Whether the line ended while both sides held the same.
    ended_in_step: bool,
    words: Vec<String>,
    /// Changes of this person that were refused, by number.
    refused: BTreeMap<u64, Held>,
    /// That the relay has revoked this device.
    revoked: Option<Revoked>,
    changed: u64,
    /// What its person asked of the directory.
    asked: Vec<Asked>,
    /// Where new incarnations come from.
    chance: Chance,
    last_sync: Option<i64>,
    /// Today as the last call's `now` says, `YYYY-MM-DD`.
    day: String,
}

impl Device {
    /// Begins from what this device's replica holds. `key`: this device's, where it has joined. `chance`: 16 bytes of it, of which everything that
    /// this device draws by itself follows.
    /// `processes`: those it knows; a plan under another is kept, and listed as one of a newer program.
    pub fn open(
        mut replica: Replica,
        processes: Processes,
        key: Option<Ed25519KeyPair>,
        chance: Id,
    ) -> Result<Device, Trouble> {
        let me: Option<Me> = read_fact(&replica, b"me")?;
        let mut chance = Chance::new(chance);
        if let (Some(me), Some(key)) = (&me, key) {
            let incarnation = replica.incarnation(chance.draw())?;
            replica.set_signer(Signer { key, device: me.device, person: me.person, incarnation });
        }
        let roster = match &me {
            Some(me) => read_fact::<SignedRoster>(&replica, ROSTER)?.and_then(|r| me.relay.kept(&r)),
            None => None,
        };
        let (directory, roster) = Directory::read(&replica, me.as_ref().map(|me| &me.person), roster)?;
        let last_sync = read_fact(&replica, b"last-sync")?;
        let readers = Readers::read(&replica.facts(Readers::FACTS)?);
        let mark = read_fact(&replica, MARK)?;
        let aside = state::asides(&replica)?;
        let unknown = Unknown::read(&mut replica, &processes)?;
        let mut device = Device {
            replica,
            processes,
            me,
            roster,
            directory,
            people: 0,
            peps: BTreeMap::new(),
            calendars: Calendars::default(),
            documents: BTreeMap::new(),
            rules: BTreeMap::new(),
            connection: None,
            line: Line::Offline,
            here: Here::default(),
            readers,
            counted: Counted::default(),
            views: Views::default(),
            aside,
            unknown,
            mark,
            ended_in_step: false,
            words: Vec::new(),
            refused: BTreeMap::new(),
            revoked: None,
            changed: 0,
            asked: Vec::new(),
            chance,
            last_sync,
            day: String::new(),
        };
        device.take_calendars();
        let refused = state::kept(&device.replica)?;
        device.refused = refused.into_iter().map(|(number, held)| (number, held.among(&device.processes))).collect();
        for (_, value) in device.replica.facts(b"pep/")? {
            if let Some(pep) = from_cbor::<Start>(&value).as_ref().and_then(|start| pep_of(start, &device.processes)) {
                let pep = device.as_moved(pep)?;
                device.know(pep);
            }
        }
        Ok(device)
    }

    /// The processes this device knows.
    pub fn processes(&self) -> &Processes {
        &self.processes
    }

    /// Makes this device that person's, for that relay. Joining again with the same key keeps the incarnation.
    pub fn join(&mut self, me: Me, key: Ed25519KeyPair, roster: Option<SignedRoster>) -> Result<(), Trouble> {
        let same_device = self.me.as_ref().is_some_and(|before| before.device == me.device);
        let kept = self.replica.kept_incarnation()?.filter(|_| same_device);
        let incarnation = kept.unwrap_or_else(|| self.chance.draw());
        self.replica.begin_incarnation(incarnation);
        self.replica.set_fact(b"me", Some(&cbor(&me)));
        if let Some((signed, verified)) = roster.as_ref().and_then(|r| Some((r, r.verify(&me.relay.key)?))) {
            self.show_roster(signed, People::of(&verified))?;
        }
        self.replica.commit()?;
        self.replica.set_signer(Signer { key, device: me.device, person: me.person, incarnation });
        self.me = Some(me);
        self.touch();
        Ok(())
    }

    /// From now on the relay is known as this. On the disk when this returns.
    pub fn know_relay(&mut self, relay: Relay) -> Result<(), Trouble> {
        let Some(me) = self.me.as_mut() else { return Ok(()) };
        me.relay = relay;
        self.replica.set_fact(b"me", Some(&cbor(me)));
        self.replica.commit()?;
        self.touch();
        Ok(())
    }

    /// Who uses this device; `None` before it has joined.
    pub fn me(&self) -> Option<&Me> {
        self.me.as_ref()
    }

    /// Who works with whom, as the relay last said.
    pub fn roster(&self) -> &People {
        &self.roster
    }

    /// The line to the relay.
    pub fn line(&self) -> &Line {
        &self.line
    }

    /// When this device was last in step with the relay, in Unix seconds.
    pub fn last_sync(&self) -> Option<i64> {
        self.last_sync
    }

    /// Something small that this device keeps beside the plans, by its name; `None` where there is none, or none that can be read.
    pub fn kept<T: for<'de> Deserialize<'de>>(&self, name: &str) -> Result<Option<T>, Trouble> {
        read_fact(&self.replica, &[KEPT, name.as_bytes()].concat())
    }

    /// Whether there is something of that name, readable or not.
    pub fn is_kept(&self, name: &str) -> Result<bool, Trouble> {
        Ok(self.replica.fact(&[KEPT, name.as_bytes()].concat())?.is_some())
    }

    /// Keeps it; `None` forgets it. On the disk when this returns.
    pub fn keep<T: Serialize>(&mut self, name: &str, value: Option<&T>) -> Result<(), Trouble> {
        self.replica.set_fact(&[KEPT, name.as_bytes()].concat(), value.map(cbor).as_deref());
        self.replica.commit()?;
        self.touch();
        Ok(())
    }

    /// The documents.
    pub fn replica(&mut self) -> &mut Replica {
        &mut self.replica
    }

    /// Erases documents, so that nothing of them can be read here any more, with whatever key. This device moves on first: if it
    /// ever writes in one of them again, what it wrote there before is not known here.
    pub fn erase(&mut self, docs: &[Id]) -> Result<(), Trouble> {
        if self.replica.signer().is_some() {
            self.move_on()?;
        }
        docs.iter().try_for_each(|doc| self.replica.erase(doc))
    }

    /// All PEPs held here, in the order of their ids.
    pub fn peps(&self) -> impl Iterator<Item = &Pep> {
        self.peps.values()
    }

    /// One of them.
    pub fn pep(&self, id: &Uuid) -> Option<&Pep> {
        self.peps.get(id.as_bytes())
    }

    /// Children of this person's teams, each once, and those added here that the relay does not know yet.
    pub fn children(&self) -> Result<Vec<Child>, Trouble> {
        let entries = self.roster.children().filter(|child| self.roster.joined(&child.id).is_none());
        let mut children: Vec<Child> = entries.cloned().collect();
        let new = self.new_children()?.into_iter().filter(|child| self.roster.child(&child.child).is_none());
        children.extend(new.map(as_child));
        Ok(children)
    }

    /// One of them, by the id of any entry of theirs.
    pub fn child(&self, id: &Uuid) -> Result<Option<Child>, Trouble> {
        if let Some(child) = self.roster.child(&self.roster.known_as(id.as_bytes())) {
            return Ok(Some(child.clone()));
        }
        Ok(read_fact(&self.replica, &key(b"child/", id.as_bytes()))?.map(as_child))
    }

    /// Adds a child, with or without a connection.
    pub fn add_child(&mut self, child: NewChild) -> Result<(), Trouble> {
        self.replica.set_fact(&key(b"child/", &child.child), Some(&cbor(&child)));
        self.replica.commit()?;
        self.announce()?;
        self.touch();
        Ok(())
    }

    /// Things that happened on the line and that a person should hear of; each is given out once.
    pub fn take_words(&mut self) -> Vec<String> {
        std::mem::take(&mut self.words)
    }

    /// Rises whenever something that a page shows may have changed.
    pub fn changed(&self) -> u64 {
        self.changed
    }

    fn new_children(&self) -> Result<Vec<NewChild>, Trouble> {
        Ok(self.replica.facts(b"child/")?.iter().filter_map(|(_, v)| from_cbor(v)).collect())
    }

    fn touch(&mut self) {
        self.changed += 1;
    }
}

/// A child that was added here, as the relay will say it.
fn as_child(child: NewChild) -> Child {
    let NewChild { child: id, name, dob, looked_after_since, emergency } = child;
    Child { id, name, dob, looked_after_since, emergency, ..Child::default() }
}
