//! What the next PEP begins with (PEP.md 4.8, 2.26): the answers of the last one, by block as the process says. Each person's
//! device brings what its own role answers for, so nobody writes for another, and two devices of one role that do it apart meet
//! in the same values and the same rows.

use std::collections::BTreeSet;

use crate::REVIEW;
use crate::bank::{Question, bank};
use crate::checks::{agreed_targets, chosen, reviews, reviews_target, words};
use crate::edit::{CARRIED_MAX, Cells, Edit};
use crate::pep::{Pep, Role};
use crate::portable::{Brought, depth, is_of_its_own};
use crate::practice::Carry;
use crate::refused::Refused;
use crate::value::{Value, utf16_len, withhold};
use crate::view::{Answer, Cell, Row, View};

/// The table whose open rows come across, whatever the process says of its block.
const ACTIONS: &str = "meeting.actions";

/// What one role's device can bring from the last PEP.
#[derive(Clone)]
pub struct CarriedOver {
    /// The edits, in an order in which they can be made. What this PEP does not ask is among them: see [`Brought::fitting`].
    pub brought: Brought,
    /// Questions whose last answer is brought as it is.
    pub copied: BTreeSet<&'static str>,
    /// Questions whose last answer is brought to be confirmed.
    pub to_confirm: BTreeSet<&'static str>,
    /// How many targets of the last PEP are to be reviewed.
    pub reviews: usize,
    /// How many actions are still open.
    pub actions: usize,
    /// Titles of the blocks that begin blank on this role's pages.
    pub blank: Vec<&'static str>,
    /// Titles of the pages of this role that people keep by hand (R001-14).
    pub by_hand: Vec<String>,
}

withhold!(CarriedOver);

/// What `role` answers for and can bring from the last PEP, `before`, into this one as it is `now`. Only what is not answered
/// yet; so a second time brings nothing.
pub fn carry(before: &View, before_pep: &Pep, now: &View, pep: &Pep, role: Role) -> CarriedOver {
    let mut carried = CarriedOver {
        brought: Brought { edits: Vec::new(), left_out: Vec::new() },
        copied: BTreeSet::new(),
        to_confirm: BTreeSet::new(),
        reviews: 0,
        actions: 0,
        blank: Vec::new(),
        by_hand: Vec::new(),
    };
    let process = pep.process();
    let mine = |question: &Question| {
        process.accountable_now(question, now.not_on_roll).is_some_and(|owner| role.counts_as(owner))
    };
    let mut edits: Vec<(usize, Edit)> = Vec::new();
    for question in process.questions().filter(|question| mine(question)) {
        let id = question.id.as_str();
        let mode = process.carry_of(question);
        match mode {
            // What only its owners decide begins blank everywhere, and that goes without saying.
            Carry::Blank if !question.computed && !question.reserved && !question.is_sign_off() => {
                let title = bank().blocks().iter().find(|(block, _)| *block == question.block).map(|(_, title)| title);
                carried.blank.extend(title.map(String::as_str).filter(|title| !carried.blank.contains(title)));
            }
            Carry::Manual => {
                let title = process.page(id).filter(|page| page.carry_forward.is_some()).map(|page| &page.title);
                carried.by_hand.extend(title.filter(|title| !carried.by_hand.contains(title)).cloned());
            }
            _ => {}
        }
        let new = match (id, mode) {
            (REVIEW, mode) if mode != Carry::Manual => {
                let new = to_review(before, now);
                carried.reviews += new.len();
                new
            }
            (ACTIONS, mode) if mode != Carry::Manual => {
                let new = open_actions(before, now);
                carried.actions += new.len();
                new
            }
            (_, Carry::Copy | Carry::Ask) if question.may_be_carried() && is_open(now, id) => {
                let new = if is_over(question, before, before_pep, pep) {
                    Vec::new()
                } else {
                    again(before, question, mode == Carry::Ask)
                };
                if !new.is_empty() {
                    let set = if mode == Carry::Ask { &mut carried.to_confirm } else { &mut carried.copied };
                    set.insert(id);
                }
                new
            }
            _ => Vec::new(),
        };
        let depth = depth(pep, question);
        edits.extend(new.into_iter().map(|edit| (depth, edit)));
    }
    edits.sort_by_key(|(depth, _)| *depth);
    carried.brought.edits = edits.into_iter().map(|(_, edit)| edit).collect();
    carried
}

/// The fields of a new target that goes on from the target `key` of the last PEP, which has been reviewed: for `Edit::PutTarget`,
/// before what the person changes. Carried forward it keeps its words and begins where the last one ended; replaced it keeps its
/// kind and its subject.
pub fn target_from(before: &View, now: &View, key: &str) -> Result<Cells, Refused> {
    let unknown = || Refused::UnknownRow { question: REVIEW.to_owned() };
    let target = before.targets.iter().find(|target| target.row.key == key).ok_or_else(unknown)?;
    let review = reviews(now).find(|row| reviews_target(row, target)).ok_or_else(unknown)?;
    let keeps: &[&str] = match chosen(review, "nextStep") {
        Some("carry_forward") => &[
            "category",
            "area",
            "statement",
            "purpose",
            "unit",
            "measure",
            "targetValue",
            "responsible",
            "helpers",
            "linksTo",
        ],
        Some("replace") => &["category", "area"],
        _ => {
            let expected = "carry_forward or replace, before a new target can go on from this one".to_owned();
            return Err(Refused::BadValue { question: format!("{REVIEW}/nextStep"), expected });
        }
    };
    let mut fields = Cells::new();
    for name in keeps {
        match target.row.cells.get(name) {
            Some(Cell::Value(value)) => drop(fields.insert((*name).to_owned(), Some(value.clone()))),
            Some(Cell::Text { text }) => drop(fields.insert((*name).to_owned(), Some(Value::Text(text.clone())))),
            _ => {}
        }
    }
    let result =
        chosen(review, "result").and_then(|word| Some(bank().question(REVIEW)?.column("result")?.label_of(word)));
    let ended = [result.unwrap_or_default(), &words(review, "evidence")].join(": ");
    let ended = ended.trim_matches([':', ' ']).to_owned();
    if !ended.is_empty() {
        fields.insert("baseline".to_owned(), Some(Value::Text(ended)));
    }
    fields.insert("carriedFrom".to_owned(), Some(Value::Text(key.to_owned())));
    Ok(fields)
}

/// What the last PEP says and what says nothing of this one.
fn is_over(question: &Question, before: &View, before_pep: &Pep, pep: &Pep) -> bool {
    match question.id.as_str() {
        // Next year's form is another one: what the year group is then follows from the date of birth until somebody says.
        "setting.yearGroup" => pep.year != before_pep.year,
        // A review that was to be held before this term began is not the next one.
        id @ "care.nextCareReview" => {
            match (before.answers.get(id), pep.process.calendar().term_begins(pep.year, pep.term)) {
                (Some(Answer::Value(Value::Date(day))), Some(begins)) => *day < begins,
                _ => false,
            }
        }
        _ => is_of_its_own(question),
    }
}

/// Nobody has answered it, or said that there is no answer.
fn is_open(now: &View, id: &str) -> bool {
    let missing = matches!(now.answers.get(id), Some(Answer::Missing));
    missing && !now.excuses.contains_key(id)
}

/// The last answer as edits; none where it was none, or two.
fn again(before: &View, question: &'static Question, ask: bool) -> Vec<Edit> {
    let id = question.id.clone();
    let mut edits = Vec::new();
    match before.answers.get(id.as_str()) {
        Some(Answer::Value(value)) => edits.push(Edit::Choose { question: id.clone(), value: value.clone() }),
        Some(Answer::Set(words)) => {
            edits.push(Edit::Choose { question: id.clone(), value: Value::Set(words.clone()) });
        }
        Some(Answer::Text { text }) if utf16_len(text) <= CARRIED_MAX => {
            return vec![Edit::Carry { question: id, text: Some(text.clone()), ask }];
        }
        Some(Answer::Table(rows)) => {
            edits.extend(rows.iter().filter(|row| row.counts()).filter_map(|row| same_row(&id, row)));
        }
        Some(Answer::Missing) => {
            if let Some([only]) = before.excuses.get(id.as_str()).map(Vec::as_slice) {
                let excuse = Some((only.why, only.reason.clone()));
                edits.push(Edit::Excuse { question: id.clone(), excuse });
            }
        }
        _ => {}
    }
    if ask && !edits.is_empty() {
        edits.push(Edit::Carry { question: id, text: None, ask });
    }
    edits
}

fn same_row(table: &str, row: &Row) -> Option<Edit> {
    let mut cells = Cells::new();
    for (name, cell) in &row.cells {
        if let Cell::Value(value) = cell {
            cells.insert((*name).to_owned(), Some(value.clone()));
        }
    }
    (!cells.is_empty()).then(|| Edit::PutRow { question: table.to_owned(), key: row.key.clone(), cells })
}

/// A row for each target that was agreed and is not reviewed yet.
fn to_review(before: &View, now: &View) -> Vec<Edit> {
    let open = |target: &&&crate::view::Target| !reviews(now).any(|row| reviews_target(row, target));
    let known = |target: &&&crate::view::Target| !has_row(now, REVIEW, &target.row.key);
    let row = |target: &&crate::view::Target| Edit::ReviewTarget { key: target.row.key.clone(), cells: Cells::new() };
    agreed_targets(before).iter().filter(open).filter(known).map(row).collect()
}

/// The actions that nobody has done or given up.
fn open_actions(before: &View, now: &View) -> Vec<Edit> {
    let Some(Answer::Table(rows)) = before.answers.get(ACTIONS) else { return Vec::new() };
    let open = |row: &&Row| row.counts() && !matches!(chosen(row, "status"), Some("done" | "not_done"));
    rows.iter()
        .filter(open)
        .filter(|row| !has_row(now, ACTIONS, &row.key))
        .filter_map(|row| same_row(ACTIONS, row))
        .collect()
}

/// Also where it was withdrawn: it is not brought back behind anybody's back.
fn has_row(now: &View, table: &str, key: &str) -> bool {
    matches!(now.answers.get(table), Some(Answer::Table(rows)) if rows.iter().any(|row| row.key == key))
}
