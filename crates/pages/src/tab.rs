//! A tab that is open on a page: its messages, its boxes, when what was typed is written, and what else on it stays up to date.
//! Runs where it may wait for the disk.

use std::collections::{BTreeMap, BTreeSet};

use participant::Hash;
use plan::{ChangeHash, DocumentKind, Pep, Role};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{
    announcements::Announcements,
    live::{Live, Told},
    model::Plan,
    region::fingerprint,
    request::Request,
    routes, sections,
    turn::{NotWritten, Settled, Turn},
};
use participant::{device::Spot, error::Error, typing::Splice};

/// Boxes of one tab at most; the longest section has a few dozen.
const BOXES_MAX: usize = 200;
/// How long others count as being at a question after something of theirs came, in milliseconds.
const OTHERS_STAY_MS: u64 = 60_000;
/// How often it is asked anew whether this person may still write, in milliseconds.
const RIGHTS_EVERY_MS: u64 = 1_000;
/// Regions of one tab at most: one for each question of a section, and some.
const REGIONS_MAX: usize = 400;
/// How soon after one another the regions of a page are made anew, in milliseconds: people read no faster.
const REGIONS_EVERY_MS: u64 = 500;
/// How often they are made anew though nothing has changed, in milliseconds: whoever says nothing any more is not here.
const REGIONS_AGAIN_MS: u64 = 15_000;
/// How often something is said to screen readers at the most, in milliseconds.
const SAID_EVERY_MS: u64 = 10_000;
/// How long somebody counts as writing after the last key, in milliseconds.
const WRITING_STAYS_MS: u64 = 30_000;
/// Why a box is not live where the person cannot help it: the form saves it.
const FORM_ONLY: &str = "Use the button at the end of the page to save this answer.";

/// Why nothing is live any more where the plan has gone from this device.
const NO_PLAN: &str =
    "This plan is not on this device any more. If you still work with the child, ask the Virtual School.";

/// What a tab says.
#[derive(Deserialize)]
#[serde(tag = "t", rename_all = "lowercase")]
enum Said {
    Hello {
        /// An id that the page chose as it was loaded.
        tab: Uuid,
        page: String,
        /// The boxes, and how many edits each has made in this page's life.
        fields: BTreeMap<String, u64>,
        #[serde(default)]
        regions: BTreeMap<String, String>,
        #[serde(default)]
        here: bool,
    },
    Here {
        v: bool,
    },
    Edit {
        f: String,
        n: u64,
        s: u64,
        d: Vec<(usize, usize, String)>,
        g: bool,
    },
    Seen {
        f: String,
        s: u64,
    },
    /// What the page holds after it was cut off, and what it made it of.
    Mine {
        f: String,
        n: u64,
        s: u64,
        base: String,
        text: String,
    },
    Undo {
        f: String,
        n: u64,
        s: u64,
    },
    Redo {
        f: String,
        n: u64,
        s: u64,
    },
    Focus {
        f: Option<String>,
    },
    Leave {
        f: String,
    },
}

/// What a tab is told.
#[derive(Serialize)]
#[serde(tag = "t", rename_all = "lowercase")]
enum Says<'a> {
    Init {
        f: &'a str,
        s: u64,
        n: u64,
        w: u64,
        text: String,
    },
    Patch {
        f: &'a str,
        s: u64,
        p: u64,
        n: u64,
        d: Vec<(usize, usize, String)>,
        own: bool,
    },
    Saved {
        f: &'a str,
        n: u64,
    },
    /// How far what is saved has come since.
    Far {
        f: &'a str,
        w: String,
    },
    /// The box is live no more.
    Locked {
        f: &'a str,
        why: String,
        instead: Instead,
    },
    Html {
        id: &'a str,
        h: &'a str,
        v: &'a str,
    },
    Say {
        w: String,
    },
}

/// What is left to do with words in a box that is live no more.
#[derive(Serialize, Clone, Copy)]
#[serde(rename_all = "lowercase")]
enum Instead {
    /// The form saves them.
    Form,
    /// They are kept on the page, to be copied or put in as a comment.
    Comment,
    /// They are kept on the page, to be copied: this person has no part in the plan any more, or it is sealed.
    Copy,
}

/// What happens to a tab.
pub enum Event {
    /// It said something.
    Message(String),
    /// Something changed on this device.
    Changed,
    /// The time that [`Tab::wakes_at`] gave has come.
    Time,
    /// The tab, or the program, ends.
    End,
}

/// One tab.
pub struct Tab {
    /// Tells it from the other tabs of this program.
    id: u64,
    /// The id that the page chose: the same when it comes back after the program was killed.
    name: Uuid,
    page: Option<Request>,
    pep: Option<Uuid>,
    boxes: BTreeMap<String, Slot>,
    /// The heads of their documents when they were last compared.
    heads: BTreeMap<DocumentKind, Vec<Hash>>,
    rights_at: Option<u64>,
    /// Whether the page is on a screen.
    here: bool,
    /// The box that has the focus, and when something was last typed there.
    focus: Option<(String, u64)>,
    /// When to say again where the person is.
    stands_at: Option<u64>,
    /// What the regions show.
    regions: BTreeMap<String, String>,
    /// When they were made last, and when they are to be made anew.
    made: u64,
    makes_at: Option<u64>,
    /// Whether a person did something since it was last asked.
    came: bool,
    announcements: Announcements,
}

struct Slot {
    pep: Pep,
    kind: DocumentKind,
    role: Role,
    live: Live,
    /// When something of others came last.
    others_ms: Option<u64>,
    /// The last change made here, and what was said of how far it has come.
    mine: Option<(ChangeHash, String)>,
}

impl Tab {
    /// A tab that has said nothing yet. `id` is no other tab's of this program.
    pub fn new(id: u64) -> Tab {
        Tab {
            id,
            name: Uuid::nil(),
            page: None,
            pep: None,
            boxes: BTreeMap::new(),
            heads: BTreeMap::new(),
            rights_at: None,
            here: false,
            focus: None,
            stands_at: None,
            regions: BTreeMap::new(),
            made: 0,
            makes_at: None,
            came: false,
            announcements: Announcements::default(),
        }
    }

    /// Whether a person did something in it since this was last asked.
    pub fn take_came(&mut self) -> bool {
        std::mem::take(&mut self.came)
    }

    /// When to come back, in the milliseconds of [`Tab::on`].
    pub fn wakes_at(&self, now_ms: u64) -> Option<u64> {
        let due = self.boxes.values().filter_map(|slot| slot.live.closes_at(slot.together(now_ms)));
        due.chain(self.rights_at).chain(self.stands_at).chain(self.makes_at).min()
    }

    /// Takes an event in, at a moment in milliseconds of one clock for all tabs; what to send. `None`: this is no tab of ours, and is to be cut off.
    pub fn on(&mut self, turn: &mut Turn<'_>, event: Event, now_ms: u64) -> Option<Vec<String>> {
        let mut out = Vec::new();
        match event {
            Event::Message(text) => {
                let said = serde_json::from_str(&text).ok()?;
                self.said(turn, said, now_ms, &mut out)?;
            }
            Event::Changed => {
                self.rights_at.get_or_insert(now_ms + RIGHTS_EVERY_MS);
                let moved = self.moved(turn);
                self.settle(turn, now_ms, &mut out, |slot| moved.contains(&slot.kind));
                self.say_how_far(turn, &mut out);
                let soon = now_ms.max(self.made + REGIONS_EVERY_MS);
                self.makes_at = self.makes_at.map(|at| at.min(soon));
                self.stands_at = self.stands_at.map(|_| now_ms);
            }
            Event::Time => {}
            Event::End => {
                self.boxes.values_mut().for_each(|slot| slot.live.leave());
                self.settle(turn, now_ms, &mut out, |_| true);
                self.here = false;
                (self.stands_at, self.makes_at) = (Some(now_ms), None);
            }
        }
        if self.rights_at.is_some_and(|at| at <= now_ms) {
            self.rights_at = None;
            self.check_rights(turn, &mut out);
        }
        self.settle(turn, now_ms, &mut out, |slot| slot.live.due(now_ms, slot.together(now_ms)));
        if self.makes_at.is_some_and(|at| at <= now_ms) {
            self.make(turn, now_ms, &mut out);
        }
        // Last: what the others are told that this person sees has been sent.
        if self.stands_at.is_some_and(|at| at <= now_ms) {
            self.stand(turn, now_ms);
        }
        Some(out)
    }

    fn said(&mut self, turn: &mut Turn<'_>, said: Said, now_ms: u64, out: &mut Vec<String>) -> Option<()> {
        // The rest a page says by itself.
        if matches!(said, Said::Edit { .. } | Said::Undo { .. } | Said::Redo { .. } | Said::Focus { .. }) {
            self.came = true;
        }
        match said {
            Said::Hello { tab, page, fields, regions, here }
                if fields.len() <= BOXES_MAX && regions.len() <= REGIONS_MAX =>
            {
                self.name = tab;
                self.page = Request::new(&turn.env.base, false, &page, b"");
                self.pep = self.page.as_ref().and_then(plan_of);
                (self.regions, self.here) = (regions, here);
                (self.stands_at, self.makes_at) = (Some(now_ms), here.then_some(now_ms));
                self.hello(turn, fields, out);
            }
            Said::Hello { .. } => return None,
            Said::Here { v } => {
                self.here = v;
                (self.stands_at, self.makes_at) = (Some(now_ms), v.then_some(now_ms));
            }
            Said::Edit { f, n, s, d, g } => {
                self.at(Some(f.clone()), now_ms);
                if let Some(slot) = self.boxes.get_mut(&f) {
                    let mut d = d.into_iter();
                    let told = match (d.next(), d.next()) {
                        (Some((at, delete, insert)), None) => {
                            slot.live.edit(n, s, Splice { at, delete, insert }, g, now_ms)
                        }
                        _ => Some(slot.live.anew()),
                    };
                    out.extend(told.and_then(|told| says(&f, told)));
                }
            }
            Said::Seen { f, s } => {
                if let Some(slot) = self.boxes.get_mut(&f) {
                    slot.live.seen(s);
                }
            }
            Said::Mine { f, n, s, base, text } => {
                if let Some(slot) = self.boxes.get_mut(&f) {
                    let told = slot.live.mine(n, s, &base, &text);
                    out.extend(told.and_then(|told| says(&f, told)));
                }
            }
            Said::Undo { ref f, n, s } | Said::Redo { ref f, n, s } => {
                self.at(Some(f.clone()), now_ms);
                if let Some(slot) = self.boxes.get_mut(f) {
                    let told = slot.live.undo(n, s, matches!(said, Said::Redo { .. }));
                    out.extend(told.and_then(|told| says(f, told)));
                }
            }
            Said::Leave { f } => self.leave(turn, &f, now_ms, out),
            Said::Focus { f: at } => {
                self.at(at.clone(), now_ms);
                let left: Vec<String> = self.boxes.keys().filter(|f| Some(*f) != at.as_ref()).cloned().collect();
                for f in left {
                    self.leave(turn, &f, now_ms, out);
                }
            }
        }
        Some(())
    }

    /// The person has left a box: what they typed there is written.
    fn leave(&mut self, turn: &mut Turn<'_>, f: &str, now_ms: u64, out: &mut Vec<String>) {
        if let Some(slot) = self.boxes.get_mut(f) {
            slot.live.leave();
            self.settle_one(turn, f, now_ms, out);
        }
    }

    fn hello(&mut self, turn: &mut Turn<'_>, fields: BTreeMap<String, u64>, out: &mut Vec<String>) {
        if !fields.is_empty() {
            turn.forget_typed();
        }
        let plan = self.pep.map_or(Ok(None), |pep| turn.plan(&pep, None, None));
        for (f, n) in fields {
            let opened = plan.as_ref().ok().and_then(Option::as_ref).and_then(|plan| {
                let (kind, role) = (plan.types_in(&f)?, plan.role);
                let (text, written) = turn.text(&plan.pep, kind, role, self.name, &f).ok()?;
                // A browser would not keep these as they are.
                let plain = !text.contains(['\r', '\0']);
                let live = Live::new(&text, n, written);
                plain.then(|| Slot { pep: plan.pep.clone(), kind, role, live, others_ms: None, mine: None })
            });
            match opened {
                Some(mut slot) => {
                    out.extend(says(&f, slot.live.anew()));
                    self.boxes.insert(f, slot);
                }
                None => out.extend(not_live(&plan, &f, None)),
            }
        }
    }

    fn check_rights(&mut self, turn: &mut Turn<'_>, out: &mut Vec<String>) {
        let Some(pep) = self.pep.filter(|_| !self.boxes.is_empty()) else { return };
        let plan = turn.plan(&pep, None, None);
        self.boxes.retain(|f, slot| match &plan {
            Ok(Some(plan)) if plan.types_in(f).is_some() || may_write(plan, f) => {
                slot.role = plan.role;
                true
            }
            _ => {
                out.extend(not_live(&plan, f, None));
                false
            }
        });
    }

    fn settle(
        &mut self,
        turn: &mut Turn<'_>,
        now_ms: u64,
        out: &mut Vec<String>,
        mut which: impl FnMut(&mut Slot) -> bool,
    ) {
        let due: Vec<String> = self.boxes.iter_mut().filter_map(|(f, slot)| which(slot).then(|| f.clone())).collect();
        for f in due {
            self.settle_one(turn, &f, now_ms, out);
        }
    }

    /// Writes what is ready, and takes in what others wrote. A box that cannot be written is live no more; its words stay in the tab.
    fn settle_one(&mut self, turn: &mut Turn<'_>, f: &str, now_ms: u64, out: &mut Vec<String>) {
        let Some(mut slot) = self.boxes.remove(f) else { return };
        match turn.settle(&slot.pep, slot.kind, slot.role, self.name, f, slot.live) {
            Ok(Settled { live, told, change }) => {
                if let Some(change) = change {
                    slot.mine = Some((change, String::new()));
                }
                if told.iter().any(|told| matches!(told, Told::Patch { .. })) {
                    slot.others_ms = Some(now_ms);
                    if self.focus.as_ref().is_some_and(|(at, _)| at == f) {
                        self.announcements.answer_changed();
                    }
                }
                slot.live = live;
                out.extend(told.into_iter().filter_map(|told| says(f, told)));
                self.boxes.insert(f.to_owned(), slot);
            }
            Err(not) => {
                let plan = turn.plan(&slot.pep.id(), None, None);
                let why = match not {
                    NotWritten::Refused(refused) => Some(super::text::refused(&refused)),
                    NotWritten::Failed(e) => Some(said_why(&e)),
                    NotWritten::Moved => None,
                };
                out.extend(not_live(&plan, f, why));
            }
        }
    }
}

impl Tab {
    /// The person's focus is there now.
    fn at(&mut self, field: Option<String>, now_ms: u64) {
        let field = field.filter(|f| self.boxes.contains_key(f));
        if self.focus.as_ref().map(|(f, _)| f) != field.as_ref() {
            self.stands_at = self.stands_at.map(|_| now_ms);
        }
        self.focus = field.map(|f| (f, now_ms));
    }

    /// The documents of the boxes in which something was written since the last time.
    fn moved(&mut self, turn: &mut Turn<'_>) -> BTreeSet<DocumentKind> {
        let kinds: BTreeSet<DocumentKind> = self.boxes.values().map(|slot| slot.kind).collect();
        let Some(pep) = self.pep.filter(|_| !kinds.is_empty()) else { return kinds };
        let heads = turn.heads(&pep, kinds.clone());
        let moved = kinds.into_iter().filter(|kind| heads.get(kind) != self.heads.get(kind)).collect();
        self.heads = heads;
        moved
    }

    /// Says how far the last change of each box has come: shared, and seen by whoever has its section on the screen.
    fn say_how_far(&mut self, turn: &mut Turn<'_>, out: &mut Vec<String>) {
        let mine = self.boxes.iter_mut().filter_map(|(f, slot)| {
            let kind = slot.kind;
            slot.mine.as_mut().map(|(change, said)| ((kind, f.clone(), *change), said))
        });
        let (changes, said): (Vec<_>, Vec<_>) = mine.unzip();
        let Some(pep) = self.pep.filter(|_| !changes.is_empty()) else { return };
        let fields: Vec<String> = changes.iter().map(|(_, f, _)| f.clone()).collect();
        for ((f, said), words) in fields.iter().zip(said).zip(turn.how_far(&pep, changes)) {
            if *said != words {
                out.extend(serde_json::to_string(&Says::Far { f, w: words.clone() }));
                *said = words;
            }
        }
    }

    /// Says to the others where this person is.
    fn stand(&mut self, turn: &mut Turn<'_>, now_ms: u64) {
        let writes = |(_, at): &&(String, u64)| now_ms.saturating_sub(*at) < WRITING_STAYS_MS;
        let writing = self.focus.as_ref().filter(writes).map(|(f, _)| f.clone());
        let spot = self.pep.filter(|_| self.here).map(|pep| Spot {
            pep,
            writing: writing.is_some(),
            field: writing.or_else(|| self.page.as_ref().and_then(looked_at)),
        });
        let gone = spot.is_none();
        let again = turn.stand(self.id, spot, now_ms);
        self.stands_at = if gone { None } else { Some(now_ms + again.unwrap_or(REGIONS_AGAIN_MS)) };
    }

    /// Makes the regions anew and sends those that have changed, and what there is to say.
    fn make(&mut self, turn: &mut Turn<'_>, now_ms: u64, out: &mut Vec<String>) {
        let Some(page) = &self.page else { return };
        for (id, html) in routes::regions(turn, page) {
            let made = fingerprint(&html);
            // A page says what it shows; what it does not show it has no place for.
            if let Some(shows) = self.regions.get_mut(&id)
                && *shows != made
            {
                out.extend(serde_json::to_string(&Says::Html { id: &id, h: &html, v: &made }));
                *shows = made;
            }
        }
        self.made = now_ms;
        let said = self.announcements.look(turn, self.pep.as_ref(), now_ms, SAID_EVERY_MS);
        out.extend(said.and_then(|w| serde_json::to_string(&Says::Say { w }).ok()));
        let again = self.announcements.waits_until().unwrap_or(u64::MAX).max(now_ms + REGIONS_EVERY_MS);
        self.makes_at = Some(again.min(now_ms + REGIONS_AGAIN_MS));
    }
}

/// The plan that a page is about.
fn plan_of(page: &Request) -> Option<Uuid> {
    match page.path.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
        ["pep", id, ..] => id.parse().ok(),
        _ => None,
    }
}

/// A question of what a page shows of a plan; none of a page that shows no section.
fn looked_at(page: &Request) -> Option<String> {
    match page.path.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
        ["pep", _, "targets", ..] => Some("targets.list".to_owned()),
        ["pep", _, "meeting", ..] => Some("meeting.agenda".to_owned()),
        ["pep", _, "table" | "comments", question, ..] => Some((*question).to_owned()),
        ["pep", _, "page", _, block] => sections::question_of(block),
        _ => None,
    }
}

impl Slot {
    fn together(&self, now_ms: u64) -> bool {
        self.others_ms.is_some_and(|at| now_ms.saturating_sub(at) < OTHERS_STAY_MS)
    }
}

fn says(f: &str, told: Told) -> Option<String> {
    let says = match told {
        Told::Init { s, n, w, text } => Says::Init { f, s, n, w, text },
        Told::Patch { s, p, n, pieces, own } => {
            let d = pieces.into_iter().map(|piece| (piece.at, piece.delete, piece.insert)).collect();
            Says::Patch { f, s, p, n, d, own }
        }
        Told::Saved { n } => Says::Saved { f, n },
    };
    serde_json::to_string(&says).ok()
}

/// Says that a box is not live, and what is left to do with the words in it. `why`: what stands against writing them, where it is
/// not the person's right.
fn not_live(plan: &Result<Option<Plan>, Error>, f: &str, why: Option<String>) -> Option<String> {
    let (why, instead) = match (plan, why) {
        (Err(e), _) => (said_why(e), Instead::Copy),
        (Ok(None), _) => (NO_PLAN.to_owned(), Instead::Copy),
        (Ok(Some(plan)), why) if plan.is_sealed() => (why.unwrap_or_else(|| why_not(plan, f)), Instead::Copy),
        (Ok(Some(_)), Some(why)) => (why, Instead::Comment),
        (Ok(Some(plan)), None) if may_write(plan, f) || plan.types_in(f).is_some() => {
            (FORM_ONLY.to_owned(), Instead::Form)
        }
        (Ok(Some(plan)), None) => (why_not(plan, f), Instead::Comment),
    };
    serde_json::to_string(&Says::Locked { f, why, instead }).ok()
}

/// Whether a person may write a question, by its form if not in a live box.
fn may_write(plan: &Plan, field: &str) -> bool {
    plan::bank().question(field).is_some_and(|question| plan.may_write(question))
}

/// Why a person cannot write at a question or field any more, and who can.
fn why_not(plan: &Plan, field: &str) -> String {
    let Some(question) = field.split('/').next().and_then(|id| plan::bank().question(id)) else {
        return "This answer cannot be changed here any more.".to_owned();
    };
    if field.contains('/') && !plan.is_sealed() {
        return format!(
            "This part of “{}” cannot be changed here any more: it was withdrawn, or is somebody else’s to write.",
            question.label
        );
    }
    plan.why_not(question)
}

fn said_why(e: &Error) -> String {
    [Some(e.message.as_str()), e.hint.as_deref()].into_iter().flatten().collect::<Vec<_>>().join(" ")
}
