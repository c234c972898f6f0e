//! What people have the directory do: a signed sentence, judged by the table of rights, done once however often it comes, in the audit,
//! and answered when it is on the disk.

use std::collections::BTreeMap;

use gate::{Id, Signature};
use replica::Trouble;
use ring::signature::{ED25519, UnparsedPublicKey};
use serde::{Deserialize, Serialize};
use serde_bytes::ByteArray;
use sync::{
    Frame,
    act::{Does, REASON_CHARS_MAX, Sentence, statement},
    directory::{Delegation, Said},
    frame::NotDone,
};

use super::Relay;
use crate::{
    directory::{Directory, Refused, dated, day, from_cbor, sha256, text, to_cbor},
    pep,
    rights::{Act, Reach, Rights},
};

/// Facts: what became of an act, by its id.
const ACTED: &[u8] = b"acted/";
/// How long an answer is kept, and how old a sentence may be, in seconds: 30 days. What was said earlier is refused, so that what is
/// forgotten is never done a second time.
pub const ACT_SECONDS_MAX: i64 = 30 * 24 * 60 * 60;
/// How far a device's clock may be ahead of the relay's, in seconds: a day.
const AHEAD_SECONDS_MAX: i64 = 24 * 60 * 60;
/// Acts of one device that are judged in a day: more than anybody means, and what is kept of them stays small.
pub const ACTS_PER_DAY_MAX: u32 = 500;

/// Somebody was quicker.
const MEANWHILE: &str =
    "That person is not on this child’s team any more, or has handed over already: `pep child show` says who is.";

/// What became of an act.
#[derive(Serialize, Deserialize)]
struct Acted {
    at: i64,
    device: ByteArray<16>,
    /// SHA-256 of the sentence: the same id with another sentence is another act.
    act: ByteArray<32>,
    refused: Option<NotDone>,
}

/// What waits to be answered, and how often each device has asked today.
#[derive(Default)]
pub(super) struct Acts {
    answers: Vec<(u64, Frame)>,
    today: BTreeMap<Id, u32>,
}

impl Relay {
    /// One act of a connection's device.
    pub(super) fn act(&mut self, conn: u64, id: Id, act: &[u8], sig: &Signature, now: i64) -> Result<(), Trouble> {
        let Some(device) = self.lines.get(&conn).map(|line| line.session.device()) else { return Ok(()) };
        let kept = self.replica.fact(&fact(&id))?.map(|kept| from_cbor::<Acted>(&kept)).transpose()?;
        let refused = match kept {
            Some(kept) if kept.act.into_array() == sha256(act) && kept.device.into_array() == device => kept.refused,
            Some(_) => Some(not_done(&Refused::ActUsed)),
            None => self.new_act(device, id, act, sig, now),
        };
        self.acts.answers.push((conn, Frame::Acted { id, refused }));
        Ok(())
    }

    /// Answers those whose acts were done or refused, after everybody whom they concern was sent what changed.
    pub(super) fn tell_acted(&mut self) {
        for (conn, frame) in std::mem::take(&mut self.acts.answers) {
            self.send(conn, frame);
            self.ready.insert(conn);
        }
    }

    /// Another day: answers that are old enough are forgotten.
    pub(super) fn forget_acts(&mut self, now: i64) -> Result<(), Trouble> {
        self.acts.today.clear();
        for (key, kept) in self.replica.facts(ACTED)? {
            if from_cbor::<Acted>(&kept)?.at < now.saturating_sub(ACT_SECONDS_MAX + AHEAD_SECONDS_MAX) {
                self.replica.set_fact(&key, None);
                self.dirty = true;
            }
        }
        Ok(())
    }

    /// An act that was not answered before: done, or why not. What is not rightly signed by the device is not kept.
    fn new_act(&mut self, device: Id, id: Id, act: &[u8], sig: &Signature, now: i64) -> Option<NotDone> {
        let sentence = match self.heard_act(&device, &id, act, sig, now) {
            Ok(sentence) => sentence,
            Err(refused) => return Some(not_done(&refused)),
        };
        let done = self.do_act(&device, &sentence, now);
        let said = [("act", text(&id)), ("what", sentence.does.word().to_owned())];
        if let Err(refused) = &done {
            let said = said.into_iter().chain([("code", refused.code().to_owned())]).collect::<Vec<_>>();
            self.directory.audit(now, Some(device), "refused act", &said);
        } else {
            let why = sentence.why.iter().map(|why| ("why", why.clone()));
            self.directory.audit(now, Some(device), "did act", &said.into_iter().chain(why).collect::<Vec<_>>());
        }
        let refused = done.err().map(|refused| not_done(&refused));
        let acted = Acted {
            at: now,
            device: ByteArray::new(device),
            act: ByteArray::new(sha256(act)),
            refused: refused.clone(),
        };
        self.stage();
        self.replica.set_fact(&fact(&id), Some(&to_cbor(&acted)));
        self.dirty = true;
        refused
    }

    /// The sentence, if this device signed it now and for this relay.
    fn heard_act(&mut self, device: &Id, id: &Id, act: &[u8], sig: &Signature, now: i64) -> Result<Sentence, Refused> {
        let known = self.directory.device(device)?;
        // A device that has not heard yet of a newer key of this relay's names an older one.
        let known = UnparsedPublicKey::new(&ED25519, known.key);
        let signed = |relay| known.verify(&statement(relay, id, act), sig).is_ok();
        if !self.keys().iter().any(signed) {
            return Err(Refused::ActSignature);
        }
        let asked = self.acts.today.entry(*device).or_default();
        *asked += 1;
        if *asked > ACTS_PER_DAY_MAX {
            return Err(Refused::TooMany { what: "requests of one device today", limit: ACTS_PER_DAY_MAX as usize });
        }
        let sentence = Sentence::decode(act).filter(|sentence| sentence.by == *device).ok_or(Refused::ActUnclear)?;
        let age = now.saturating_sub(sentence.at);
        if !(-AHEAD_SECONDS_MAX..=ACT_SECONDS_MAX).contains(&age) {
            return Err(Refused::ActOld);
        }
        let reason = sentence.why.as_deref().unwrap_or_default();
        let is_long = reason.chars().count() > REASON_CHARS_MAX;
        if is_long || !sentence.says_why_where_asked() {
            return Err(Refused::ActReason);
        }
        Ok(sentence)
    }

    fn do_act(&mut self, device: &Id, sentence: &Sentence, now: i64) -> Result<(), Refused> {
        let today = day(now);
        self.judge_act(device, &sentence.does, &today)?;
        let on = sentence.from.as_deref().unwrap_or(&today);
        // Nobody who worked with a child on a day is made not to have.
        if dated(on)? < today {
            return Err(Refused::ActPast);
        }
        let (directory, by) = (&mut self.directory, Some(*device));
        // What was given to somebody else from a later day on does not stand any more, either.
        let meanwhile = |refused| if refused == Refused::NotOnTeam { Refused::Stands(MEANWHILE) } else { refused };
        match &sentence.does {
            Does::HandOver { child, from, to } => directory.hand_over(child, from, to, on, by, now).map_err(meanwhile),
            Does::EndMembership { child, person } => {
                directory.end_member(child, person, on, by, now).map_err(meanwhile)
            }
            Does::Delegate { child, pep, to, sections, .. } if sections.is_empty() => {
                directory.end_delegation(child, (pep, to), on, by, now)
            }
            Does::Delegate { child, pep, to, sections, until } => {
                let (from, to_day) = (on.to_owned(), until.clone());
                let new =
                    Delegation { pep: *pep, person: *to, sections: sections.clone(), from, to: to_day, joined: None };
                directory.delegate(new, child, by, now)
            }
            Does::AmendPep { child, pep, was, is } => {
                directory.amend_pep((child, pep), (was, is), said(directory, sentence, device, on)?, by, now)
            }
            Does::WithdrawPep { child, pep, back } => {
                directory.withdraw_pep((child, pep), *back, said(directory, sentence, device, on)?, by, now)
            }
            Does::JoinChildren { child, into, apart } => {
                directory.join_children((child, into), *apart, said(directory, sentence, device, on)?, by, now)
            }
            Does::SetContact { was, is } => directory.set_contact(device, was, is, now),
            Does::CorrectChild { child, fact, was, is } => {
                directory.correct_child((child, *fact), (was, is), device, now)
            }
            Does::NameDevice { device: one, was, is } => directory.name_device(one, (was, is), device, now),
        }
    }

    /// Refuses what the person may not do, and what does not fit what stands now.
    fn judge_act(&self, device: &Id, does: &Does, today: &str) -> Result<(), Refused> {
        let directory = &self.directory;
        let person = directory.device(device)?.person;
        let (child, whom) = match does {
            Does::SetContact { .. } => return Ok(()),
            Does::NameDevice { device: one, .. } => {
                let theirs = directory.known_device(one).is_some_and(|known| known.person == person);
                return if theirs { Ok(()) } else { Err(Refused::ActRight) };
            }
            Does::HandOver { child, from, .. } => (child, Some(from)),
            Does::EndMembership { child, person } => (child, Some(person)),
            Does::CorrectChild { child, .. }
            | Does::Delegate { child, .. }
            | Does::AmendPep { child, .. }
            | Does::WithdrawPep { child, .. }
            | Does::JoinChildren { child, .. } => (child, None),
        };
        let main = directory.person(&person).and_then(|known| known.role.parse().ok());
        let here = directory.role(child, &person, today).and_then(|role| role.parse().ok());
        let reach = |role| Rights::default().reach(Act::of(does), role);
        let everywhere = main.is_some_and(|role| reach(role) == Reach::All);
        let was_here = directory.team(child).iter().any(|member| member.person == person);
        // Whoever never had to do with a child is told nothing of them, not even whether they are known.
        if !everywhere && !was_here {
            return Err(Refused::ActRight);
        }
        let stands = |whom: &Id| directory.team(child).iter().find(|m| m.person == *whom && m.on(today));
        let member = whom.map(|whom| stands(whom).ok_or(Refused::Stands(MEANWHILE)));
        let member = member.transpose()?;
        let own = whom.is_none_or(|whom| *whom == person);
        let reached = match here.map_or(Reach::No, reach) {
            _ if everywhere => Reach::All,
            Reach::Own if !own => Reach::No,
            reached => reached,
        };
        // Who looks over the plan is not taken off the team by those whom they look over.
        let guards =
            member.is_some_and(|member| pep::is_virtual_school(&member.role) || pep::is_reviewing(&member.role));
        if reached == Reach::No || (guards && reached < Reach::All && !own) {
            return Err(Refused::ActRight);
        }
        if let (Does::Delegate { to, sections, .. }, false) = (does, everywhere)
            && !sections.is_empty()
        {
            directory.person(to).ok_or(Refused::PersonUnknown)?;
            let of = |person: &Id| directory.person(person).and_then(|known| known.organisation.as_ref());
            let colleagues = of(&person).is_some_and(|own| Some(own) == of(to));
            // Whoever is of another school, and on the team, the Virtual School has put there.
            if !colleagues && directory.role(child, to, today).is_none() {
                return Err(Refused::NotAColleague);
            }
        }
        if let (Does::HandOver { to, .. }, Some(member)) = (does, member) {
            let role = directory.person(to).ok_or(Refused::PersonUnknown)?.role.clone();
            if role != member.role {
                return Err(Refused::RoleDiffers(role));
            }
        }
        Ok(())
    }
}

/// That whoever has signed a sentence says so.
fn said(directory: &Directory, sentence: &Sentence, device: &Id, on: &str) -> Result<Said, Refused> {
    let by = Some(ByteArray::new(directory.device(device)?.person));
    let why = sentence.why.as_deref().map(str::trim).filter(|why| !why.is_empty()).map(str::to_owned);
    Ok(Said { by, on: on.to_owned(), why })
}

fn fact(id: &Id) -> Vec<u8> {
    [ACTED, id].concat()
}

fn not_done(refused: &Refused) -> NotDone {
    let code = if refused.is_value() { "value" } else { refused.code() };
    NotDone { code: code.to_owned(), reason: refused.to_string() }
}
