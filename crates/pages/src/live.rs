//! One text box in one tab, live: what the tab shows, what it typed and is not written yet, and what others wrote meanwhile.
//!
//! No socket, no clock, no disk. The document is written at its present heads by the device's own actor; what the tab typed on
//! an older text is moved to the present one here. A tab drops a patch that crossed with its own typing; its next edit says which
//! patch it saw, and gets another. Offsets are UTF-16 units, as a browser counts.

use std::collections::VecDeque;

use participant::typing::{Splice, Typing};
use plan::hunks::{Hunk, hunks, letters};

/// Patches that a tab may leave unanswered; one that lies further back gets the text anew.
const VIEWS_MAX: usize = 64;
/// Keystrokes that may be taken back.
const STEPS_MAX: usize = 400;
/// How far the numbers of edits jump where the text is sent anew: what is still on its way then is known as old.
const JUMP: u64 = 1 << 20;

/// Pieces of one text, the last first: each can be made without moving the next.
pub type Pieces = Vec<Splice>;

/// What a tab is told.
#[derive(Clone, PartialEq, Eq)]
pub enum Told {
    /// The text anew; its edits count on from `n`.
    Init {
        /// Number of this view.
        s: u64,
        /// Edits taken.
        n: u64,
        /// Edits up to this one are in the text: what the tab typed after it is not.
        w: u64,
        /// The text.
        text: String,
    },
    /// What others wrote, or an undo; holds only on view `p` with `n` edits made.
    Patch {
        /// Number of the view it leads to.
        s: u64,
        /// Number of the view before.
        p: u64,
        /// Edits it knows of.
        n: u64,
        /// What changes.
        pieces: Pieces,
        /// Whether it is the tab's own undo.
        own: bool,
    },
    /// Edits up to this one are on the disk.
    Saved {
        /// The edit.
        n: u64,
    },
}

/// What is to be written on the text that the document holds now.
pub struct Writing {
    /// The pieces, in order.
    pub pieces: Pieces,
    /// Edits up to this one are in it.
    pub n: u64,
    after: Vec<u16>,
    moved: bool,
}

/// A box.
pub struct Live {
    /// The document's text, as last seen.
    text: Vec<u16>,
    /// To be written now, in order.
    ready: Pieces,
    ready_n: u64,
    typing: Typing,
    /// What the tab may show; the last is what it shows when it has taken in everything.
    views: VecDeque<View>,
    next: u64,
    n: u64,
    saved: u64,
    undo: Vec<Step>,
    redo: Vec<Step>,
    /// Where the last piece that was written ends: whoever types on there goes on with their own words.
    mine: Option<usize>,
}

struct View {
    s: u64,
    shown: Vec<u16>,
    /// What led here from the view before.
    patch: Pieces,
}

/// What takes a keystroke back.
struct Step {
    first: bool,
    pieces: Pieces,
}

impl Live {
    /// A box that shows this text. `n`: edits that its tab has made in a life before; `written`: how many of them are in the text.
    pub fn new(text: &str, n: u64, written: u64) -> Live {
        let text = units(text);
        Live {
            views: VecDeque::from([View { s: 0, shown: text.clone(), patch: Vec::new() }]),
            text,
            ready: Vec::new(),
            ready_n: 0,
            typing: Typing::default(),
            next: 1,
            n: n.max(written),
            saved: written,
            undo: Vec::new(),
            redo: Vec::new(),
            mine: None,
        }
    }

    /// Sends the text anew. What was typed and not written is forgotten here; the tab, which was not told that it is saved, puts it
    /// on top.
    pub fn anew(&mut self) -> Told {
        self.typing.leave();
        self.ready.clear();
        let w = self.saved;
        self.n = self.n.saturating_add(JUMP);
        (self.saved, self.ready_n) = (self.n, self.n);
        self.undo.clear();
        self.redo.clear();
        let s = self.number();
        self.views = VecDeque::from([View { s, shown: self.text.clone(), patch: Vec::new() }]);
        Told::Init { s, n: self.n, w, text: string(&self.text) }
    }

    /// Edit `n`, made on view `seen`; `first`: it begins a step for undo. `None`: it was taken, or is old. Otherwise what the tab is
    /// told.
    pub fn edit(&mut self, n: u64, seen: u64, piece: Splice, first: bool, now_ms: u64) -> Option<Told> {
        let at = match self.place(n, seen) {
            Ok(at) => at,
            Err(told) => return told,
        };
        let mut shown = self.views.get(at).map(|view| view.shown.clone()).unwrap_or_default();
        if !fits(&shown, &piece) {
            return Some(self.anew());
        }
        let mut pieces = vec![piece];
        let later: Vec<Pieces> = self.views.iter().skip(at + 1).map(|view| view.patch.clone()).collect();
        apply(&mut shown, &pieces);
        // In the tab the caret stays left of what comes in at it.
        for patch in &later {
            pieces = over(&pieces, patch, |_| true);
        }
        let mut whole = self.whole();
        let back = inverse(&whole, &pieces);
        self.undo.push(Step { first, pieces: back });
        if self.undo.len() > STEPS_MAX {
            self.undo.remove(0);
        }
        self.redo.clear();
        for piece in &pieces {
            if let Some(closed) = self.typing.typed(piece.clone(), now_ms) {
                self.ready.push(closed);
                self.ready_n = self.n;
            }
        }
        self.n = n;
        if pieces.is_empty() {
            // Others took away what it was about: there is nothing to write, and that is told with the rest.
            self.leave();
        }
        apply(&mut whole, &pieces);
        self.views = VecDeque::from([View { s: seen, shown, patch: Vec::new() }]);
        self.show(whole, false)
    }

    /// Edit `n`: the tab was cut off and holds `text`, which it made of `base`. What it made of it goes on top of what is here.
    pub fn mine(&mut self, n: u64, seen: u64, base: &str, text: &str) -> Option<Told> {
        if let Err(told) = self.place(n, seen) {
            return told;
        }
        let (base, text) = (units(base), units(text));
        if text.contains(&0) || text.contains(&u16::from(b'\r')) {
            return Some(self.anew());
        }
        self.leave();
        let mut whole = self.whole();
        let pieces = over(&between(&base, &text), &between(&base, &whole), |_| false);
        self.undo.push(Step { first: true, pieces: inverse(&whole, &pieces) });
        self.redo.clear();
        apply(&mut whole, &pieces);
        self.ready.extend(pieces);
        (self.n, self.ready_n) = (n, n);
        self.views = VecDeque::from([View { s: seen, shown: text, patch: Vec::new() }]);
        self.show(whole, false)
    }

    /// Where the view is that edit `n` was made on; otherwise what the tab is told, if the edit is not old.
    fn place(&mut self, n: u64, seen: u64) -> Result<usize, Option<Told>> {
        if n <= self.n {
            return Err(None);
        }
        match self.views.iter().position(|view| view.s == seen) {
            Some(at) if n == self.n + 1 => Ok(at),
            _ => Err(Some(self.anew())),
        }
    }

    /// The tab has taken in view `s`.
    pub fn seen(&mut self, s: u64) {
        if self.views.iter().any(|view| view.s == s) {
            self.views.retain(|view| view.s >= s);
        }
    }

    /// Edit `n`, made on view `seen`: takes this tab's last step back, or makes it again.
    pub fn undo(&mut self, n: u64, seen: u64, again: bool) -> Option<Told> {
        let at = match self.place(n, seen) {
            Ok(at) => at,
            Err(told) => return told,
        };
        self.leave();
        let shown = self.views.get(at).map(|view| view.shown.clone()).unwrap_or_default();
        let mut whole = self.whole();
        let mut first = true;
        while let Some(step) = if again { self.redo.pop() } else { self.undo.pop() } {
            let back = Step { first, pieces: inverse(&whole, &step.pieces) };
            if again {
                self.undo.push(back)
            } else {
                self.redo.push(back)
            }
            apply(&mut whole, &step.pieces);
            self.ready.extend(step.pieces);
            first = false;
            if step.first {
                break;
            }
        }
        (self.n, self.ready_n) = (n, n);
        // As after any edit, the tab has dropped what it had not taken in.
        self.views = VecDeque::from([View { s: seen, shown, patch: Vec::new() }]);
        self.show(whole, true)
    }

    /// The person leaves the box: what they typed is to be written.
    pub fn leave(&mut self) {
        if let Some(closed) = self.typing.leave() {
            self.ready.push(closed);
        }
        self.ready_n = self.n;
    }

    /// When what was typed is to be written. `together`: somebody else is at the same question.
    pub fn closes_at(&self, together: bool) -> Option<u64> {
        if self.is_ready() { Some(0) } else { self.typing.closes_at(together) }
    }

    /// Whether there is something to write by now.
    pub fn due(&mut self, now_ms: u64, together: bool) -> bool {
        if let Some(closed) = self.typing.due(now_ms, together) {
            self.ready.push(closed);
            self.ready_n = self.n;
        }
        self.is_ready()
    }

    fn is_ready(&self) -> bool {
        !self.ready.is_empty() || self.ready_n > self.saved
    }

    /// What is to be written, where the document's text is `now`; `None` where there is nothing to do. Nothing is forgotten before
    /// [`Live::written`].
    pub fn settle(&mut self, now: &str) -> Option<Writing> {
        let now = units(now);
        let moved = now != self.text;
        if moved {
            self.leave();
        }
        if !moved && !self.is_ready() {
            return None;
        }
        let pieces = if moved {
            let own = match self.ready.as_slice() {
                [] => Vec::new(),
                [one] => vec![one.clone()],
                _ => between(&self.text, &self.whole()),
            };
            let theirs = between(&self.text, &now);
            over(&own, &theirs, |point| self.mine == Some(point))
        } else {
            self.ready.clone()
        };
        let mut after = now;
        apply(&mut after, &pieces);
        Some(Writing { pieces, after, n: self.ready_n, moved })
    }

    /// It is on the disk. What the tab is told.
    pub fn written(&mut self, writing: Writing) -> Vec<Told> {
        self.ready.clear();
        self.text = writing.after;
        self.mine = match writing.pieces.as_slice() {
            [.., last] => Some(last.at + width(&last.insert)),
            [] if writing.moved => None,
            [] => self.mine,
        };
        let mut told = Vec::new();
        if writing.n > self.saved {
            self.saved = writing.n;
            told.push(Told::Saved { n: writing.n });
        }
        if writing.moved {
            let theirs = between(&self.whole(), &self.text);
            rebase(&mut self.undo, &theirs);
            rebase(&mut self.redo, &theirs);
            told.extend(self.show(self.text.clone(), false));
        }
        told
    }

    /// What the tab shows when it has taken in everything.
    fn whole(&self) -> Vec<u16> {
        self.views.back().map(|view| view.shown.clone()).unwrap_or_default()
    }

    fn number(&mut self) -> u64 {
        self.next += 1;
        self.next
    }

    fn show(&mut self, whole: Vec<u16>, own: bool) -> Option<Told> {
        let last = self.views.back()?;
        if last.shown == whole {
            return None;
        }
        let (p, patch) = (last.s, between(&last.shown, &whole));
        let s = self.number();
        let told = Told::Patch { s, p, n: self.n, pieces: patch.clone(), own };
        self.views.push_back(View { s, shown: whole, patch });
        if self.views.len() > VIEWS_MAX {
            self.views.pop_front();
        }
        Some(told)
    }
}

/// What a person made of `base`, on top of `now`: their form was made from a text that has moved on.
pub fn merged(base: &str, theirs: &str, now: &str) -> String {
    let changes = |text: &str| hunks(base, text).into_iter().map(piece).collect::<Pieces>();
    let own = over(&changes(theirs), &changes(now), |_| false);
    let mut now = units(now);
    apply(&mut now, &own);
    string(&now)
}

/// The pieces on the text after `other`; both are pieces of one text. `left`: whether an insertion stays before one of `other` at
/// the same point. What `other` put in amid a piece stays.
fn over(pieces: &[Splice], other: &[Splice], left: impl Fn(usize) -> bool) -> Pieces {
    let mut moved = Vec::new();
    for piece in pieces {
        let end = piece.at + piece.delete;
        let (mut ranges, mut from) = (Vec::new(), piece.at);
        for theirs in other.iter().rev().filter(|theirs| theirs.at < end && theirs.at + theirs.delete >= piece.at) {
            if from < theirs.at {
                ranges.push((from, theirs.at - from));
            }
            from = from.max(theirs.at + theirs.delete);
        }
        if from < end {
            ranges.push((from, end - from));
        }
        let mut insert = piece.insert.clone();
        let point = moved_point(piece.at, other, left(piece.at));
        for (i, (start, delete)) in ranges.iter().enumerate().rev() {
            let at = moved_point(*start, other, false);
            let insert = if i == 0 && at == point { std::mem::take(&mut insert) } else { String::new() };
            moved.push(Splice { at, delete: *delete, insert });
        }
        if !insert.is_empty() {
            moved.push(Splice { at: point, delete: 0, insert });
        }
    }
    moved
}

fn moved_point(point: usize, other: &[Splice], left: bool) -> usize {
    let (mut more, mut less) = (0, 0);
    for theirs in other.iter().rev() {
        let end = theirs.at + theirs.delete;
        if theirs.at > point || (theirs.at == point && left) {
            break;
        }
        if end <= point {
            less += theirs.delete;
        } else {
            less += point - theirs.at;
        }
        if end <= point || !left {
            more += width(&theirs.insert);
        }
    }
    (point + more).saturating_sub(less)
}

/// Moves what takes steps back over what others wrote on the present text.
fn rebase(steps: &mut [Step], theirs: &[Splice]) {
    let mut theirs = theirs.to_vec();
    for step in steps.iter_mut().rev() {
        let before = over(&theirs, &step.pieces, |_| true);
        step.pieces = over(&step.pieces, &theirs, |_| false);
        theirs = before;
    }
}

/// What takes pieces back; they are made one after another from the back.
fn inverse(text: &[u16], pieces: &[Splice]) -> Pieces {
    let (mut more, mut less) = (0, 0);
    let mut back: Pieces = Vec::new();
    for piece in pieces.iter().rev() {
        let gone = text.get(piece.at..piece.at + piece.delete).map(string).unwrap_or_default();
        back.push(Splice { at: (piece.at + more).saturating_sub(less), delete: width(&piece.insert), insert: gone });
        more += width(&piece.insert);
        less += piece.delete;
    }
    back.reverse();
    back
}

/// What makes one text into the other, letter by letter.
fn between(before: &[u16], after: &[u16]) -> Pieces {
    if before == after {
        return Vec::new();
    }
    letters(&string(before), &string(after)).into_iter().map(piece).collect()
}

fn piece(hunk: Hunk) -> Splice {
    Splice { at: hunk.at, delete: hunk.delete, insert: hunk.insert }
}

/// Whether a piece lies in a text and cuts no character in two.
fn fits(text: &[u16], piece: &Splice) -> bool {
    let whole = |at: usize| text.get(at).is_none_or(|unit| !(0xdc00..0xe000).contains(unit));
    let end = piece.at.checked_add(piece.delete);
    !piece.insert.contains(['\r', '\0']) && end.is_some_and(|end| end <= text.len() && whole(end)) && whole(piece.at)
}

fn apply(text: &mut Vec<u16>, pieces: &[Splice]) {
    for piece in pieces {
        let at = piece.at.min(text.len());
        let end = (at + piece.delete).min(text.len());
        text.splice(at..end, piece.insert.encode_utf16());
    }
}

fn units(text: &str) -> Vec<u16> {
    text.encode_utf16().collect()
}

fn string(units: &[u16]) -> String {
    String::from_utf16_lossy(units)
}

fn width(text: &str) -> usize {
    text.encode_utf16().count()
}

#[cfg(test)]
mod tests {
    use std::collections::VecDeque;

    use plan::{AcademicYear, ActorId, Automerge, DocumentKind, Edit, Pep, PepType, Processes, Role, Term, Writer};
    use uuid::Uuid;

    use super::*;

    const PLACE: &str = "care.story";

    /// A die that falls the same way for the same seed.
    struct Die(u64);

    impl Die {
        fn roll(&mut self, sides: usize) -> usize {
            self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            usize::try_from(self.0 >> 33).unwrap() % sides.max(1)
        }
    }

    /// A device: one document, three tabs on one box.
    struct Home {
        document: Automerge,
        tabs: Vec<Tab>,
        /// What is kept on the disk of each tab's typing.
        typed: [u64; 3],
    }

    struct Tab {
        live: Live,
        /// What the browser shows.
        text: Vec<u16>,
        caret: usize,
        n: u64,
        s: u64,
        saved: u64,
        /// Each unit of the text, with the numbers of the edits that put it in and took it away, until they are said to be saved.
        kept: Vec<(u16, u64, u64)>,
        to_us: VecDeque<Say>,
        to_tab: VecDeque<Told>,
    }

    enum Say {
        Edit(u64, u64, Splice),
        Seen(u64),
        Undo(u64, u64, bool),
        Mine(u64, u64, Vec<u16>, Vec<u16>),
    }

    fn pep() -> Pep {
        Pep {
            child: Uuid::from_bytes([7; 16]),
            year: AcademicYear(2025),
            term: Term::Spring,
            kind: PepType::Review,
            process: Processes::built_in().latest("sections").unwrap(),
            filed: plan::Filed::default(),
        }
    }

    fn known(text: &str) -> Vec<(u16, u64, u64)> {
        text.encode_utf16().map(|unit| (unit, 0, 0)).collect()
    }

    fn writer(home: usize) -> Writer {
        Writer::new(Uuid::from_bytes([u8::try_from(home).unwrap() + 1; 16]), Role::SocialWorker)
    }

    impl Home {
        fn text(&self, home: usize) -> String {
            plan::text_at(&self.document, PLACE, &writer(home)).unwrap()
        }

        fn settle(&mut self, home: usize, tab: usize) {
            let now = self.text(home);
            let Some(writing) = self.tabs[tab].live.settle(&now) else { return };
            for piece in &writing.pieces {
                let (at, delete, insert) = (piece.at, piece.delete, piece.insert.clone());
                let seen = self.document.get_heads();
                let edit = Edit::Splice { question: PLACE.into(), at, delete, insert, seen };
                plan::apply(&mut self.document, &pep(), DocumentKind::Main, &writer(home), &[edit], 1_772_114_700)
                    .unwrap_or_else(|refused| panic!("{refused}"));
            }
            assert_eq!(units(&self.text(home)), writing.after, "the document holds what was to be written");
            if !writing.pieces.is_empty() {
                self.typed[tab] = writing.n;
            }
            let told = self.tabs[tab].live.written(writing);
            self.tabs[tab].to_tab.extend(told);
        }

        fn settle_all(&mut self, home: usize) {
            (0..self.tabs.len()).for_each(|tab| self.settle(home, tab));
        }

        /// The device takes in one message of a tab.
        fn hear(&mut self, home: usize, tab: usize, now: u64) {
            let said = self.tabs[tab].to_us.pop_front();
            let live = &mut self.tabs[tab].live;
            let told = match said {
                Some(Say::Edit(n, s, piece)) => live.edit(n, s, piece, n % 4 == 0, now),
                Some(Say::Seen(s)) => {
                    live.seen(s);
                    None
                }
                Some(Say::Undo(n, s, again)) => live.undo(n, s, again),
                Some(Say::Mine(n, s, base, text)) => live.mine(n, s, &string(&base), &string(&text)),
                None => None,
            };
            assert!(!matches!(told, Some(Told::Saved { .. })), "saved is said after writing alone");
            self.tabs[tab].to_tab.extend(told);
            self.settle_ready(home, tab, now);
        }

        /// The program is killed and started again: what is on the disk is left, and what the tabs show.
        fn killed(&mut self, home: usize) {
            let text = self.text(home);
            for (tab, typed) in self.tabs.iter_mut().zip(self.typed) {
                tab.to_us.clear();
                tab.live = Live::new(&text, tab.n, typed);
                tab.to_tab = VecDeque::from([tab.live.anew()]);
            }
        }

        fn settle_ready(&mut self, home: usize, tab: usize, now: u64) {
            if self.tabs[tab].live.due(now, now.is_multiple_of(2)) {
                self.settle(home, tab);
            }
        }
    }

    impl Tab {
        fn new(text: &str) -> Tab {
            let mut live = Live::new(text, 0, 0);
            let told = live.anew();
            let (to_us, to_tab) = (VecDeque::new(), VecDeque::from([told]));
            let (text, kept) = (units(text), known(text));
            let mut tab = Tab { live, text, caret: 0, n: 0, s: 0, saved: 0, kept, to_us, to_tab };
            tab.listen();
            tab.caret = tab.text.len();
            tab
        }

        fn edit(&mut self, at: usize, delete: usize, insert: &str) {
            let piece = Splice { at, delete, insert: insert.into() };
            apply(&mut self.text, std::slice::from_ref(&piece));
            self.caret = at + width(insert);
            self.n += 1;
            self.keep(self.n, &piece);
            self.to_us.push_back(Say::Edit(self.n, self.s, piece));
        }

        fn undo(&mut self, again: bool) {
            self.n += 1;
            self.to_us.push_back(Say::Undo(self.n, self.s, again));
        }

        /// A piece of what is shown changed: by edit `n`, or, with 0, by others.
        fn keep(&mut self, n: u64, piece: &Splice) {
            let shown: Vec<usize> = (0..self.kept.len()).filter(|i| self.kept[*i].2 == 0).collect();
            let at = shown.get(piece.at).copied().unwrap_or(self.kept.len());
            let gone: Vec<usize> = shown.iter().skip(piece.at).take(piece.delete).copied().collect();
            for i in gone.into_iter().rev() {
                if n == 0 {
                    self.kept.remove(i);
                } else {
                    self.kept[i].2 = n;
                }
            }
            self.kept.splice(at..at, piece.insert.encode_utf16().map(|unit| (unit, n, 0)));
        }

        /// The text with the edits up to this one.
        fn base(&self, n: u64) -> Vec<u16> {
            let in_it = self.kept.iter().filter(|(_, put, gone)| *put <= n && (*gone == 0 || *gone > n));
            in_it.map(|(unit, _, _)| *unit).collect()
        }

        /// A place that cuts no character in two.
        fn place(&self, die: &mut Die) -> usize {
            let at = die.roll(self.text.len() + 1);
            if self.text.get(at).is_some_and(|unit| (0xdc00..0xe000).contains(unit)) { at - 1 } else { at }
        }

        /// The tab takes in one message.
        fn listen(&mut self) {
            match self.to_tab.pop_front() {
                Some(Told::Init { s, n, w, text }) => {
                    assert!(n > self.n, "what was on its way counts as old");
                    let base = self.base(w.max(self.saved));
                    (self.s, self.n, self.saved) = (s, n, n);
                    if self.text == base {
                        (self.text, self.kept) = (units(&text), known(&text));
                        self.caret = self.caret.min(self.text.len());
                    } else {
                        self.n += 1;
                        self.kept = known(&string(&base));
                        let end = base.iter().rev().zip(self.text.iter().rev()).take_while(|(a, b)| a == b).count();
                        let at = base.iter().zip(&self.text).take_while(|(a, b)| a == b).count();
                        let at = at.min(base.len().min(self.text.len()) - end.min(base.len().min(self.text.len())));
                        let (delete, insert) = (base.len() - end - at, string(&self.text[at..self.text.len() - end]));
                        self.keep(self.n, &Splice { at, delete, insert });
                        self.to_us.push_back(Say::Mine(self.n, s, base, self.text.clone()));
                    }
                }
                Some(Told::Patch { s, p, n, pieces, own }) if p == self.s && n == self.n => {
                    apply(&mut self.text, &pieces);
                    pieces.iter().for_each(|piece| self.keep(if own { n } else { 0 }, piece));
                    self.caret = moved_point(self.caret, &pieces, true);
                    self.s = s;
                    let view = self.live.views.iter().find(|view| view.s == s);
                    assert!(
                        view.is_none_or(|view| view.shown == self.text),
                        "I1: the tab shows what we think it shows"
                    );
                    self.to_us.push_back(Say::Seen(s));
                }
                Some(Told::Patch { .. }) | None => {}
                Some(Told::Saved { n }) => {
                    assert!((self.saved..=self.n).contains(&n), "saved counts up");
                    self.saved = n;
                    self.kept.retain(|(_, _, gone)| *gone == 0 || *gone > n);
                    self.kept.iter_mut().filter(|(_, put, _)| *put <= n).for_each(|unit| unit.1 = 0);
                }
            }
        }
    }

    fn play(seed: u64, base: &Automerge, gentle: bool, deadly: bool) {
        let mut die = Die(seed);
        let mut homes: Vec<Home> = (0..2)
            .map(|home| {
                let mut document = base.fork();
                document.set_actor(ActorId::from([u8::try_from(home).unwrap() + 1; 16]));
                let text = plan::text_at(&document, PLACE, &writer(home)).unwrap();
                Home { document, tabs: (0..3).map(|_| Tab::new(&text)).collect(), typed: [0; 3] }
            })
            .collect();
        let mut typed = [0; 6];
        for step in 0..90 {
            let now = step * 130;
            let (h, t, what) = (die.roll(2), die.roll(3), die.roll(20));
            let letter = ["a", "b", "c", "d", "e", "f"][h * 3 + t];
            let tab = &mut homes[h].tabs[t];
            match what {
                0..=5 => {
                    let at =
                        if gentle || die.roll(5) > 0 { tab.caret.min(tab.text.len()) } else { tab.place(&mut die) };
                    let insert = if !gentle && die.roll(8) == 0 { "🙂 " } else { letter };
                    tab.edit(at, 0, insert);
                    typed[h * 3 + t] += 1;
                }
                6 if !gentle => {
                    let (a, b) = (tab.place(&mut die), tab.place(&mut die));
                    tab.edit(a.min(b), a.abs_diff(b), "");
                }
                7 if !gentle => {
                    let again = die.roll(3) == 0;
                    tab.undo(again);
                }
                10 if deadly && die.roll(3) == 0 => homes[h].killed(h),
                6..=10 => homes[h].hear(h, t, now),
                11..=14 => tab.listen(),
                15..=16 => homes[h].settle_ready(h, t, now),
                17 => homes[h].settle_all(h),
                18 => tab.live.leave(),
                _ => {
                    let mut other = homes[1 - h].document.clone();
                    homes[h].document.merge(&mut other).unwrap();
                    homes[h].settle_all(h);
                }
            }
        }
        // Everything comes to rest.
        for _ in 0..12 {
            for h in 0..2 {
                for t in 0..3 {
                    while !homes[h].tabs[t].to_us.is_empty() || !homes[h].tabs[t].to_tab.is_empty() {
                        homes[h].hear(h, t, 1_000_000);
                        homes[h].tabs[t].listen();
                    }
                    homes[h].tabs[t].live.leave();
                    homes[h].settle(h, t);
                }
                let mut other = homes[1 - h].document.clone();
                homes[h].document.merge(&mut other).unwrap();
                homes[h].settle_all(h);
            }
        }
        let text = homes[0].text(0);
        for (h, home) in homes.iter().enumerate() {
            assert_eq!(home.text(h), text, "seed {seed}: devices hold the same");
            for (t, tab) in home.tabs.iter().enumerate() {
                assert_eq!(string(&tab.text), text, "I5, seed {seed}: tab {h}.{t} shows what is there");
                assert_eq!((tab.n, tab.saved), (tab.n, tab.n), "seed {seed}: tab {h}.{t} is told that all is saved");
            }
        }
        if gentle {
            let kept: Vec<usize> = "abcdef".chars().map(|letter| text.matches(letter).count()).collect();
            assert_eq!(kept, typed, "seed {seed}: nothing is lost and nothing comes twice: {text}");
        }
    }

    fn base() -> Automerge {
        plan::from_genesis(&pep(), DocumentKind::Main, ActorId::from([9; 16]))
    }

    #[test]
    fn two_devices_with_three_tabs_each_come_to_the_same_text_in_every_order() {
        let base = base();
        (0..400).for_each(|seed| play(seed, &base, false, false));
        (400..600).for_each(|seed| play(seed, &base, false, true));
    }

    #[test]
    fn what_is_only_added_is_all_there_once_in_every_order() {
        let base = base();
        (1_000..1_200).for_each(|seed| play(seed, &base, true, false));
    }

    #[test]
    fn what_is_only_added_is_all_there_once_however_often_the_programs_are_killed() {
        let base = base();
        (2_000..2_300).for_each(|seed| play(seed, &base, true, true));
    }
}
