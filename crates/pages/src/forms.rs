//! From a form to edits, so that a page somebody has had open for an hour overwrites nobody: texts are changed by what differs
//! from what the page showed, and a choice that somebody else has changed meanwhile is asked again.

use std::collections::BTreeMap;

use maud::{Markup, html};
use participant::pieces::PIECE_UNITS;
use plan::{
    ChangeHash, DocumentKind, Edit, Kind, Row, Value,
    hunks::{Hunk, hunks},
};

use super::{
    field::{Ask, Fill},
    live::merged,
    model::Plan,
    request::{Leaf, Outcome, Pairs},
    text,
};

/// The name under which a form says what it was made from.
pub const STAMP: &str = "made-from";
/// In a form whose words are only put into the form for a comment, to be looked at: they could not be saved where they were typed.
pub const DRAFT: &str = "draft";
/// Pieces of one text that are written one by one; a text that was changed in more places is written as one piece.
const PIECES_MAX: usize = 40;

/// What a person changed in one input.
pub enum Change {
    /// A value; `None` takes it away.
    Put(Option<Value>),
    /// A text, whole.
    Text(String),
}

/// One input as a form sent it.
pub struct Sent<'a> {
    /// What it asks.
    pub ask: &'a Ask,
    /// Whether it is text that merges letter by letter.
    pub text: bool,
    /// What the page showed.
    pub seen: Fill,
    /// What stands there now.
    pub now: Fill,
    /// What came.
    pub sent: Fill,
}

/// What is written, in lots.
#[derive(Default)]
pub struct Lots(Vec<BTreeMap<DocumentKind, Vec<Edit>>>);

/// What is wrong in a form: the id of the input, and the words.
pub type Errors = Vec<(String, String)>;

impl Sent<'_> {
    /// What the person changed, or why it cannot be written as it is.
    pub fn change(&self, form: &Pairs) -> Result<Option<Change>, String> {
        if as_browsers_send(&self.sent) == as_browsers_send(&self.seen) {
            return Ok(None);
        }
        let value = self.ask.read(&self.sent)?;
        // It is so already: most likely the form came twice.
        if as_browsers_send(&self.sent) == as_browsers_send(&self.now) {
            return Ok(None);
        }
        if self.text {
            return Ok(Some(Change::Text(self.sent.text.clone())));
        }
        if self.ask.fill(value.as_ref()) == self.now {
            return Ok(None);
        }
        if self.ask.kind == Kind::MultiChoice {
            // Each box is a choice of its own.
            let kept = self
                .now
                .words
                .iter()
                .filter(|word| !self.seen.words.contains(*word) || self.sent.words.contains(*word));
            let added = self.sent.words.iter().filter(|word| !self.seen.words.contains(*word));
            return Ok(Some(Change::Put(Some(Value::Set(kept.chain(added).cloned().collect())))));
        }
        if self.now != self.seen && form.get(&saw_name(self.ask)) != Some(&self.token()) {
            return Err(format!(
                "“{}” was changed to “{}” while you had this page open. Check your answer, then save again if it is the right one",
                self.ask.label,
                self.said()
            ));
        }
        Ok(Some(Change::Put(value)))
    }

    /// What a form says of a draft that stands in it: why it is not the plan's. `None` where it is.
    pub fn kept(&self, form: &Pairs) -> Option<String> {
        match self.change(form) {
            Ok(None) => None,
            Ok(Some(_)) => Some(format!(
                "What you entered for “{}” is not saved: the plan says “{}”. Save yours, or discard it",
                self.ask.label,
                self.said()
            )),
            Err(words) => Some(words),
        }
    }

    /// Says in a form that is shown again that the person has been told what stands there now.
    pub fn told(&self) -> Markup {
        let is_value = self.ask.read(&self.sent).is_ok();
        html! { @if is_value { input type="hidden" name=(saw_name(self.ask)) value=(self.token()); } }
    }

    fn said(&self) -> String {
        match self.ask.read(&self.now) {
            _ if self.now == Fill::default() => "no answer".to_owned(),
            Ok(Some(value)) => self.ask.shown(&value),
            _ => "no answer".to_owned(),
        }
    }

    fn token(&self) -> String {
        format!("saw {}", self.said())
    }
}

impl Lots {
    /// An edit that goes with the first lot of its document.
    pub fn add(&mut self, kind: DocumentKind, edit: Edit) {
        self.at(0, kind).push(edit);
    }

    /// A text that was changed from what the page showed; `now` is what stands there.
    pub fn text(&mut self, plan: &Plan, kind: DocumentKind, place: &str, [shown, now]: [&str; 2], text: &str) {
        let place = || place.to_owned();
        let Some(seen) = plan.seen_heads(kind) else {
            return self.add(kind, Edit::Rewrite { question: place(), text: text.to_owned() });
        };
        let mut pieces = hunks(shown, text);
        if pieces.len() > PIECES_MAX
            && let (Some(last), Some(first)) = (pieces.first(), pieces.last())
        {
            let (start, end) = (first.at, last.at + last.delete);
            let units: Vec<u16> = text.encode_utf16().collect();
            let after = shown.encode_utf16().count() - end;
            let insert = units.get(start..units.len().saturating_sub(after)).unwrap_or(&[]);
            pieces = vec![Hunk { at: start, delete: end - start, insert: String::from_utf16_lossy(insert) }];
        }
        let units = |piece: &Hunk| piece.delete + piece.insert.encode_utf16().count();
        // More than one change may hold: the text as it becomes is written as changes that follow one another.
        if pieces.iter().any(|piece| units(piece) > PIECE_UNITS) {
            return self.add(kind, Edit::Rewrite { question: place(), text: merged(shown, text, now) });
        }
        for (lot, piece) in pieces.into_iter().enumerate() {
            let seen: Vec<ChangeHash> = seen.to_vec();
            let edit =
                Edit::Splice { question: place(), at: piece.at, delete: piece.delete, insert: piece.insert, seen };
            self.at(lot, kind).push(edit);
        }
    }

    /// With these, each in the lot in which it is.
    pub fn merge(&mut self, other: Lots) {
        for (lot, kinds) in other.0.into_iter().enumerate() {
            kinds.into_iter().for_each(|(kind, edits)| self.at(lot, kind).extend(edits));
        }
    }

    /// Writes them and shows what could not be taken, at these fields.
    pub fn partly(self, wrong: Vec<String>, leaf: Leaf) -> Outcome {
        Outcome::Partly { lots: self.0.into_iter().flatten().collect(), wrong, leaf: Box::new(leaf) }
    }

    /// Writes them all and goes on; where there is nothing to write, only goes on.
    pub fn write(self, then: String) -> Outcome {
        let lots: Vec<(DocumentKind, Vec<Edit>)> = self.0.into_iter().flatten().collect();
        if lots.is_empty() { Outcome::Go(then) } else { Outcome::Write { lots, then } }
    }

    fn at(&mut self, lot: usize, kind: DocumentKind) -> &mut Vec<Edit> {
        while self.0.len() <= lot {
            self.0.push(BTreeMap::new());
        }
        // There is one now; the fallback is never reached.
        let last = self.0.len() - 1;
        self.0[lot.min(last)].entry(kind).or_default()
    }
}

/// What every form of a plan begins with.
pub fn stamp(plan: &Plan) -> Markup {
    html! { input type="hidden" name=(STAMP) value=(plan.stamp()); }
}

/// The same in a form whose page shows the plan as it is now, whatever the page before it showed.
pub fn stamp_now(plan: &Plan) -> Markup {
    html! { input type="hidden" name=(STAMP) value=(plan.stamp_now()); }
}

/// The name under which a form that makes something says what stands there already, as its page has shown it.
const MET: &str = "met";

/// Something that a form makes and that stands already, otherwise than the form says: it was saved, changed or withdrawn while the page
/// was open. Whoever sends the form is told, and what they send then is written.
#[derive(Clone, Copy)]
pub struct Met<'a>(pub &'a Row);

impl Met<'_> {
    /// Says in the form that the person has been told.
    pub fn told(self, plan: &Plan) -> Markup {
        html! { input type="hidden" name=(MET) value=(self.token(plan)); }
    }

    /// Whether a form says that.
    pub fn is_told(self, plan: &Plan, form: &Pairs) -> bool {
        form.get(MET) == Some(&self.token(plan))
    }

    /// What the form says about it as a whole. `what`: “row”, “target”.
    pub fn words(self, what: &str) -> String {
        match self.0.withdrawn {
            true => format!(
                "This {what} was withdrawn while you had this page open, and is withdrawn still. To bring it back with what stands here, save it"
            ),
            false => format!(
                "This {what} was saved already, or was changed, while you had this page open. Nothing was changed now. Check what stands here, then save again if it is right"
            ),
        }
    }

    /// What stands at one input and is not what came.
    pub fn stands(ask: &Ask, now: &Fill, disputed: bool) -> String {
        let stands = match ask.read(now) {
            _ if disputed => "has two answers by now, which somebody has to choose between".to_owned(),
            Ok(Some(value)) if *now != Fill::default() => format!("is “{}” now", ask.shown(&value)),
            _ => "has no answer now".to_owned(),
        };
        format!("“{}” {stands}", ask.label)
    }

    fn token(self, plan: &Plan) -> String {
        plan.word_for(&self.0.to_json().to_string())
    }
}

/// What the plan itself refused, for the summary of errors.
pub fn refusal(plan: &Plan, fallback: &str) -> Errors {
    plan.refused.iter().map(|refused| (fallback.to_owned(), text::refused(refused))).collect()
}

fn saw_name(ask: &Ask) -> String {
    format!("{}~saw", ask.name)
}

/// A text as it comes back from a browser that nobody typed in.
fn as_browsers_send(fill: &Fill) -> Fill {
    let text = fill.text.replace("\r\n", "\n").replace('\r', "\n").replace('\0', "\u{fffd}");
    Fill { text, ..fill.clone() }
}

#[cfg(test)]
mod tests {
    use plan::bank;

    use super::*;

    fn sent(id: &str, seen: &str, now: &str, sent: &str, form: &str) -> Result<Option<String>, String> {
        let ask = Ask::question(bank().question(id).unwrap());
        let fill = |text: &str| match ask.kind {
            Kind::MultiChoice => Fill {
                words: text.split(' ').filter(|w| !w.is_empty()).map(str::to_owned).collect(),
                ..Fill::default()
            },
            _ => ask.fill_text(text),
        };
        let one = Sent { ask: &ask, text: ask.is_text(), seen: fill(seen), now: fill(now), sent: fill(sent) };
        one.change(&Pairs::read(form.as_bytes())).map(|change| {
            change.map(|change| match change {
                Change::Put(value) => value.map_or("nothing".into(), |value| value.to_string()),
                Change::Text(text) => text,
            })
        })
    }

    #[test]
    fn what_nobody_touched_is_not_written_even_where_it_has_changed_since() {
        assert_eq!(sent("transfer.needed", "yes", "no", "yes", ""), Ok(None));
        assert_eq!(sent("care.story", "a\r\nb", "other", "a\nb", ""), Ok(None));
        assert_eq!(sent("transfer.needed", "yes", "no", "no", ""), Ok(None));
    }

    #[test]
    fn a_choice_that_somebody_changed_meanwhile_is_asked_again_and_then_taken() {
        assert_eq!(sent("setting.hoursOffered", "20", "20", "25", ""), Ok(Some("25".into())));
        let told = sent("setting.hoursOffered", "20", "22", "25", "").unwrap_err();
        assert!(told.contains("was changed to “22” while"), "{told}");
        let again = "setting.hoursOffered~saw=saw+22";
        assert_eq!(sent("setting.hoursOffered", "20", "22", "25", again), Ok(Some("25".into())));
        assert!(sent("setting.hoursOffered", "20", "23", "25", again).is_err());
        assert_eq!(sent("setting.hoursOffered", "20", "20", "", ""), Ok(Some("nothing".into())));
    }

    #[test]
    fn boxes_that_two_people_tick_are_all_ticked() {
        let question = bank().questions().iter().find(|question| question.kind == Kind::MultiChoice).unwrap();
        let words: Vec<&str> = question.options.iter().take(3).map(|choice| choice.value.as_str()).collect();
        let (seen, now, mine) = (words[0], format!("{} {}", words[0], words[1]), words[2]);
        let merged = sent(&question.id, seen, &now, mine, "").unwrap().unwrap();
        assert!(!merged.contains(seen) && merged.contains(words[1]) && merged.contains(mine), "{merged}");
    }
}
