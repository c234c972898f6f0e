//! A signature of somebody whom the list of people lacks: on every page that lists signatures, with what to do.

use plan::{ActorId, Signing};
use sync::{
    Cursor, Roster,
    roster::{Child, Member, Person},
};

use super::*;

const CARYS: Id = [4; 16];

fn carys() -> Ed25519KeyPair {
    Ed25519KeyPair::from_seed_unchecked(&[4; 32]).unwrap()
}

impl Device {
    /// The relay says who is on Idris's team, this device's person and, or not, his carer.
    fn hears_of_the_team(&self, pep: &Pep, with_carys: bool) {
        let (child, me, role) = (*pep.child.as_bytes(), self.person, self.role.to_string());
        let mut roster = Roster { version: 1, relay: [1; 16], ..Roster::default() };
        let (name, dob) = ("Idris Fennimoor".to_owned(), "2010-11-02".to_owned());
        roster.children.push(Child { id: child, name, dob, looked_after_since: None, emergency: false });
        let team = [(me, "Ottoline Greaves-Penn", role), (CARYS, "Carys Wexcombe", "carer".to_owned())];
        for (id, name, role) in team.into_iter().filter(|(id, ..)| with_carys || *id == me) {
            roster.people.push(Person { id, name: name.into(), organisation: None, role: role.clone() });
            roster.teams.push(Member { child, person: id, role, from: "2026-01-01".into(), to: None });
        }
        if with_carys {
            let key = replica::public_key(&carys());
            let (id, name) = (gate::device_id(&key), "laptop".to_owned());
            roster.devices.push(sync::roster::Device { id, key, person: CARYS, name, revoked: None, locked: None });
        }
        let signed = roster.sign(&relay_key());
        self.app.with(move |core| core.take_roster(&signed).unwrap()).unwrap();
    }

    /// His carer has seen the plan, on a device of hers, and that comes by the relay.
    fn hears_that_carys_has_seen(&self, pep: &Pep) {
        let (doc, key) = (*pep.document(DocumentKind::Main).as_bytes(), carys());
        let public = replica::public_key(&key);
        let actor = gate::actor_id(&doc, &public, &CARYS, 0);
        let mut document = plan::from_genesis(pep, DocumentKind::Main, ActorId::from(actor));
        let on = "2026-02-27".parse().unwrap();
        let signing = Signing { question: "signoff.carer", key: Uuid::from_u128(1), on, comment: "I have read it." };
        let writer = Writer { person: Uuid::from_bytes(CARYS), role: Role::Carer };
        plan::sign(&mut document, pep, &writer, signing, 1_772_114_700).unwrap();
        let mut change = document.get_last_local_change().unwrap();
        let (seq, hash, chunks) = (change.seq(), change.hash().0, change.bytes().to_vec());
        let envelope = sync::sign(&key, gate::device_id(&public), doc, actor, seq, hash, chunks);
        let from = Some(Cursor::new([9; 16], 1));
        let taken = self.app.with(move |core| {
            let team = core.authority(&doc);
            core.replica().offer(&doc, &[envelope], &team, from).unwrap().1
        });
        assert_eq!(taken.unwrap(), None);
    }
}

#[test]
fn a_signature_of_somebody_unnamed_is_on_every_page_that_lists_signatures() {
    let (device, pep) = Device::idris(Role::DesignatedTeacher);
    device.hears_of_the_team(&pep, true);
    device.hears_that_carys_has_seen(&pep);
    let says = |page: &str, wanted: &[&str]| {
        let html = device.page(&at(&pep, page));
        for words in wanted {
            assert!(html.contains(words), "{page} lacks {words:?}");
        }
        html
    };
    assert!(says("/sign-off", &["Carys Wexcombe, carer", "Stands"]).contains("I have read it."));
    says("/history", &["Carys Wexcombe, "]);
    assert!(!says("/checks", &[]).contains("cannot name"));

    device.hears_of_the_team(&pep, false);
    let what_to_do = format!("It does not count here. <a class=\"govuk-link\" href=\"{}\">", at(&pep, "/checks"));
    let html = says("/sign-off", &["Somebody this device cannot name, carer", "I have read it.", &what_to_do]);
    assert!(!html.contains("Nobody has signed yet") && !html.contains("Carys"));
    says("/history", &["Somebody this device cannot name, ", "It does not count here"]);
    says(
        "/print/copy?reader=me&part=A/meta",
        &["somebody this device cannot name, 27 February 2026 (does not count): “"],
    );
    says(
        "/checks",
        &[
            "Signed on 27 February 2026 by somebody this device cannot name",
            "Somebody this device cannot name has made 1 change in this plan",
        ],
    );
}
