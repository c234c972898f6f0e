//! What follows from a plan: which questions are asked, and every value that is worked out. Functions of document and
//! process alone, so replicas that hold the same changes agree.

use std::cell::OnceCell;
use std::collections::BTreeSet;

use automerge::{ObjId, ObjType, ReadDoc};
use chrono::NaiveDate;

use crate::bank::{Kind, Question, bank};
use crate::document::{Sheet, Source};
use crate::duty::NextDate;
use crate::expr::{Expr, Operand, Order, Reference};
use crate::pep::{Pep, Phase};
use crate::process::provisional_next_date;
use crate::quality;
use crate::value::{Number, Value};

/// Whether a question is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Asked {
    /// Yes.
    Yes,
    /// Not known yet, because the child's year group or date of birth is not: it may be answered and is not missed.
    Unknown,
    /// No, because of the answer to this question.
    No(&'static str),
}

/// The money of a PEP, in pence (PEP.md 4.5). Of a disputed amount the largest counts until a person has chosen.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Funding {
    /// What the school can claim this term; `None` where the process sets no amount.
    pub allocation: Option<i64>,
    /// Asked for by the school: the rows of agreed targets.
    pub requested: i64,
    /// Kept by the Virtual School to pay for what these targets need.
    pub retained: i64,
    /// Allocation less requested, less retained where the process counts it; negative when over.
    pub remaining: Option<i64>,
    /// What the funding rows of withdrawn targets come to: money without a target (R002-25), shown and never deleted.
    pub orphaned: i64,
}

impl Funding {
    /// The money as it would be if this were agreed as well; `retained_counts` is the process's rule (R003-24).
    pub fn with(self, requested: i64, retained: i64, retained_counts: bool) -> Funding {
        let counted = if retained_counts { retained } else { 0 };
        Funding {
            requested: self.requested.saturating_add(requested),
            retained: self.retained.saturating_add(retained),
            remaining: self.remaining.map(|left| left.saturating_sub(requested).saturating_sub(counted)),
            ..self
        }
    }

    /// By how many pence the targets exceed the allocation; 0 where they do not, or where no amount is set.
    pub fn over(&self) -> i64 {
        self.remaining.map_or(0, |left| left.saturating_neg().max(0))
    }
}

/// Reads facts from the main document; without one (an annex alone) conditions on answers are unknown.
pub(crate) struct Facts<'a, R> {
    pep: &'a Pep,
    main: Option<Sheet<'a, R>>,
    // Asked for again and again by conditions; worked out once for one reading.
    groups: OnceCell<Vec<String>>,
    funding: OnceCell<Funding>,
}

impl<'a, R: Source> Facts<'a, R> {
    pub(crate) fn new(pep: &'a Pep, main: Option<Sheet<'a, R>>) -> Facts<'a, R> {
        Facts { pep, main, groups: OnceCell::new(), funding: OnceCell::new() }
    }

    /// Whether a question is asked. Where people disagree about an answer, a question that any of the answers asks is asked.
    pub(crate) fn asked(&self, question: &'static Question) -> Asked {
        let phases = match (question.phases.is_empty(), self.phases()) {
            (true, _) => Asked::Yes,
            (false, known) if known.is_empty() => Asked::Unknown,
            (false, known) if known.iter().any(|phase| question.phases.contains(phase)) => Asked::Yes,
            (false, _) => Asked::No("meta.phase"),
        };
        let condition = self.pep.process().condition(&question.id);
        all([phases, self.holds(&question.visible_if), self.holds(condition)])
    }

    /// The phases the child may be in; empty where it cannot be told, several only where people disagree (PEP.md 3.5).
    pub(crate) fn phases(&self) -> BTreeSet<Phase> {
        self.year_groups().iter().filter_map(|group| self.phase_of(group)).collect()
    }

    /// Whether the child is on no school's roll; `None` where people disagree, or where it is not known here.
    pub(crate) fn not_on_roll(&self) -> Option<bool> {
        let said = self.main?.plain("setting.rollStatus", Kind::Choice);
        match said.as_slice() {
            [] => Some(false),
            [only] => Some(only.value.to_string() == "not_on_roll"),
            _ => None,
        }
    }

    /// The value of a computed question.
    pub(crate) fn computed(&self, question: &Question) -> Option<Value> {
        let choice = |word: String| Some(Value::Choice(word));
        match question.id.as_str() {
            "meta.pepType" => choice(self.pep.kind.to_string()),
            "meta.academicYear" => choice(self.pep.year.to_string()),
            "meta.term" => choice(self.pep.term.to_string()),
            "meta.phase" => self.phases().first().and_then(|phase| choice(phase.to_string())),
            "funding.stream" => self.streams().into_iter().next().and_then(choice),
            "funding.allocation" => self.funding().allocation.map(Value::Money),
            "funding.requested" => Some(Value::Money(self.funding().requested)),
            quality::OVERALL => self.overall_grade().and_then(choice),
            "attendance.band" => choice(self.attendance_band()?.to_owned()),
            "setting.moveCount" => self.move_count().map(Value::Number),
            "meeting.nextDateSource" => {
                let provisional = self.next_date()?.provisional;
                choice(if provisional { "provisional" } else { "agreed" }.to_owned())
            }
            _ => None,
        }
    }

    /// The next PEP's date: a person's where there is one, in whatever order it arrived; else by rule from the meeting's.
    /// Nothing while people disagree about either.
    pub(crate) fn next_date(&self) -> Option<NextDate> {
        if !self.pep.counts() {
            return None;
        }
        let set = self.dates("meeting.nextDate");
        match (set.as_slice(), self.dates("meeting.date").as_slice()) {
            ([date], _) => Some(NextDate { date: *date, provisional: false }),
            ([], [meeting]) if self.pep.process().practice.next_date.auto_generate => {
                let date = provisional_next_date(*meeting, self.pep.process.calendar())?;
                Some(NextDate { date, provisional: true })
            }
            _ => None,
        }
    }

    /// The sums over the funding rows of agreed targets that are not withdrawn.
    pub(crate) fn funding(&self) -> Funding {
        *self.funding.get_or_init(|| self.sums())
    }

    fn sums(&self) -> Funding {
        let process = self.pep.process();
        let rules = &process.funding;
        let term_begins = self.pep.process.calendar().term_begins(self.pep.year, self.pep.term);
        let phase = self.phases().first().copied();
        let allocation = phase.zip(term_begins).and_then(|(phase, day)| rules.allocation(phase, day));
        let mut funding = Funding { allocation, ..Funding::default() };
        let Some(main) = self.main else { return funding };
        let targets: Vec<ObjId> = main.root("targets").into_iter().collect();
        let columns = crate::bank::bank().question(crate::TARGETS).map_or(&[][..], |question| &question.columns);
        for target in main.rows(&targets).into_values() {
            let cost = target_cost(&main, &target);
            // A withdrawal that somebody disputes counts no more than it does for the target itself.
            if !main.withdrawals(&target).is_empty() && !main.withdrawal_disputed(columns, &target) {
                let orphaned = cost.requested.saturating_add(cost.retained);
                funding.orphaned = funding.orphaned.saturating_add(orphaned);
                continue;
            }
            if !has_choice(&main, &target, "status", "agreed") {
                continue;
            }
            funding.requested = funding.requested.saturating_add(cost.requested);
            funding.retained = funding.retained.saturating_add(cost.retained);
        }
        let counted = if rules.retained_counts_against_cap { funding.retained } else { 0 };
        funding.remaining = allocation.map(|sum| sum.saturating_sub(funding.requested).saturating_sub(counted));
        funding
    }

    fn holds(&self, expr: &Expr) -> Asked {
        let decide = |reference: &Reference, found: Option<bool>| match (found, bank().question(&reference.question)) {
            (Some(true), _) => Asked::Yes,
            // A condition names questions of the bank, or its file is not read.
            (Some(false), Some(question)) => Asked::No(&question.id),
            (Some(false) | None, _) => Asked::Unknown,
        };
        match expr {
            Expr::Always => Asked::Yes,
            Expr::Is(reference, words) => decide(
                reference,
                self.words(&reference.question).map(|found| found.iter().any(|word| words.contains(word))),
            ),
            Expr::IsNot(reference, word) => {
                let other = |found: Vec<String>| found.is_empty() || found.iter().any(|found| found != word);
                decide(reference, self.words(&reference.question).map(other))
            }
            Expr::Compare(left, order, right) => decide(left, self.compare(left, *order, right)),
            Expr::Exists(reference) => decide(
                reference,
                self.main.map(|main| {
                    let table: Vec<ObjId> = main.answer(&reference.question, ObjType::Map).into_iter().collect();
                    !main.live_rows(&table).is_empty()
                }),
            ),
            // Where no rule works a grade out, what the Virtual School gives is no override.
            Expr::Overridden(reference) => decide(
                reference,
                self.main.map(|main| {
                    let given = main.plain(&reference.question, Kind::Choice);
                    let rules = !self.pep.process().practice.qa.aggregate.is_empty();
                    let worked_out = self.overall_grade();
                    rules && given.iter().any(|put| Some(put.value.to_string()) != worked_out)
                }),
            ),
            Expr::And(parts) => all(parts.iter().map(|part| self.holds(part))),
            Expr::Or(parts) => any(parts.iter().map(|part| self.holds(part))),
        }
    }

    /// The words an answer is compared by: none if it is unanswered, several if people disagree, `None` if not known here.
    fn words(&self, question: &str) -> Option<Vec<String>> {
        let main = self.main?;
        let known = |words: Vec<String>| (!words.is_empty()).then_some(words);
        match question {
            "meta.pepType" => Some(vec![self.pep.kind.to_string()]),
            "meta.phase" => known(self.phases().iter().map(Phase::to_string).collect()),
            "setting.yearGroup" => known(self.year_groups().to_vec()),
            "funding.stream" => known(self.streams()),
            _ => {
                let kind = crate::bank::bank().question(question)?.kind;
                let words = |value: Value| match value {
                    Value::Set(words) => words.into_iter().collect(),
                    value => vec![value.to_string()],
                };
                Some(main.plain(question, kind).into_iter().flat_map(|put| words(put.value)).collect())
            }
        }
    }

    fn compare(&self, left: &Reference, order: Order, right: &Operand) -> Option<bool> {
        let right = match right {
            Operand::Number(number) => vec![number.hundredths()],
            Operand::Reference(reference) => self.quantities(reference)?,
        };
        let left = self.quantities(left)?;
        let holds = |a: i64, b: i64| match order {
            Order::Less => a < b,
            Order::Greater => a > b,
            Order::AtLeast => a >= b,
        };
        Some(left.iter().any(|a| right.iter().any(|b| holds(*a, *b))))
    }

    /// Numbers in hundredths, money in pence (which are hundredths of a pound).
    fn quantities(&self, reference: &Reference) -> Option<Vec<i64>> {
        let main = self.main?;
        match (reference.question.as_str(), reference.column.as_deref()) {
            ("funding.requested", None) => Some(vec![self.funding().requested]),
            // What the Virtual School keeps has left the school less to claim: the reason for more is asked for then, too.
            ("funding.allocation", None) => {
                let Funding { requested, remaining, .. } = self.funding();
                Some(remaining.map(|left| left.saturating_add(requested)).into_iter().collect())
            }
            ("wellbeing.sdq", Some("total")) => Some(self.latest_sdq().into_iter().collect()),
            (table, Some(column)) => {
                let rows = main.answer(table, ObjType::Map).into_iter().collect::<Vec<_>>();
                let total = |maps: Vec<ObjId>| calculated(&main, table, column, &maps)?.quantity();
                Some(main.live_rows(&rows).into_values().filter_map(total).collect())
            }
            (question, None) => {
                let kind = crate::bank::bank().question(question)?.kind;
                Some(main.plain(question, kind).iter().filter_map(|put| put.value.quantity()).collect())
            }
        }
    }

    /// As typed, or else from the date of birth (PEP.md 4.1), which is only a default.
    fn year_groups(&self) -> &[String] {
        self.groups.get_or_init(|| self.groups())
    }

    fn groups(&self) -> Vec<String> {
        let Some(main) = self.main else { return Vec::new() };
        let typed: Vec<String> =
            main.plain("setting.yearGroup", Kind::Choice).iter().map(|put| put.value.to_string()).collect();
        if !typed.is_empty() {
            return typed;
        }
        let group = |born: NaiveDate| match self.pep.year.group_of(born) {
            0 => "R".to_owned(),
            -1 => "nursery".to_owned(),
            younger if younger < 0 => "nursery_2".to_owned(),
            year => year.to_string(),
        };
        self.dates("child.dob").into_iter().map(group).collect()
    }

    fn phase_of(&self, group: &str) -> Option<Phase> {
        match group {
            "nursery" | "nursery_2" => Some(Phase::EarlyYears),
            "R" => Some(self.pep.process().reception_uses),
            year => Some(match year.parse::<u32>().ok()? {
                0..=6 => Phase::Primary,
                7..=11 => Phase::Secondary,
                _ => Phase::Post16,
            }),
        }
    }

    /// PEP.md 4.5: from Reception to Year 11 the premium, before it the early years' one, after it a local fund.
    fn streams(&self) -> Vec<String> {
        let stream = |group: &String| {
            let school_age = group == "R" || group.parse::<u32>().is_ok_and(|year| year <= 11);
            match self.phase_of(group)? {
                _ if school_age => Some("pp_plus".to_owned()),
                Phase::EarlyYears => Some("eypp".to_owned()),
                Phase::Primary | Phase::Secondary | Phase::Post16 => Some("post_16_local".to_owned()),
            }
        };
        let streams: BTreeSet<String> = self.year_groups().iter().filter_map(stream).collect();
        streams.into_iter().collect()
    }

    fn dates(&self, question: &str) -> Vec<NaiveDate> {
        let puts = self.main.map_or_else(Vec::new, |main| main.plain(question, Kind::Date));
        puts.into_iter().filter_map(|put| if let Value::Date(day) = put.value { Some(day) } else { None }).collect()
    }

    fn latest_sdq(&self) -> Option<i64> {
        let main = self.main?;
        let rows = main.live_rows(&[main.answer("wellbeing.sdq", ObjType::Map)?]);
        let dated = rows.values().filter_map(|maps| {
            let day = main.puts(maps, "date", Kind::Date).into_iter().map(|put| put.value).max()?;
            Some((day, calculated(&main, "wellbeing.sdq", "total", maps)?.quantity()?))
        });
        dated.max().map(|(_, total)| total)
    }

    /// What the process's rules make of the grades by area; an area that people grade differently has none.
    fn overall_grade(&self) -> Option<String> {
        let main = self.main?;
        let rows = main.live_rows(&[main.answer(quality::AREAS, ObjType::Map)?]);
        let one = |maps: &[ObjId], column: &str| match main.puts(maps, column, Kind::Choice).as_slice() {
            [put] => Some(put.value.to_string()),
            _ => None,
        };
        let graded = rows.values().filter_map(|maps| Some((one(maps, "area")?, one(maps, "grade")?))).collect();
        self.pep.process().practice.qa.overall(&graded).map(str::to_owned)
    }

    /// PEP.md 7.3, over all rows together.
    fn attendance_band(&self) -> Option<&'static str> {
        let main = self.main?;
        let rows = main.live_rows(&[main.answer("attendance.terms", ObjType::Map)?]);
        let sum = |column: &str| -> i128 {
            rows.values().filter_map(|maps| only(&main, maps, column, Kind::Number)).map(i128::from).sum()
        };
        match percent_tenths(sum("attended"), sum("possible"))? {
            950.. => Some("95_or_more"),
            900.. => Some("90_to_95"),
            500.. => Some("persistent"),
            _ => Some("severe"),
        }
    }

    /// Settings begun since coming into care.
    fn move_count(&self) -> Option<Number> {
        let main = self.main?;
        let since = self.dates("care.lookedAfterSince").into_iter().min()?;
        let rows = main.live_rows(&[main.answer("setting.history", ObjType::Map)?]);
        let begun = |maps: &&Vec<ObjId>| {
            main.puts(maps, "from", Kind::Date).iter().any(|put| matches!(put.value, Value::Date(day) if day >= since))
        };
        i64::try_from(rows.values().filter(begun).count()).ok().map(|count| Number::from_hundredths(count * 100))
    }
}

/// The value of a calculated cell: `None` while something it needs is missing or disputed.
pub(crate) fn calculated<R: ReadDoc>(sheet: &Sheet<'_, R>, table: &str, column: &str, row: &[ObjId]) -> Option<Value> {
    let number = |column: &str| only(sheet, row, column, Kind::Number);
    let percent = |part: &str, whole: &str| {
        let tenths = percent_tenths(number(part)?.into(), number(whole)?.into())?;
        i64::try_from(tenths).ok().map(|tenths| Value::Number(Number::from_hundredths(tenths.saturating_mul(10))))
    };
    let sdq = || {
        let parts = ["emotional", "conduct", "hyperactivity", "peer"];
        parts.into_iter().try_fold(0_i64, |sum, part| sum.checked_add(number(part)?))
    };
    match (table, column) {
        ("attendance.terms", "percent") => percent("attended", "possible"),
        ("attendance.ey", "percent") => percent("attended", "offered"),
        ("wellbeing.sdq", "total") => sdq().map(|total| Value::Number(Number::from_hundredths(total))),
        ("wellbeing.sdq", "band") => Some(Value::Choice(match sdq()? {
            ..1_400 => "low".to_owned(),
            1_400..1_700 => "medium".to_owned(),
            _ => "high".to_owned(),
        })),
        ("funds", "total") => fund_total(sheet, row).map(Value::Money),
        _ => None,
    }
}

/// What one target's funding rows come to. `allocation` and `remaining` are the plan's, not a target's.
pub(crate) fn target_cost<R: ReadDoc>(sheet: &Sheet<'_, R>, target: &[ObjId]) -> Funding {
    let mut cost = Funding::default();
    let tables: Vec<ObjId> = target.iter().flat_map(|map| sheet.objects(map, "funds", ObjType::Map)).collect();
    for row in sheet.live_rows(&tables).into_values() {
        let total = fund_total(sheet, &row).unwrap_or(0);
        // Money that nobody said the Virtual School keeps is the school's request.
        let retained =
            has_choice(sheet, &row, "payTo", "retained_by_vs") && !has_choice(sheet, &row, "payTo", "school");
        let sum = if retained { &mut cost.retained } else { &mut cost.requested };
        *sum = sum.saturating_add(total);
    }
    cost
}

/// Cost of one times how many (one where nobody said), to the penny, half up.
pub(crate) fn fund_total<R: ReadDoc>(sheet: &Sheet<'_, R>, row: &[ObjId]) -> Option<i64> {
    let largest =
        |column: &str, kind: Kind| sheet.puts(row, column, kind).iter().filter_map(|put| put.value.quantity()).max();
    let cost = i128::from(largest("unitCost", Kind::Money)?);
    let quantity = i128::from(largest("quantity", Kind::Number).unwrap_or(100));
    i64::try_from((cost * quantity + 50).div_euclid(100)).ok()
}

fn has_choice<R: ReadDoc>(sheet: &Sheet<'_, R>, maps: &[ObjId], column: &str, word: &str) -> bool {
    sheet.puts(maps, column, Kind::Choice).iter().any(|put| put.value == Value::Choice(word.to_owned()))
}

/// The number in a cell nobody disagrees about, in hundredths.
fn only<R: ReadDoc>(sheet: &Sheet<'_, R>, maps: &[ObjId], column: &str, kind: Kind) -> Option<i64> {
    match sheet.puts(maps, column, kind).as_slice() {
        [put] => put.value.quantity(),
        _ => None,
    }
}

/// Per cent in tenths, half up (PEP.md 7.3).
fn percent_tenths(part: i128, whole: i128) -> Option<i128> {
    let sound = whole > 0 && part >= 0;
    sound.then(|| (part * 2_000 + whole) / (whole * 2))
}

fn all(parts: impl IntoIterator<Item = Asked>) -> Asked {
    let mut result = Asked::Yes;
    for part in parts {
        match part {
            Asked::No(_) => return part,
            Asked::Unknown => result = Asked::Unknown,
            Asked::Yes => {}
        }
    }
    result
}

fn any(parts: impl IntoIterator<Item = Asked>) -> Asked {
    let mut parts: Vec<Asked> = parts.into_iter().collect();
    // Yes before unknown before no; of several noes the first is named.
    parts.sort_by_key(|part| match part {
        Asked::Yes => 0,
        Asked::Unknown => 1,
        Asked::No(_) => 2,
    });
    parts.first().copied().unwrap_or(Asked::Yes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn attendance_is_a_percentage_with_one_decimal_half_up() {
        // PEP.md 8.1 and 8.2, and a half.
        for (attended, possible, tenths) in
            [(104, 130, 800), (20, 22, 909), (121, 148, 818), (61, 68, 897), (182, 216, 843), (1, 2000, 1)]
        {
            assert_eq!(percent_tenths(attended, possible), Some(tenths), "{attended} of {possible}");
        }
        assert_eq!(percent_tenths(0, 0), None);
    }

    #[test]
    fn unknown_neither_hides_nor_shows() {
        let no = Asked::No("child.uasc");
        assert_eq!(all([Asked::Yes, Asked::Unknown]), Asked::Unknown);
        assert_eq!(all([Asked::Unknown, no]), no);
        assert_eq!(any([no, Asked::Unknown]), Asked::Unknown);
        assert_eq!(any([no, Asked::Yes]), Asked::Yes);
        assert_eq!(any([no, Asked::No("meta.phase")]), no);
    }
}
