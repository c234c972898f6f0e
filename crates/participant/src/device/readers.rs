//! Who sees the child's private words: what stands at the relay, what was chosen here and the relay does not know yet, and what
//! becomes of a copy that is no longer for this device's person.

use std::collections::BTreeSet;

use gate::Id;
use plan::{Answer, DocumentKind, Documents, Pep, Role, View};
use replica::Trouble;
use sync::{Frame, frame::Chosen, participant::Session};
use uuid::Uuid;

use super::{
    Device,
    facts::{cbor, from_cbor, key},
    state::{Choice, NotChosen, Readers, Unshared},
};
use crate::words::told;

/// Facts: what could not be shared, under the id of its document.
const UNSHARED: &[u8] = b"unshared/";

/// The annex whose readers the child chooses.
const KIND: DocumentKind = DocumentKind::PrivateVoice;

impl Device {
    /// The roles that hold a document of a PEP: those of its kind, or those the child chose, as the relay last said.
    pub fn readers(&self, pep: &Pep, kind: DocumentKind) -> Vec<Role> {
        match self.readers.choices.get(pep.document(kind).as_bytes()).and_then(|choice| choice.stands.as_ref()) {
            Some(chosen) => chosen.roles.iter().filter_map(|role| role.parse().ok()).collect(),
            None => kind.readers().to_vec(),
        }
    }

    /// Whether a document of a PEP is for somebody in this role, as far as this device knows.
    pub fn reads(&self, pep: &Pep, kind: DocumentKind, role: Role) -> bool {
        !self.readers.is_lost(pep.document(kind).as_bytes()) && self.readers(pep, kind).contains(&role)
    }

    /// Whether it is, and is here.
    pub fn holds(&self, pep: &Pep, kind: DocumentKind, role: Role) -> bool {
        self.documents.contains_key(pep.document(kind).as_bytes()) && self.reads(pep, kind, role)
    }

    /// Who sees the child's private words in a PEP: as was chosen on this device, or as the relay last said. Empty where this
    /// device's person is not among them, and so is not told who is.
    pub fn private_readers(&self, pep: &Pep) -> Vec<Role> {
        let doc = *pep.document(KIND).as_bytes();
        if !self.documents.contains_key(&doc) {
            return Vec::new();
        }
        match self.readers.choices.get(&doc).and_then(|choice| choice.wanted.as_ref()) {
            Some(wanted) => wanted.iter().filter_map(|role| role.parse().ok()).collect(),
            None => self.readers(pep, KIND),
        }
    }

    /// Whether a choice of who sees the child's private words was made here and has not reached the relay.
    pub fn private_readers_wait(&self, pep: &Pep) -> bool {
        self.readers.choices.get(pep.document(KIND).as_bytes()).is_some_and(|choice| choice.wanted.is_some())
    }

    /// Chooses who sees the child's private words in a PEP, with or without a connection: by the young person, or by somebody
    /// who sees them and records it for the child. `role`: this person's for the child. The young person sees them always, the
    /// head of the Virtual School with its officers. Gives who will; on the disk when this returns. Until the relay knows,
    /// nothing is shared there that somebody could read who was not chosen.
    pub fn choose_private_readers(
        &mut self,
        pep: &Pep,
        role: Role,
        roles: &[Role],
    ) -> Result<Result<Vec<Role>, NotChosen>, Trouble> {
        if !self.holds(pep, KIND, role) {
            return Ok(Err(NotChosen::NotYours));
        }
        let chosen = match KIND.chosen(roles) {
            Ok(chosen) => chosen,
            Err(no) => return Ok(Err(no.into())),
        };
        let doc = *pep.document(KIND).as_bytes();
        let mut choice = self.readers.choices.get(&doc).cloned().unwrap_or_default();
        let own = Role::YoungPerson.to_string();
        let theirs = choice.stands.as_ref().is_some_and(|stands| stands.by.as_ref() == Some(&own));
        let wider = choice.stands.as_ref().is_some_and(|s| names(&chosen).iter().any(|role| !s.roles.contains(role)));
        if theirs && wider && role != Role::YoungPerson {
            return Ok(Err(NotChosen::Theirs));
        }
        choice.wanted = Some(names(&chosen));
        self.keep_choice(&doc, choice)?;
        self.replica.commit()?;
        self.announce()?;
        self.touch();
        Ok(Ok(chosen))
    }

    /// What this person wrote for the child and could not share before the child chose others to see it.
    pub fn unshared(&self, pep: &Pep) -> Result<Vec<Unshared>, Trouble> {
        let fact = self.replica.fact(&key(UNSHARED, pep.document(KIND).as_bytes()))?;
        Ok(fact.as_deref().and_then(from_cbor).unwrap_or_default())
    }

    /// The relay says who reads a document that this device may open; `None`: as its kind says.
    pub(super) fn hear_readers(&mut self, doc: &Id, stands: Option<Chosen>) -> Result<(), Trouble> {
        let mut choice = self.readers.choices.get(doc).cloned().unwrap_or_default();
        choice.stands = stands;
        choice.lost = false;
        self.keep_choice(doc, choice)
    }

    /// The relay has taken a choice that was made here.
    pub(super) fn readers_taken(&mut self, doc: &Id, stands: Chosen) -> Result<(), Trouble> {
        let asked = self.readers.asked.remove(doc);
        let mut choice = self.readers.choices.get(doc).cloned().unwrap_or_default();
        if asked.is_some() && asked == choice.wanted {
            choice.wanted = None;
            if asked.as_ref() != Some(&stands.roles) {
                let narrowed =
                    asked.iter().flatten().collect::<BTreeSet<_>>().is_superset(&stands.roles.iter().collect());
                self.words.push(if narrowed { told::BOTH_CHOSE } else { told::CHILD_CHOSE }.to_owned());
            }
        }
        choice.stands = Some(stands);
        self.keep_choice(doc, choice)?;
        self.touch();
        Ok(())
    }

    /// What to ask the relay for: the choices that it does not know. Somebody who records that the child wants others to see
    /// what they wrote down together, and not them, first hands that in.
    pub(super) fn ask_for_readers(&mut self) -> Result<Vec<Frame>, Trouble> {
        let Some(listed) = self.connection.as_ref().and_then(|c| c.listed.as_ref()) else { return Ok(Vec::new()) };
        let wanted = self.readers.choices.iter().filter(|(doc, _)| listed.contains_key(*doc));
        let wanted: Vec<(Id, Choice)> =
            wanted.filter(|(_, choice)| choice.wanted.is_some()).map(|(doc, choice)| (*doc, choice.clone())).collect();
        let mut frames = Vec::new();
        for (doc, mut choice) in wanted {
            let Some(mut roles) = choice.wanted.clone() else { continue };
            let own = self.own_role(&doc);
            let hands_in =
                own.as_ref().is_some_and(|own| !roles.contains(own)) && self.replica.standing(&doc)?.waiting > 0;
            roles.extend(own.clone().filter(|_| hands_in));
            // The young person's own is said also where it is what stands already: from then on it is theirs.
            let young = Role::YoungPerson.to_string();
            let confirms =
                own.as_ref() == Some(&young) && choice.stands.as_ref().is_none_or(|s| s.by.as_ref() != Some(&young));
            if !confirms && self.standing_roles(&choice) == roles.iter().cloned().collect::<BTreeSet<_>>() {
                if !hands_in {
                    choice.wanted = None;
                    self.keep_choice(&doc, choice)?;
                }
                continue;
            }
            if self.readers.asked.get(&doc) != Some(&roles) {
                self.readers.asked.insert(doc, roles.clone());
                frames.push(Session::readers(doc, choice.stands.as_ref(), roles));
            }
        }
        Ok(frames)
    }

    /// Whether what waits in a document may go to the relay: not while somebody there could read it whom the child did not
    /// choose.
    pub(super) fn may_share(&self, doc: &Id) -> bool {
        let Some(choice) = self.readers.choices.get(doc) else { return true };
        let Some(wanted) = &choice.wanted else { return true };
        let own = self.own_role(doc);
        self.standing_roles(choice).iter().all(|role| wanted.contains(role) || Some(role) == own.as_ref())
    }

    /// Of a plan that the relay lists, what it does not list and this device holds is asked for: `gone` is the answer that it is
    /// not this person's any more. A list alone says nothing; it may be cut short.
    pub(super) fn ask_for_unlisted(&mut self) -> Result<(), Trouble> {
        let Some(c) = self.connection.as_ref() else { return Ok(()) };
        let Some(listed) = c.listed.as_ref() else { return Ok(()) };
        let closed = |doc: &Id| !listed.contains_key(doc) && !c.gone.contains(doc) && !c.session.is_open(doc);
        let held = self.documents.iter().filter(|(doc, (pep, kind))| {
            *kind == KIND && closed(doc) && self.peps.get(pep).is_some_and(|pep| listed.contains_key(&main(pep)))
        });
        let held: Vec<Id> = held.map(|(doc, _)| *doc).collect();
        held.iter().try_for_each(|doc| self.open_line(doc))
    }

    /// Loses the copies of what the relay has said is gone, of plans that it still lists.
    pub(super) fn lose_gone(&mut self) -> Result<(), Trouble> {
        let Some(c) = self.connection.as_ref() else { return Ok(()) };
        let Some(listed) = c.listed.as_ref() else { return Ok(()) };
        let lost = c.gone.iter().filter(|doc| !listed.contains_key(*doc));
        let lost = lost.filter(|doc| self.document(doc).is_some_and(|(pep, _)| listed.contains_key(&main(pep))));
        let lost: Vec<Id> = lost.copied().collect();
        lost.iter().try_for_each(|doc| self.lose(doc))
    }

    /// A document of a plan that this person still works with is not theirs any more: its copy goes from this device. What they
    /// wrote in it and could not share is kept apart.
    fn lose(&mut self, doc: &Id) -> Result<(), Trouble> {
        let Some((pep, kind)) = self.document(doc).map(|(pep, kind)| (pep.clone(), kind)) else { return Ok(()) };
        if kind != KIND {
            return Ok(());
        }
        if self.replica.standing(doc)?.waiting > 0 {
            self.keep_unshared(&pep, doc)?;
        }
        self.documents.remove(doc);
        let mut choice = self.readers.choices.get(doc).cloned().unwrap_or_default();
        choice.lost = true;
        choice.wanted = None;
        self.keep_choice(doc, choice)?;
        self.replica.erase(doc)?;
        // What this device wrote there it does not know any more: should it be given the document again, it writes as another.
        self.move_on()?;
        self.words.push(told::NOT_AMONG_READERS.to_owned());
        self.touch();
        Ok(())
    }

    fn keep_unshared(&mut self, pep: &Pep, doc: &Id) -> Result<(), Trouble> {
        let Some(person) = self.me.as_ref().map(|me| Uuid::from_bytes(me.person)) else { return Ok(()) };
        let main = self.replica.read(pep.document(DocumentKind::Main).as_bytes(), Clone::clone)?;
        let annex = self.replica.read(doc, Clone::clone)?;
        let documents = Documents { private_voice: Some(&annex), ..Documents::main(&main) };
        let own = own_words(&plan::read(documents, pep, &|_| None), &person);
        if !own.is_empty() {
            self.replica.set_fact(&key(UNSHARED, doc), Some(&cbor(&own)));
            self.words.push(told::PRIVATE_KEPT.to_owned());
        }
        Ok(())
    }

    /// This person's role for the child of a document, as a relay writes it; the young person's own is always among the readers.
    fn own_role(&self, doc: &Id) -> Option<String> {
        let (pep, _) = self.document(doc)?;
        self.role_in(pep, &self.day).map(|role| role.to_string())
    }

    fn standing_roles(&self, choice: &Choice) -> BTreeSet<String> {
        match &choice.stands {
            Some(stands) => stands.roles.iter().cloned().collect(),
            None => KIND.readers().iter().map(Role::to_string).collect(),
        }
    }

    fn keep_choice(&mut self, doc: &Id, choice: Choice) -> Result<(), Trouble> {
        if self.readers.choices.get(doc) == Some(&choice) {
            return Ok(());
        }
        let known = choice != Choice::default();
        self.replica.set_fact(&key(Readers::FACTS, doc), known.then(|| cbor(&choice)).as_deref());
        match known {
            true => drop(self.readers.choices.insert(*doc, choice)),
            false => drop(self.readers.choices.remove(doc)),
        }
        Ok(())
    }
}

fn names(roles: &[Role]) -> Vec<String> {
    roles.iter().map(Role::to_string).collect()
}

fn main(pep: &Pep) -> Id {
    *pep.document(DocumentKind::Main).as_bytes()
}

/// What one person wrote in the questions of the annex.
fn own_words(view: &View, person: &Uuid) -> Vec<Unshared> {
    let mut own = Vec::new();
    for question in plan::bank().questions().iter().filter(|question| question.document() == KIND) {
        if let Some(Answer::Voices(voices)) = view.answers.get(question.id.as_str()) {
            let mine = voices.iter().filter(|voice| voice.person == *person);
            own.extend(mine.map(|voice| Unshared { question: question.id.clone(), text: voice.text.clone() }));
        }
    }
    own
}
