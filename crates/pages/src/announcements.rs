//! Announcements: what a page says by itself, to screen readers: that the connection came or went, who came, left or began to write. A short
//! sentence now and then; the rest is in the page to be read.

use std::collections::BTreeMap;

use uuid::Uuid;

use super::{presence, turn::Turn};
use participant::device::{Line, Present};

/// Sentences said at once.
const SENTENCES_MAX: usize = 2;

/// What was said last, and what is to be.
#[derive(Default)]
pub struct Announcements {
    said: Option<Around>,
    said_ms: u64,
    waits: Option<u64>,
    answer_changed: bool,
}

/// What is around a page.
struct Around {
    line: Line,
    people: BTreeMap<Uuid, (String, bool)>,
}

impl Announcements {
    /// Somebody else has changed the answer that has the focus.
    pub fn answer_changed(&mut self) {
        self.answer_changed = true;
    }

    /// When there will be something to say that it is too soon to say now.
    pub fn waits_until(&self) -> Option<u64> {
        self.waits
    }

    /// Looks around; what is to be said now, at least `every_ms` after the last time. Nothing is said of what a page shows as it
    /// opens, nor where it is switched off.
    pub fn look(&mut self, turn: &mut Turn<'_>, pep: Option<&Uuid>, now_ms: u64, every_ms: u64) -> Option<String> {
        let site = turn.site().ok()?;
        let present = pep.map(|pep| turn.present(pep)).unwrap_or_default();
        self.compare(site.line, &present, site.settings.announce, now_ms, every_ms)
    }

    fn compare(&mut self, line: Line, present: &[Present], aloud: bool, now_ms: u64, every_ms: u64) -> Option<String> {
        let people = present.iter().map(|one| (one.who.person, (presence::name(one), one.writing))).collect();
        let now = Around { line, people };
        let Some(before) = &self.said else {
            self.said = Some(now);
            return None;
        };
        let mut sentences = sentences(before, &now);
        if self.answer_changed {
            sentences.push("Somebody else has changed the answer that you are in.".to_owned());
        }
        self.waits = None;
        if !sentences.is_empty() && aloud && now_ms < self.said_ms.saturating_add(every_ms) && self.said_ms > 0 {
            self.waits = Some(self.said_ms + every_ms);
            return None;
        }
        self.said = Some(now);
        self.answer_changed = false;
        if sentences.is_empty() || !aloud {
            return None;
        }
        self.said_ms = now_ms.max(1);
        sentences.truncate(SENTENCES_MAX);
        Some(sentences.join(" "))
    }
}

fn sentences(before: &Around, now: &Around) -> Vec<String> {
    let mut sentences = Vec::new();
    if before.line != now.line {
        sentences.push(match now.line {
            Line::Connected => "You are connected.".to_owned(),
            Line::Offline => "You are working offline. What you write is saved on this device.".to_owned(),
            Line::Refused(_) => "Sharing has stopped. What you write is saved on this device.".to_owned(),
        });
    }
    let with = |some: &dyn Fn(&Uuid, &(String, bool)) -> bool, all: &Around| -> Vec<String> {
        all.people.iter().filter(|(id, person)| some(id, person)).map(|(_, (name, _))| name.clone()).collect()
    };
    let is_are = |names: &[String]| if names.len() == 1 { "is" } else { "are" };
    let writing = with(&|id, (_, writing)| *writing && before.people.get(id).is_none_or(|(_, before)| !before), now);
    let come = with(&|id, (_, writing)| !writing && !before.people.contains_key(id), now);
    // Whoever was cut off has not left: the connection did.
    let left = match now.line {
        Line::Connected => with(&|id, _| !now.people.contains_key(id), before),
        _ => Vec::new(),
    };
    for (names, doing) in [(come, "here"), (writing, "writing")] {
        if !names.is_empty() {
            sentences.push(format!("{} {} {doing}.", presence::named(&names), is_are(&names)));
        }
    }
    if !left.is_empty() {
        sentences.push(format!("{} {} left.", presence::named(&left), if left.len() == 1 { "has" } else { "have" }));
    }
    sentences
}
