//! What this device's person writes: a PEP started, answers changed, a signature given, each as changes that are on the disk
//! before anybody is told so.

use plan::{Answer, Applied, DocumentKind, Edit, Pep, Refused, Role, Signing, Writer};
use replica::Trouble;
use uuid::Uuid;

use super::{
    Device,
    facts::{cbor, key, start_of},
};
use crate::pieces::pieces;

impl Device {
    /// Starts a PEP, with or without a connection; `false` where it is held already. `role`: this person's for the child.
    pub fn start_pep(&mut self, pep: &Pep, role: Role) -> Result<bool, Trouble> {
        let id = *pep.id().as_bytes();
        let new = !self.peps.contains_key(&id);
        if new {
            self.replica.set_fact(&key(b"pep/", &id), Some(&cbor(&start_of(pep))));
        }
        for kind in DocumentKind::ALL {
            let doc = *pep.document(*kind).as_bytes();
            if !self.reads(pep, *kind, role) {
                continue;
            }
            self.replica.start(&doc, &pep.genesis(*kind))?;
            self.documents.insert(doc, (id, *kind));
        }
        if new {
            self.replica.commit()?;
            self.peps.insert(id, pep.clone());
            self.announce()?;
            self.touch();
        }
        Ok(new)
    }

    /// Makes the edits in one document of a PEP, as one change that is on the disk when this returns. `now` in Unix seconds.
    pub fn edit(
        &mut self,
        pep: &Pep,
        kind: DocumentKind,
        role: Role,
        edits: &[Edit],
        now: i64,
    ) -> Result<Result<Applied, Refused>, Trouble> {
        let person = self.me.as_ref().map(|me| Uuid::from_bytes(me.person)).ok_or(Trouble::Unknown)?;
        let writer = Writer { person, role };
        let doc = *pep.document(kind).as_bytes();
        if self.readers.is_lost(&doc) {
            return Err(Trouble::Unknown);
        }
        let team = self.authority_as(&doc, Some(role));
        let mut done =
            self.replica.write(&doc, &team, |document| plan::apply(document, pep, kind, &writer, edits, now))?;
        if let (Err(Refused::TooMuchAtOnce { .. }), [edit]) = (&done, edits)
            && let Some(pieces) = self.in_pieces(pep, role, &person, edit)?
        {
            for piece in pieces {
                done = self
                    .replica
                    .write(&doc, &team, |document| plan::apply(document, pep, kind, &writer, &[piece], now))?;
                if done.is_err() {
                    break;
                }
            }
        }
        self.touch();
        Ok(done)
    }

    /// Signs the plan, as one change that is on the disk when this returns. `now` in Unix seconds.
    pub fn sign(
        &mut self,
        pep: &Pep,
        role: Role,
        signing: Signing<'_>,
        now: i64,
    ) -> Result<Result<Applied, Refused>, Trouble> {
        let person = self.me.as_ref().map(|me| Uuid::from_bytes(me.person)).ok_or(Trouble::Unknown)?;
        let (writer, main) = (Writer { person, role }, *pep.document(DocumentKind::Main).as_bytes());
        let team = self.authority_as(&main, Some(role));
        let done = self.replica.write(&main, &team, |document| plan::sign(document, pep, &writer, signing, now))?;
        self.touch();
        Ok(done)
    }

    /// A whole text that is too long for one change, as pieces. `None` for anything else.
    fn in_pieces(&mut self, pep: &Pep, role: Role, person: &Uuid, edit: &Edit) -> Result<Option<Vec<Edit>>, Trouble> {
        let (Edit::Rewrite { question, text } | Edit::Append { question, text }) = edit else { return Ok(None) };
        let view = self.view(pep, role)?;
        let before = match view.answers.get(question.as_str()) {
            Some(Answer::Text { text }) => text.as_str(),
            Some(Answer::Missing) => "",
            Some(Answer::Voices(voices)) => {
                voices.iter().find(|v| v.person == *person).map_or("", |voice| voice.text.as_str())
            }
            _ => return Ok(None),
        };
        let after = match edit {
            Edit::Append { .. } if !before.is_empty() && !before.ends_with('\n') => format!("{before}\n{text}"),
            Edit::Append { .. } => format!("{before}{text}"),
            _ => text.clone(),
        };
        Ok(Some(pieces(question, before, &after)))
    }
}
