//! What this device's person writes: a PEP started, answers changed, a signature given, each as changes that are on the disk
//! before anybody is told so.

use plan::{Answer, Applied, DocumentKind, Edit, Pep, Refused, Role, Signing, TEXT_MAX, Writer};
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
            self.put_pep(id, pep.clone());
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
        let writer = self.writer(pep, role)?;
        let doc = *pep.document(kind).as_bytes();
        if self.readers.is_lost(&doc) {
            return Err(Trouble::Unknown);
        }
        let pep = &self.as_it_is(pep);
        self.catch_up(pep, kind, role)?;
        self.mark(pep, kind, &writer, edits, now)?;
        let team = self.authority_as(&doc, Some(role));
        let mut done =
            self.replica.write(&doc, &team, |document| plan::apply(document, pep, kind, &writer, edits, now))?;
        if let (Err(Refused::TooMuchAtOnce { .. }), [edit]) = (&done, edits)
            && let Some(pieces) = self.in_pieces(pep, role, &writer.person, edit)?
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
        if let (Err(Refused::TooMuchAtOnce { .. }), [_, _, ..]) = (&done, edits)
            && let Some(lots) = self.in_lots(pep, kind, &writer, edits, now)?
        {
            for lot in lots {
                let next = self.edit(pep, kind, role, &lot, now)?;
                match (&done, &next) {
                    // What is told is that something changed, if anything did.
                    (Ok(Applied { change: Some(_), .. }), Ok(Applied { change: None, .. })) => {}
                    _ => done = next,
                }
                if done.is_err() {
                    break;
                }
            }
        }
        self.touch();
        Ok(done)
    }

    /// Before contact restrictions change in their annex the plan itself says that they do, so that everybody knows which signatures
    /// that makes stale. First, for where the machine stops in between a signature is asked for once more, and never missed.
    fn mark(
        &mut self,
        pep: &Pep,
        kind: DocumentKind,
        writer: &Writer,
        edits: &[Edit],
        now: i64,
    ) -> Result<(), Trouble> {
        let is_answer =
            |edit: &&Edit| !matches!(edit, Edit::Comment { .. } | Edit::Carry { .. } | Edit::Confirm { .. });
        let Some(question) = edits.iter().filter(is_answer).find_map(marked) else { return Ok(()) };
        let doc = *pep.document(kind).as_bytes();
        let changes = self.replica.read(&doc, |document| {
            let mut copy = document.clone();
            plan::apply(&mut copy, pep, kind, writer, edits, now).is_ok_and(|applied| applied.change.is_some())
        })?;
        let main = *pep.document(DocumentKind::Main).as_bytes();
        if !changes || !self.holds(pep, DocumentKind::Main, writer.role) {
            return Ok(());
        }
        let heads: Vec<u8> = self.heads(&main)?.concat();
        let key = Uuid::new_v5(&writer.person, &[question.as_bytes(), &heads].concat()).to_string();
        let edit = Edit::Mark { key, question: question.to_owned() };
        let team = self.authority_as(&main, Some(writer.role));
        let mark = |document: &mut plan::Automerge| {
            plan::apply(document, pep, DocumentKind::Main, writer, std::slice::from_ref(&edit), now)
        };
        // Where it is refused the edit itself is, too.
        self.replica.write(&main, &team, mark)?.ok();
        Ok(())
    }

    /// Edits that are too much for one change, as lots of which each but a long text by itself fits: the texts one by one, and the rest
    /// before or after them, as the plan allows it. `None` where it allows neither, or no text is among them: nothing is written then.
    fn in_lots(
        &mut self,
        pep: &Pep,
        kind: DocumentKind,
        writer: &Writer,
        edits: &[Edit],
        now: i64,
    ) -> Result<Option<Vec<Vec<Edit>>>, Trouble> {
        let too_long =
            |edit: &Edit| matches!(edit, Edit::Rewrite { text, .. } if text.encode_utf16().count() > TEXT_MAX);
        if edits.iter().any(too_long) {
            return Ok(None);
        }
        let is_text = |edit: &&Edit| shortened(edit).is_some();
        let (texts, rest): (Vec<&Edit>, Vec<&Edit>) = edits.iter().partition(is_text);
        let texts = || texts.iter().map(|text| vec![(*text).clone()]);
        let rest = (!rest.is_empty()).then(|| rest.into_iter().cloned().collect::<Vec<Edit>>());
        let orders = [rest.clone().into_iter().chain(texts()).collect::<Vec<_>>(), texts().chain(rest).collect()];
        let doc = *pep.document(kind).as_bytes();
        let allowed = self.replica.read(&doc, |document| {
            orders.into_iter().find(|lots| {
                let mut copy = document.clone();
                lots.iter().all(|lot| {
                    let short: Vec<Edit> =
                        lot.iter().map(|edit| shortened(edit).unwrap_or_else(|| edit.clone())).collect();
                    plan::apply(&mut copy, pep, kind, writer, &short, now).is_ok()
                })
            })
        })?;
        Ok(allowed.filter(|lots| lots.len() > 1))
    }

    /// Signs the plan, as one change that is on the disk when this returns. `now` in Unix seconds.
    pub fn sign(
        &mut self,
        pep: &Pep,
        role: Role,
        signing: Signing<'_>,
        now: i64,
    ) -> Result<Result<Applied, Refused>, Trouble> {
        let pep = &self.as_it_is(pep);
        let (writer, main) = (self.writer(pep, role)?, *pep.document(DocumentKind::Main).as_bytes());
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

/// An edit of a text with a few words in place of many, to find out whether it is allowed at all; `None` of any other edit.
fn shortened(edit: &Edit) -> Option<Edit> {
    const LETTERS: usize = 100;
    let few = |text: &str| text.chars().take(LETTERS).collect::<String>();
    match edit {
        Edit::Rewrite { question, text } => Some(Edit::Rewrite { question: question.clone(), text: few(text) }),
        Edit::Append { question, text } => Some(Edit::Append { question: question.clone(), text: few(text) }),
        Edit::Splice { question, at, delete, insert, seen } => Some(Edit::Splice {
            question: question.clone(),
            at: *at,
            delete: *delete,
            insert: few(insert),
            seen: seen.clone(),
        }),
        _ => None,
    }
}

/// The question of an edit in the annex of contact restrictions.
fn marked(edit: &Edit) -> Option<&'static str> {
    let place = edit.place();
    let question = plan::bank().question(place.split('/').next()?)?;
    plan::is_marked(question).then_some(question.id.as_str())
}
