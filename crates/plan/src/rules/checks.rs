//! Checks: what in a plan is missing, wrong or doubtful, and who can put it right (PEP.md 4.3 to 4.5).
//!
//! A machine can tell that nobody said how something will be measured; it cannot tell that a measure is a good one. So this
//! lists findings and never passes a target.

use std::collections::BTreeSet;
use std::fmt;

use chrono::NaiveDate;
use uuid::Uuid;

use crate::alike::alike;
use crate::bank::{Question, bank};
use crate::decision;
use crate::pep::{Pep, Role};
use crate::policy::{Horizon, TargetPolicy};
use crate::quality;
use crate::value::{Value, pounds, withhold};
use crate::view::{Answer, Cell, Dispute, Rewritten, Row, Target, View, Why, conflicts};
use crate::{REVIEW, TARGETS, events, meeting, plausible, remarks, unnamed};

/// What the checks look at beside the plan itself.
#[derive(Clone, Copy)]
pub struct Around<'a> {
    /// The day it is, as the person's device has it.
    pub today: NaiveDate,
    /// The PEP before this one, where it is held.
    pub previous: Option<&'a View>,
    /// What the targets of other children on this device say (PEP.md 4.4 S).
    pub others: &'a [String],
}

/// Something a person should look at.
#[derive(Clone, PartialEq, Eq)]
pub struct Finding {
    /// Whether the PEP can be completed as it is.
    pub severity: Severity,
    /// The question, or the place in a table or a target: `targets.list/KEY/measure`.
    pub field: Option<String>,
    /// The target's key.
    pub target: Option<String>,
    /// What of SMART it is about.
    pub letter: Option<Letter>,
    /// Who answers for it.
    pub owner: Role,
    /// What is the matter, in a sentence. It repeats nothing that anybody wrote.
    pub says: String,
    /// Of what is only unlikely: the key of the remark by which whoever answers for it says that it is right
    /// ([`Finding::confirmed`]).
    pub confirm: Option<Uuid>,
}

withhold!(Finding);

/// How much a finding weighs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// The PEP cannot be completed while it stands.
    Blocks,
    /// A person should look, and may find that it is well.
    Doubtful,
}

/// What of SMART a finding is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Letter {
    /// Specific.
    S,
    /// Measurable.
    M,
    /// Achievable.
    A,
    /// Relevant.
    R,
    /// In time.
    T,
}

/// A funding row that does not fit the answer to `funding.tuition` (R003-24). Nothing is flipped: a person changes one or the
/// other.
#[derive(Clone, PartialEq, Eq)]
pub struct TuitionMisfit {
    /// The target's key.
    pub target: String,
    /// The key of its funding row.
    pub row: String,
    /// The payer that would fit: `school` or `retained_by_vs`.
    pub fits: &'static str,
}

withhold!(TuitionMisfit);

/// Everything the machine can tell about a plan, in the order of the process; targets after the questions.
pub fn check(view: &View, pep: &Pep, around: Around<'_>) -> Vec<Finding> {
    let mut checks = Checks { view, pep, around, found: Vec::new() };
    checks.disputes();
    checks.gaps();
    checks.money();
    checks.tuition();
    checks.reviews();
    checks.set_of_targets();
    for target in &view.targets {
        checks.target(target);
    }
    if quality::is_wanted(pep.process(), quality::AREAS) {
        let told = |finding: &Finding| view.gaps.iter().any(|gap| Some(gap.question) == finding.field.as_deref());
        checks.found.extend(quality::ungraded(view, pep).into_iter().filter(|finding| !told(finding)));
    }
    checks.found.extend(decision::findings(view, pep));
    checks.found.extend(unnamed::of_signatures(view));
    let owner = |question: &str| checks.owner(question);
    let meeting = meeting::findings(view, pep, around, &owner);
    let events = events::findings(view, pep, around, &owner);
    checks.found.extend(meeting);
    checks.found.extend(events);
    checks.voices();
    checks.found.extend(plausible::figures(view, pep, around.today));
    checks.found
}

/// A doubt for each two rows or targets that look like one.
pub fn alike_findings(view: &View, pep: &Pep) -> Vec<Finding> {
    let says = "Two of these look like one. Somebody who may write them says whether they are; then they count once.";
    let finding = |dispute: Dispute| {
        let owner = bank().question(dispute.question).and_then(|question| pep.process().accountable(question));
        let owner = owner.unwrap_or(Role::VirtualSchoolOfficer);
        Finding { field: Some(dispute.place), ..finding(Severity::Doubtful, owner, says) }
    };
    alike(view, pep).into_iter().map(finding).collect()
}

/// A doubt for each text in which two people changed the same few words apart: it reads badly, and keeps nobody from completing.
pub fn rewritten_findings(view: &View, pep: &Pep) -> Vec<Finding> {
    let owner = |id: &str| {
        let accountable = bank().question(id).and_then(|question| pep.process().accountable(question));
        accountable.unwrap_or(Role::VirtualSchoolOfficer)
    };
    let says =
        "Two people changed the same words apart, and both now stand here. Somebody has to choose, or tidy it up.";
    let finding = |one: &Rewritten| Finding {
        field: Some(one.dispute.place.clone()),
        ..finding(Severity::Doubtful, owner(one.dispute.question), says)
    };
    view.rewritten.iter().filter(|one| !one.open).map(finding).collect()
}

/// The funding rows that do not fit the choice of tuition; none while people disagree about it. Money the Virtual School keeps
/// is for tuition it arranges; which of the other rows are tuition, their names tell.
pub fn tuition_misfits(view: &View) -> Vec<TuitionMisfit> {
    let Some(Answer::Value(Value::Choice(choice))) = view.answers.get("funding.tuition") else { return Vec::new() };
    let mut misfits = Vec::new();
    for target in view.targets.iter().filter(|target| target.row.counts()) {
        for row in rows(target, "funds") {
            let retained = chosen(row, "payTo") == Some("retained_by_vs");
            let fits = match choice.as_str() {
                "vs_retains" if !retained && is_tuition(&words(row, "item")) => "retained_by_vs",
                "school_claims" | "not_needed" if retained => "school",
                _ => continue,
            };
            misfits.push(TuitionMisfit { target: target.row.key.clone(), row: row.key.clone(), fits });
        }
    }
    misfits
}

/// What a set of targets lacks, in sentences (R003-18, R003-19): counted after the merge, on targets that are agreed and not
/// withdrawn.
pub fn shortfalls(view: &View, policy: &TargetPolicy) -> Vec<String> {
    // The same words twice are one target, however often they were entered.
    let mut said = BTreeSet::new();
    let once = |target: &&Target| {
        let words = plain(&words(&target.row, "statement"));
        words.is_empty() || said.insert(words)
    };
    let agreed: Vec<&Target> = agreed_targets(view).into_iter().filter(once).collect();
    let category = bank().question(TARGETS).and_then(|question| question.column("category"));
    let mut short = Vec::new();
    if agreed.len() < policy.min_total {
        short.push(format!("This process asks for {}; {} agreed.", counted(policy.min_total), are(agreed.len())));
    }
    for minimum in &policy.minimums {
        let listed = |word: &str| minimum.categories.iter().any(|known| known == word);
        let count = agreed.iter().filter(|target| chosen(&target.row, "category").is_some_and(listed)).count();
        if count < minimum.count {
            let labels = minimum.categories.iter().map(|word| category.map_or(word.as_str(), |c| c.label_of(word)));
            let labels = labels.collect::<Vec<_>>().join(" or ").to_lowercase();
            let wanted = counted(minimum.count);
            short.push(format!("This process asks for {wanted} of this kind: {labels}; {} agreed.", are(count)));
        }
    }
    short
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Severity::Blocks => "blocks",
            Severity::Doubtful => "doubtful",
        })
    }
}

impl fmt::Display for Letter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Letter::S => "S",
            Letter::M => "M",
            Letter::A => "A",
            Letter::R => "R",
            Letter::T => "T",
        })
    }
}

/// Fields that a target must have, what they are for, and what is said where one is missing (PEP.md 3.2, 4.4).
const FIELDS: [(&str, Option<Letter>, &str); 9] = [
    ("status", None, "Nobody has said whether this target is an idea or agreed."),
    ("category", None, "What kind of target is it?"),
    ("area", Some(Letter::S), "This reads as general. Which subject or area is it about?"),
    ("statement", Some(Letter::S), "This reads as general. What exactly will change?"),
    ("purpose", None, "Why does this matter to the child?"),
    ("baseline", Some(Letter::M), "How will you know? Nobody has said where the child is now."),
    ("measure", Some(Letter::M), "How will you know?"),
    ("responsible", Some(Letter::A), "Nobody is responsible for this target."),
    ("dueDate", Some(Letter::T), "There is no date by which this will be reached."),
];

/// The checks at work.
struct Checks<'a> {
    view: &'a View,
    pep: &'a Pep,
    around: Around<'a>,
    found: Vec<Finding>,
}

impl Checks<'_> {
    fn disputes(&mut self) {
        for dispute in conflicts(self.view, self.pep) {
            let says = match dispute.place.ends_with("/withdrawn") {
                true => "One person withdrew this and another changed it. Somebody has to choose.",
                false => "There are two answers. Somebody has to choose.",
            };
            let owner = self.owner(dispute.question);
            self.found.push(Finding { field: Some(dispute.place), ..finding(Severity::Blocks, owner, says) });
        }
    }

    fn gaps(&mut self) {
        for (id, said) in &self.view.excuses {
            let answered = !matches!(self.view.answers.get(id), Some(Answer::Missing));
            let says = match () {
                () if !self.view.asked.contains(id) => continue,
                () if answered => "One person said that there is no answer, and another gave one. Is the answer right?",
                () if said.len() > 1 => "Two people gave different reasons why this has no answer.",
                () => continue,
            };
            let found = finding(Severity::Doubtful, self.owner(id), says);
            self.found.push(Finding { field: Some((*id).to_owned()), ..found });
        }
        for gap in &self.view.gaps {
            let says = match gap.why {
                // Listed with its place above.
                Why::Disputed => continue,
                Why::Missing if gap.question == "funding.overReason" => format!(
                    "{} Say why more is needed, or ask for less.",
                    self.excess().unwrap_or_else(|| "More is asked for than the allocation.".to_owned())
                ),
                Why::Missing => "This has not been answered.".to_owned(),
                why => capital(&format!("{why}.")),
            };
            self.found
                .push(Finding { field: Some(gap.question.to_owned()), ..finding(Severity::Blocks, gap.owner, &says) });
        }
    }

    /// What the child and their carer say that somebody has to answer, and what others gave in the place of the child's own answer.
    fn voices(&mut self) {
        let (view, pep) = (self.view, self.pep);
        let mut doubt = |id: &str, says: &str| {
            let found = finding(Severity::Doubtful, remarks::owner(view, pep, id), says);
            self.found.push(Finding { field: Some(id.to_owned()), ..found });
        };
        if remarks::disagreed(view) {
            let says = "The young person says that the targets were not agreed with them. Talk with them, and put right what they do not agree with.";
            doubt(remarks::AGREED, says);
        }
        let beside = "Somebody else entered another answer here. What the young person chose stands; whoever entered the other can take it back.";
        view.beside.keys().for_each(|id| doubt(id, beside));
        for comment in remarks::unanswered(view) {
            let young = comment.by.as_ref().is_some_and(|who| who.role == Role::YoungPerson);
            let who = if young { "young person" } else { "carer" };
            doubt(&comment.question, &format!("A comment of the {who} waits for an answer here."));
        }
    }

    fn money(&mut self) {
        let explained = !self.view.gaps.iter().any(|gap| gap.question == "funding.overReason");
        if let Some(excess) = self.excess().filter(|_| explained) {
            let says = format!("{excess} A reason is given; the Virtual School decides.");
            let found = finding(Severity::Doubtful, Role::VirtualSchoolOfficer, &says);
            self.found.push(Finding { field: Some("funding.requested".to_owned()), ..found });
        }
        for target in &self.view.targets {
            let sum = target.requested.saturating_add(target.retained);
            if sum > 0 && !target.row.counts() {
                let says = format!(
                    "{} stands beside a target that is withdrawn. Withdraw the funding, or bring the target back.",
                    pounds(sum)
                );
                self.about(target, "funds", None, Severity::Blocks, &says);
            }
            if !target.row.counts() {
                continue;
            }
            if sum > 0 && chosen(&target.row, "status") == Some("idea") {
                let says = format!("{} is not asked for yet, because this target is an idea.", pounds(sum));
                self.about(target, "funds", None, Severity::Doubtful, &says);
            }
            if rows(target, "funds").any(|row| words(row, "total").is_empty()) {
                self.about(target, "funds", None, Severity::Doubtful, "A funding row says no cost.");
            }
        }
    }

    fn tuition(&mut self) {
        let field = "funding.tuition";
        let Some(Answer::Value(Value::Choice(choice))) = self.view.answers.get(field) else { return };
        let owner = self.owner(field);
        let policy = &self.pep.process().funding;
        let mut doubt = |place: String, target: Option<String>, says: &str| {
            let found = finding(Severity::Doubtful, owner, says);
            self.found.push(Finding { field: Some(place), target, ..found });
        };
        if !policy.tuition_modes.contains(choice) {
            doubt(field.to_owned(), None, "This council does not offer this way to arrange tuition.");
        }
        for misfit in tuition_misfits(self.view) {
            let says = match misfit.fits {
                "retained_by_vs" => {
                    "The Virtual School is asked to keep the money for tuition, and this row pays the school. Change one of them."
                }
                _ => "The Virtual School keeps this money, and is not asked to arrange tuition. Change one of them.",
            };
            let place = format!("{TARGETS}/{}/funds/{}/payTo", misfit.target, misfit.row);
            doubt(place, Some(misfit.target), says);
        }
        if choice == "vs_retains" && self.view.funding.retained == 0 {
            doubt(
                field.to_owned(),
                None,
                "The Virtual School is asked to keep the money for tuition, and no row says which.",
            );
        }
    }

    /// Every target of the last PEP is reviewed, and every review is whole.
    fn reviews(&mut self) {
        if !self.view.asked.contains(REVIEW) {
            return;
        }
        let owner = self.owner(REVIEW);
        let view = self.view;
        let before: Vec<&Target> = self.around.previous.map_or_else(Vec::new, agreed_targets);
        for target in &before {
            if !reviews(view).any(|row| reviews_target(row, target)) {
                let says = "A target of the last PEP has not been reviewed.";
                let found = finding(Severity::Blocks, owner, says);
                let target = Some(target.row.key.clone());
                self.found.push(Finding { field: Some(REVIEW.to_owned()), target, ..found });
            }
        }
        for row in reviews(view) {
            let target = before.iter().find(|target| reviews_target(row, target));
            let funded = target.is_some_and(|target| target.requested.saturating_add(target.retained) > 0);
            let wanted = [
                ("result", "This review says no result.", true),
                ("evidence", "This review does not say what shows the result.", true),
                ("nextStep", "This review does not say what comes next.", true),
                ("fundingImpact", "This target was funded. What did the money change?", funded),
            ];
            for (column, says, _) in
                wanted.iter().filter(|(column, _, wanted)| *wanted && words(row, column).is_empty())
            {
                self.found.push(Finding {
                    field: Some(format!("{REVIEW}/{}/{column}", row.key)),
                    target: target.map(|target| target.row.key.clone()),
                    ..finding(Severity::Blocks, owner, says)
                });
            }
        }
    }

    fn set_of_targets(&mut self) {
        let owner = self.owner(TARGETS);
        for says in shortfalls(self.view, &self.pep.process().targets) {
            let found = finding(Severity::Blocks, owner, &says);
            self.found.push(Finding { field: Some(TARGETS.to_owned()), ..found });
        }
        if !agreed_targets(self.view).is_empty() && self.view.next_date.is_none() {
            let found = finding(
                Severity::Doubtful,
                self.owner("meeting.nextDate"),
                "There is no date of the next PEP, so nobody can tell whether the targets can be reviewed then.",
            );
            self.found.push(Finding { field: Some("meeting.nextDate".to_owned()), letter: Some(Letter::T), ..found });
        }
    }

    fn target(&mut self, target: &Target) {
        if !target.row.counts() {
            return;
        }
        // What is only an idea is not asked to be whole yet (R000-26).
        let idea = chosen(&target.row, "status") == Some("idea");
        let missing = if idea { Severity::Doubtful } else { Severity::Blocks };
        for (column, letter, says) in FIELDS {
            if words(&target.row, column).is_empty() {
                self.about(target, column, letter, missing, says);
            }
        }
        self.specific(target);
        self.measurable(target);
        self.helped(target, missing);
        self.linked(target);
        self.in_time(target);
    }

    fn specific(&mut self, target: &Target) {
        let (view, around) = (self.view, self.around);
        let mut doubt = |says| self.about(target, "statement", Some(Letter::S), Severity::Doubtful, says);
        let statement = words(&target.row, "statement");
        let said: Vec<String> = tokens(&statement);
        if said.is_empty() {
            return;
        }
        if said.len() < 6 {
            doubt("This reads as general. What exactly will change?");
        }
        let names = names_of_child(view);
        let first_person = ["i", "i'm", "i'll", "i’m", "i’ll", "my", "me", "myself", "mine"];
        let personal = said.iter().any(|word| first_person.contains(&word.as_str()) || names.contains(word));
        if !personal {
            doubt("This names neither the child nor “I”. Whose target is it?");
        }
        let plain = plain(&statement);
        let unmet = unmet_words(view, around.previous);
        let last_time = || around.previous.into_iter().flat_map(agreed_targets);
        if unmet.contains(&plain) {
            doubt("This repeats word for word a target that was not met. Break it down into a smaller step.");
        } else if last_time().any(|before| self::plain(&words(&before.row, "statement")) == plain) {
            doubt("This is word for word a target of the last PEP. What will change this time?");
        }
        let own = |other: &&Target| other.row.key != target.row.key && other.row.counts();
        if view.targets.iter().filter(own).any(|other| self::plain(&words(&other.row, "statement")) == plain) {
            doubt("The same words stand in another target of this PEP, and the two count as one.");
        }
        if is_provision(&said) {
            doubt("This says what will be provided. What will the child be able to do, or what will change?");
        }
        if around.others.iter().any(|other| self::plain(other) == plain) {
            doubt("The same words stand in another child's plan. What is this child's own?");
        }
    }

    fn measurable(&mut self, target: &Target) {
        let text = |column: &str| words(&target.row, column);
        let (statement, baseline, measure) = (text("statement"), text("baseline"), text("measure"));
        let (now, then) = (number(&target.row, "baselineValue"), number(&target.row, "targetValue"));
        let mut doubt = |column, says| self.about(target, column, Some(Letter::M), Severity::Doubtful, says);
        let same_words = !measure.is_empty() && plain(&baseline) == plain(&measure);
        if same_words || (now.is_some() && now == then) {
            doubt("measure", "How will you know? What is to be reached is where the child is now.");
        }
        let (from, to) = (out_of(&baseline), out_of(&measure));
        if from.zip(to).is_some_and(|(from, to)| from != to) {
            doubt("measure", "How will you know? The two are not counted out of the same number.");
        }
        if now.is_some() != then.is_some() {
            doubt("targetValue", "How will you know? Only one of the two numbers is given.");
        }
        if (now.is_some() || then.is_some()) && text("unit").is_empty() {
            doubt("unit", "How will you know? Nobody has said what the numbers count.");
        }
        let vague = tokens(&statement).iter().chain(&tokens(&measure)).any(|word| is_vague(word));
        let counted = |text: &str| has_number(&without_days(text));
        if vague && then.is_none() && !counted(&statement) && !counted(&measure) {
            doubt(
                "measure",
                "How will you know? To improve, develop, understand more, be better or more confident or try has no end without a number.",
            );
        }
    }

    fn helped(&mut self, target: &Target, missing: Severity) {
        let mut about = |severity, says| self.about(target, "interventions", Some(Letter::A), severity, says);
        let mut helps = rows(target, "interventions").peekable();
        if helps.peek().is_none() {
            about(missing, "Nobody has said what will happen to help.");
        } else if !helps.any(|row| !words(row, "who").is_empty() && !words(row, "howOften").is_empty()) {
            about(Severity::Doubtful, "Nobody is named to help, with how often.");
        }
    }

    fn linked(&mut self, target: &Target) {
        let link = words(&target.row, "linksTo");
        let asked = link.trim().split('/').next().unwrap_or_default();
        let answer = bank().question(asked).and_then(|question| self.view.answers.get(question.id.as_str()));
        let says = match answer {
            _ if link.trim().is_empty() => "Link this to something in the PEP.",
            None => "What this is linked to is nothing that this PEP asks.",
            Some(Answer::Missing) => "This is linked to a question that nobody has answered.",
            Some(_) => return,
        };
        self.about(target, "linksTo", Some(Letter::R), Severity::Doubtful, says);
    }

    fn in_time(&mut self, target: &Target) {
        let due = dates(&target.row, "dueDate");
        let (next, end, today) = (self.view.next_date, self.end_of_next_term(), self.around.today);
        // Of a plan that is signed off it was a day to come.
        let passed = !self.view.signed_off() && due.iter().any(|due| *due <= today);
        let mut doubt = |says| self.about(target, "dueDate", Some(Letter::T), Severity::Doubtful, says);
        if passed {
            doubt("The date has passed, or is today.");
        }
        if next.is_some_and(|next| due.iter().any(|due| *due > next.date)) {
            doubt("Due after the next meeting, so it cannot be reviewed then.");
        } else if let Some(end) = end
            && due.iter().any(|due| *due > end)
        {
            doubt("This looks further ahead than one term.");
        }
    }

    /// The last day of the term after this PEP's, where the process has targets for a term only.
    fn end_of_next_term(&self) -> Option<NaiveDate> {
        let process = self.pep.process();
        if process.targets.horizons != [Horizon::Term] {
            return None;
        }
        let mut terms = self
            .pep
            .process
            .calendar()
            .terms
            .iter()
            .skip_while(|term| (term.year, term.term) != (self.pep.year, self.pep.term));
        terms.nth(1)?.open.last().map(|(_, last)| *last)
    }

    /// By how much the targets exceed the allocation, in words.
    fn excess(&self) -> Option<String> {
        let funding = self.view.funding;
        let allocation = funding.allocation.filter(|_| funding.over() > 0)?;
        let sum = pounds(allocation.saturating_add(funding.over()));
        Some(format!(
            "The targets come to {sum}, {} more than the allocation of {}.",
            pounds(funding.over()),
            pounds(allocation)
        ))
    }

    fn about(&mut self, target: &Target, column: &str, letter: Option<Letter>, severity: Severity, says: &str) {
        let key = target.row.key.clone();
        let field = Some(format!("{TARGETS}/{key}/{column}"));
        let found = finding(severity, self.owner(TARGETS), says);
        self.found.push(Finding { field, target: Some(key), letter, ..found });
    }

    /// Who answers for a question; of one that nobody types, whoever answers for its page.
    fn owner(&self, id: &str) -> Role {
        let process = self.pep.process();
        let accountable = bank()
            .question(id)
            .and_then(|question: &Question| process.accountable_now(question, self.view.not_on_roll));
        accountable.or_else(|| process.page(id).map(|page| page.owner)).unwrap_or(Role::VirtualSchoolOfficer)
    }
}

pub(crate) fn finding(severity: Severity, owner: Role, says: &str) -> Finding {
    Finding { severity, field: None, target: None, letter: None, owner, says: says.to_owned(), confirm: None }
}

/// Targets that are agreed and not withdrawn. A stage that people disagree about is not agreed.
pub(crate) fn agreed_targets(view: &View) -> Vec<&Target> {
    view.targets.iter().filter(|target| target.is_agreed()).collect()
}

fn rows<'a>(target: &'a Target, table: &str) -> impl Iterator<Item = &'a Row> {
    target.tables.get(table).into_iter().flatten().filter(|row| row.counts())
}

pub(crate) fn reviews(view: &View) -> impl Iterator<Item = &Row> {
    let rows = match view.answers.get(REVIEW) {
        Some(Answer::Table(rows)) => rows.as_slice(),
        _ => &[],
    };
    rows.iter().filter(|row| row.counts())
}

/// A review or a decision names its target by key, or by its words or its subject as they were.
pub(crate) fn reviews_target(row: &Row, target: &Target) -> bool {
    let named = plain(&words(row, "target"));
    let known = [target.row.key.clone(), words(&target.row, "statement"), words(&target.row, "area")];
    known.iter().map(|words| plain(words)).any(|known| !known.is_empty() && known == named)
}

/// The statements of targets that were not met.
fn unmet_words(view: &View, previous: Option<&View>) -> BTreeSet<String> {
    let unmet = |row: &&Row| matches!(chosen(row, "result"), Some("partly" | "not_yet"));
    let mut all: BTreeSet<String> = reviews(view).filter(unmet).map(|row| plain(&words(row, "target"))).collect();
    for target in previous.into_iter().flat_map(agreed_targets) {
        if reviews(view).filter(unmet).any(|row| reviews_target(row, target)) {
            all.insert(plain(&words(&target.row, "statement")));
        }
    }
    all
}

/// What stands in a cell, as words; of a dispute every claim, for a disputed field is not an empty one.
pub(crate) fn words(row: &Row, column: &str) -> String {
    match row.cells.get(column) {
        None => String::new(),
        Some(Cell::Value(value) | Cell::Computed(value)) => value.to_string(),
        Some(Cell::Text { text }) => text.trim().to_owned(),
        Some(Cell::Voices(voices)) => voices.iter().map(|voice| voice.text.as_str()).collect::<Vec<_>>().join(" "),
        Some(Cell::Disputed(claims)) => {
            claims.iter().map(|claim| claim.value.to_string()).collect::<Vec<_>>().join(" ")
        }
    }
}

pub(crate) fn chosen<'a>(row: &'a Row, column: &str) -> Option<&'a str> {
    match row.cells.get(column) {
        Some(Cell::Value(Value::Choice(word))) => Some(word),
        _ => None,
    }
}

fn number(row: &Row, column: &str) -> Option<i64> {
    match row.cells.get(column) {
        Some(Cell::Value(value @ Value::Number(_))) => value.quantity(),
        _ => None,
    }
}

pub(crate) fn dates(row: &Row, column: &str) -> Vec<NaiveDate> {
    let values: Vec<&Value> = match row.cells.get(column) {
        Some(Cell::Value(value)) => vec![value],
        Some(Cell::Disputed(claims)) => claims.iter().map(|claim| &claim.value).collect(),
        _ => Vec::new(),
    };
    values.into_iter().filter_map(|value| if let Value::Date(day) = value { Some(*day) } else { None }).collect()
}

fn names_of_child(view: &View) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    for question in ["child.preferredName", "child.legalName"] {
        match view.answers.get(question) {
            Some(Answer::Text { text }) => names.extend(tokens(text)),
            Some(Answer::Value(value)) => names.extend(tokens(&value.to_string())),
            _ => {}
        }
    }
    names
}

/// Lower-case words; an apostrophe within one stays.
fn tokens(text: &str) -> Vec<String> {
    let split = text.split(|c: char| !c.is_alphanumeric() && !matches!(c, '\'' | '’' | '/'));
    split.filter(|word| !word.is_empty()).map(str::to_lowercase).collect()
}

/// For telling whether two texts say the same.
pub(crate) fn plain(text: &str) -> String {
    let split = text.split(|c: char| !c.is_alphanumeric());
    split.filter(|word| !word.is_empty()).map(str::to_lowercase).collect::<Vec<_>>().join(" ")
}

fn is_vague(word: &str) -> bool {
    ["improv", "develop", "confiden", "understand", "increas", "enhanc", "better"]
        .iter()
        .any(|stem| word.starts_with(stem))
        || ["try", "tries", "trying", "more"].contains(&word)
}

/// A statement of what the child is given, not of what changes: "I will receive 6 sessions".
fn is_provision(said: &[String]) -> bool {
    let has = |words: &[&str]| said.iter().any(|word| words.contains(&word.as_str()));
    let given = has(&[
        "receive", "receives", "get", "gets", "attend", "attends", "have", "has", "access", "accesses", "given",
        "offered", "provided",
    ]);
    let what = has(&[
        "session",
        "sessions",
        "lesson",
        "lessons",
        "hour",
        "hours",
        "tuition",
        "tutoring",
        "tutor",
        "support",
        "mentoring",
        "intervention",
        "interventions",
        "elsa",
    ]);
    // Whoever also says what comes of it has said an outcome.
    given
        && what
        && !has(&["so", "because", "until", "score", "read", "write", "spell", "able", "can", "know", "without"])
}

/// A text without the days in it: "by 22 May 2026" counts nothing.
fn without_days(text: &str) -> String {
    const MONTHS: [&str; 12] = [
        "january",
        "february",
        "march",
        "april",
        "may",
        "june",
        "july",
        "august",
        "september",
        "october",
        "november",
        "december",
    ];
    let words: Vec<&str> = text.split_whitespace().collect();
    let month = |word: Option<&&str>| {
        let word = word.map(|word| word.trim_matches(|c: char| !c.is_alphabetic()).to_lowercase());
        word.is_some_and(|word| MONTHS.iter().any(|month| *month == word || month.get(..3) == Some(word.as_str())))
    };
    let digits = |word: &str| word.starts_with(|c: char| c.is_ascii_digit());
    let of_a_day = |at: usize, word: &str| {
        digits(word) && (month(words.get(at + 1)) || at.checked_sub(1).is_some_and(|before| month(words.get(before))))
    };
    let kept = words.iter().enumerate().filter(|(at, word)| !of_a_day(*at, word));
    kept.map(|(_, word)| *word).collect::<Vec<_>>().join(" ")
}

fn has_number(text: &str) -> bool {
    const SPELT: [&str; 18] = [
        "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve", "once",
        "twice", "half", "every", "daily", "weekly",
    ];
    text.contains(|c: char| c.is_numeric()) || tokens(text).iter().any(|word| SPELT.contains(&word.as_str()))
}

/// The whole that something is counted out of: 20 in `12/20`, `12 of 20` and `12 out of 20`.
fn out_of(text: &str) -> Option<u32> {
    let tokens = tokens(text);
    let number = |word: &String| word.parse::<u32>().ok();
    let fraction = |word: &String| {
        let (part, whole) = word.split_once('/')?;
        part.parse::<u32>().ok().and(whole.parse().ok())
    };
    let said = |words: &[String]| match words {
        [part, of, whole, ..] if of == "of" => number(part).and(number(whole)),
        [part, out, of, whole] if out == "out" && of == "of" => number(part).and(number(whole)),
        _ => None,
    };
    tokens
        .iter()
        .find_map(fraction)
        .or_else(|| (0..tokens.len()).find_map(|at| said(tokens.get(at..tokens.len().min(at + 4))?)))
}

fn is_tuition(item: &str) -> bool {
    let item = item.to_lowercase();
    item.contains("tuition") || item.contains("tutor")
}

fn counted(count: usize) -> String {
    format!("{count} {}", if count == 1 { "target" } else { "targets" })
}

fn are(count: usize) -> String {
    format!("{count} {}", if count == 1 { "is" } else { "are" })
}

fn capital(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map_or_else(String::new, |first| first.to_uppercase().chain(chars).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bank::Kind;

    #[test]
    fn what_is_required_of_a_target_is_what_the_bank_marks() {
        let columns = bank().question(TARGETS).map_or(&[][..], |question| &question.columns);
        let marked: BTreeSet<&str> = columns.iter().filter(|c| c.mandatory).map(|c| c.id.as_str()).collect();
        assert_eq!(marked, FIELDS.iter().map(|(column, ..)| *column).collect());
        assert!(columns.iter().any(|column| column.id == "interventions" && column.kind == Kind::Table));
    }

    #[test]
    fn a_number_is_a_number_also_when_it_is_spelt() {
        for text in ["12/20 or more", "three paragraphs", "Twice.", "½ of it", "4 times out of 5"] {
            assert!(has_number(text), "{text}");
        }
        for text in ["", "improve confidence", "someone", "weight"] {
            assert!(!has_number(text), "{text}");
        }
        assert_eq!(
            without_days("By 22 May 2026, I will get 10 marks in 3 tests"),
            "By May I will get 10 marks in 3 tests"
        );
        assert!(!has_number(&without_days("By 22 Sep. I will understand more")));
        assert_eq!((out_of("8/20 now"), out_of("twice 12/20"), out_of("and/or")), (Some(20), Some(20), None));
    }
}
