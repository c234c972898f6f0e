//! Who else is on a child's team, and what they write on devices of their own: the relay's side of the line is played by hand.

use gate::Envelope;
use plan::{ActorId, Automerge, Signing};
use sync::{
    Cursor, Roster,
    roster::{Child, Member, Person},
};

use crate::prelude::*;

/// Somebody with a device of their own: name, role, and a number that is nobody else's.
#[derive(Clone, Copy)]
pub struct Other(pub &'static str, pub Role, pub u8);

/// Idris's carer.
pub const CARYS: Other = Other("Carys Wexcombe", Role::Carer, 4);
/// His social worker.
pub const ODILE: Other = Other("Odile Marrowfield", Role::SocialWorker, 5);
/// The officer of the Virtual School.
pub const LORCAN: Other = Other("Lorcan Tidewell", Role::VirtualSchoolOfficer, 6);

impl Other {
    /// The person.
    pub fn person(self) -> Id {
        [self.2; 16]
    }

    fn key(self) -> Ed25519KeyPair {
        Ed25519KeyPair::from_seed_unchecked(&[self.2; 32]).unwrap()
    }

    /// What they write as the first change of theirs, on a device that holds nothing but the empty plan.
    pub fn writes(self, pep: &Pep, kind: DocumentKind, write: impl FnOnce(&mut Automerge, &Writer)) -> Envelope {
        let (doc, key) = (*pep.document(kind).as_bytes(), self.key());
        let public = replica::public_key(&key);
        let actor = gate::numbered_actor(&doc, &gate::Author { key: public, person: self.person() }, 0);
        let mut document = plan::from_genesis(pep, kind, ActorId::from(actor));
        write(&mut document, &Writer::new(Uuid::from_bytes(self.person()), self.1));
        let mut change = document.get_last_local_change().unwrap();
        let (seq, hash, chunks) = (change.seq(), change.hash().0, change.bytes().to_vec());
        sync::sign(&key, gate::device_id(&public), doc, actor, seq, hash, chunks)
    }

    /// The same of one edit.
    pub fn edits(self, pep: &Pep, edit: &Edit) -> Envelope {
        let kind = edit.document().unwrap();
        self.writes(pep, kind, |document, writer| {
            plan::apply(document, pep, kind, writer, std::slice::from_ref(edit), WROTE)
                .unwrap_or_else(|e| panic!("{e}"));
        })
    }

    /// The same of a signature.
    pub fn signs(self, pep: &Pep, comment: &str) -> Envelope {
        self.writes(pep, DocumentKind::Main, |document, writer| {
            let question = plan::sign_off_of(self.1).unwrap();
            let on = "2026-02-25".parse().unwrap();
            let signing = Signing { question, key: Uuid::from_u128(u128::from(self.2)), on, comment };
            plan::sign(document, pep, writer, signing, WROTE).unwrap_or_else(|e| panic!("{e}"));
        })
    }
}

impl Device {
    /// The relay says who is on the team of a plan's child: this device's person, and these.
    pub fn hears_of_the_team(&self, pep: &Pep, others: &[Other]) {
        let (child, me, role) = (*pep.child.as_bytes(), self.person, self.role.to_string());
        let mut roster = Roster { version: 1, relay: [1; 16], ..Roster::default() };
        let (name, dob) = ("Idris Fennimoor".to_owned(), "2010-11-02".to_owned());
        roster.children.push(Child { id: child, name, dob, ..Child::default() });
        let own = (me, "Ottoline Greaves-Penn", role);
        let team = others.iter().map(|other| (other.person(), other.0, other.1.to_string()));
        for (id, name, role) in std::iter::once(own).chain(team) {
            roster.people.push(Person { id, name: name.into(), organisation: None, role: role.clone() });
            roster.teams.push(Member { child, person: id, role, from: "2026-01-01".into(), to: None });
        }
        for other in others {
            let key = replica::public_key(&other.key());
            let (id, name) = (gate::device_id(&key), "laptop".to_owned());
            let person = other.person();
            roster.devices.push(sync::roster::Device { id, key, person, name, revoked: None, locked: None });
        }
        let signed = roster.sign(&relay_key());
        self.with(|device| device.take_roster(&signed)).unwrap();
    }

    /// What somebody else wrote comes by the relay.
    pub fn hears(&self, envelope: Envelope) {
        let doc = envelope.doc;
        let from = Some(Cursor::new([9; 16], 1));
        let taken = self.with(|device| {
            let team = device.authority(&doc);
            device.replica().offer(&doc, &[envelope], &team, from).unwrap().1
        });
        assert_eq!(taken, None);
    }
}
