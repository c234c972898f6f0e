//! Who is where: what this device says of its person, as often as it may, and what others said, for as long as it holds.
//!
//! Moments are milliseconds of any clock; one that is set back makes things be said again, and no more.

use std::collections::BTreeMap;

use gate::{Hash, Id};
use serde_bytes::ByteArray;

use crate::frame::{Doing, HEADS_MAX, Presence};

/// How often what still holds is said again, so that whoever lost it learns it, in milliseconds.
pub const REPEAT_MS: u64 = 10_000;
/// How long what somebody said holds, in milliseconds: a repetition may be lost twice before they count as gone.
pub const HOLDS_MS: u64 = 30_000;
/// The least between two things said of one document, in milliseconds: what a person does in between is said as one.
pub const SPACING_MS: u64 = 400;
/// Devices in documents that are remembered at once: some hundreds of plans with a few people in each.
pub const OTHERS_MAX: usize = 4_096;

/// Where a person is in a document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// The question that they write in, or one of the section that they look at.
    pub field: Option<String>,
    /// Whether they write there.
    pub writing: bool,
    /// The heads of what they are shown.
    pub heads: Vec<Hash>,
}

/// What this device says of its person, document by document.
#[derive(Default)]
pub struct Telling {
    told: BTreeMap<Id, (Place, u64)>,
}

impl Telling {
    /// What is to be said of a document now, where the person is at `place` in it (`None`: not in it), and after how many
    /// milliseconds to ask again. To be asked whenever the place may have changed.
    pub fn tell(&mut self, doc: &Id, place: Option<&Place>, now_ms: u64) -> (Option<Presence>, Option<u64>) {
        let Some(place) = place else {
            return (self.told.remove(doc).map(|_| frame(doc, None)), None);
        };
        let wait = match self.told.get(doc) {
            None => 0,
            Some((told, at)) => {
                let least = if told == place { REPEAT_MS } else { SPACING_MS };
                now_ms.checked_sub(*at).map_or(0, |passed| least.saturating_sub(passed))
            }
        };
        if wait > 0 {
            return (None, Some(wait));
        }
        self.told.insert(*doc, (place.clone(), now_ms));
        (Some(frame(doc, Some(place))), Some(REPEAT_MS))
    }

    /// The documents of which something was said that still holds.
    pub fn documents(&self) -> impl Iterator<Item = &Id> {
        self.told.keys()
    }

    /// The connection has ended: nobody knows any more what was said.
    pub fn cut(&mut self) {
        self.told.clear();
    }
}

/// Person and device are the relay's to say.
fn frame(doc: &Id, place: Option<&Place>) -> Presence {
    let heads = place.map(|place| place.heads.iter().map(|hash| ByteArray::new(*hash)).collect::<Vec<_>>());
    Presence {
        doc: *doc,
        person: [0; 16],
        device: [0; 16],
        field: place.and_then(|place| place.field.clone()),
        caret: None,
        heads: heads.filter(|heads| heads.len() <= HEADS_MAX),
        state: place.map_or(Doing::Left, |place| if place.writing { Doing::Editing } else { Doing::Here }),
    }
}

/// What the others said.
#[derive(Default)]
pub struct Others {
    said: BTreeMap<(Id, Id), (Presence, u64)>,
}

impl Others {
    /// Takes in what was said; whether it is news.
    pub fn hear(&mut self, presence: Presence, now_ms: u64) -> bool {
        let key = (presence.doc, presence.device);
        if presence.state == Doing::Left || !presence.is_bounded() {
            return self.said.remove(&key).is_some();
        }
        if self.said.len() >= OTHERS_MAX && !self.said.contains_key(&key) {
            self.said.retain(|_, (_, at)| holds(*at, now_ms));
            if self.said.len() >= OTHERS_MAX {
                return false;
            }
        }
        let before = self.said.insert(key, (presence.clone(), now_ms));
        before.is_none_or(|(before, at)| before != presence || !holds(at, now_ms))
    }

    /// Who is in a document, in the order of their devices.
    pub fn within(&self, doc: &Id, now_ms: u64) -> impl Iterator<Item = &Presence> {
        let all = self.said.range((*doc, [0; 16])..=(*doc, [0xff; 16]));
        all.filter(move |(_, (_, at))| holds(*at, now_ms)).map(|(_, (presence, _))| presence)
    }

    /// The connection has ended: nobody knows any more who is where.
    pub fn cut(&mut self) {
        self.said.clear();
    }
}

fn holds(at: u64, now_ms: u64) -> bool {
    now_ms.saturating_sub(at) < HOLDS_MS
}

#[cfg(test)]
mod tests {
    use super::*;

    const DOC: Id = [1; 16];

    fn at(field: &str) -> Place {
        Place { field: Some(field.into()), writing: true, heads: vec![[7; 32]] }
    }

    fn says(telling: &mut Telling, place: Option<&Place>, now_ms: u64) -> Option<String> {
        telling.tell(&DOC, place, now_ms).0.map(|p| format!("{:?} {}", p.state, p.field.unwrap_or_default()))
    }

    #[test]
    fn what_holds_is_repeated_and_what_changes_is_said_once_it_may_be_the_latest_alone() {
        let mut telling = Telling::default();
        assert_eq!(says(&mut telling, None, 0), None, "who never came does not leave");
        assert_eq!(says(&mut telling, Some(&at("a")), 1_000).unwrap(), "Editing a");
        assert_eq!(telling.tell(&DOC, Some(&at("b")), 1_100), (None, Some(300)), "too soon: ask again");
        assert_eq!(says(&mut telling, Some(&at("c")), 1_400).unwrap(), "Editing c", "b was never said");
        assert_eq!(telling.tell(&DOC, Some(&at("c")), 2_400), (None, Some(9_000)));
        assert_eq!(says(&mut telling, Some(&at("c")), 11_400).unwrap(), "Editing c");
        // A clock that was set back silences nobody.
        assert_eq!(says(&mut telling, Some(&at("c")), 10).unwrap(), "Editing c");
        assert_eq!(says(&mut telling, None, 11).unwrap(), "Left ", "leaving waits for nothing");
        assert_eq!(says(&mut telling, None, 12), None);
        assert_eq!(says(&mut telling, Some(&at("c")), 13).unwrap(), "Editing c");
        telling.cut();
        assert_eq!(says(&mut telling, Some(&at("c")), 14).unwrap(), "Editing c", "a new line has heard nothing");
        let many = Place { heads: vec![[7; 32]; HEADS_MAX + 1], ..at("c") };
        assert_eq!(telling.tell(&DOC, Some(&many), 9_000).0.unwrap().heads, None);
    }

    #[test]
    fn whoever_says_nothing_for_a_while_is_not_here_any_more() {
        let mut others = Others::default();
        let said = |device: u8, field: &str| Presence { device: [device; 16], ..frame(&DOC, Some(&at(field))) };
        let here = |others: &Others, now| others.within(&DOC, now).map(|p| p.device[0]).collect::<Vec<_>>();
        assert!(others.hear(said(2, "a"), 0) && others.hear(said(1, "a"), 5_000));
        assert!(!others.hear(said(1, "a"), 10_000), "said again, it is no news");
        assert!(others.hear(said(1, "b"), 12_000));
        assert_eq!(here(&others, 29_999), [1, 2]);
        assert_eq!(here(&others, 30_000), [1]);
        assert!(others.hear(said(2, "a"), 31_000), "they have come back");
        let left = Presence { device: [1; 16], ..frame(&DOC, None) };
        assert!(others.hear(left.clone(), 32_000) && !others.hear(left, 32_000));
        assert_eq!(here(&others, 32_000), [2]);
        // Another document has its own people, and memory has an end.
        assert_eq!(others.within(&[2; 16], 32_000).count(), 0);
        for n in 0..2 * OTHERS_MAX {
            let mut device = [9; 16];
            device[..8].copy_from_slice(&n.to_be_bytes());
            others.hear(Presence { device, ..said(0, "a") }, 40_000);
        }
        assert_eq!(others.said.len(), OTHERS_MAX);
        assert!(others.hear(said(3, "a"), 70_000), "those who are gone make room");
        // What no device of ours would say is not kept.
        assert!(!others.hear(said(4, &"x".repeat(600)), 70_000));
        others.cut();
        assert_eq!(here(&others, 70_000), [0; 0]);
    }
}
