//! What waits for somebody in a plan: one function, of which lists, pages, counts and reminders are views. A plan that waits for
//! somebody is on their list, and on nobody else's.

use std::collections::BTreeSet;
use std::fmt;
use std::str::FromStr;

use chrono::NaiveDate;

use crate::bank::bank;
use crate::checks::{Around, Finding, Severity, chosen, dates, words as said};
use crate::decision::{self, DECISION};
use crate::edit::Writer;
use crate::meeting;
use crate::pep::{NotAWord, Pep, PepType, Role, words};
use crate::process::Process;
use crate::quality::{self, AREAS, OVERALL, RETURNED};
use crate::remarks::{self, AGREED};
use crate::signoff::{is_seen, offer};
use crate::value::{Value, withhold};
use crate::view::{Answer, Gap, Row, State, View, Who, Why, conflicts};

words! {
    /// What somebody is waited for.
    TaskKind, "kind of task" {
        /// The Virtual School has sent something back.
        Returned = "returned", "Put right what the Virtual School sent back";
        /// People entered different things; somebody has to choose.
        Choose = "choose", "Choose between two answers";
        /// The young person says that the targets were not agreed with them.
        Disagreed = "disagreed", "Talk about the targets: the young person does not agree";
        /// A comment of the young person or the carer waits for an answer.
        Reply = "reply", "Answer a comment";
        /// The meeting has no date.
        Arrange = "arrange", "Arrange the meeting";
        /// People the process wants there have not been invited.
        Invite = "invite", "Invite people to the meeting";
        /// Somebody asks the Virtual School to come to a meeting.
        Attend = "attend", "Say who comes to the meeting";
        /// Questions want an answer.
        Answer = "answer", "Answer your questions";
        /// Answers of the last PEP want to be confirmed.
        Confirm = "confirm", "Confirm what came from the last PEP";
        /// A signature is wanted.
        Sign = "sign", "Say that your part is complete";
        /// A plan is ready to be checked.
        Quality = "quality", "Check the quality";
        /// Money that was asked for waits for a decision.
        DecideMoney = "decide-money", "Decide about the money";
        /// A change that was refused waits for a decision.
        DecideHeld = "decide-held", "Decide about a refused change";
        /// Tuition that the Virtual School keeps money for has no provider, or no first day.
        ArrangeTuition = "arrange-tuition", "Arrange the tuition: the provider and when";
        /// Something that was agreed in the meeting is to be done.
        Action = "action", "Do what was agreed";
        /// The young person is to be told what was decided.
        Feedback = "feedback", "Tell the young person what was decided";
        /// Copies are to be sent.
        Copies = "copies", "Send the copies";
        /// Something waits for somebody's yes.
        Approve = "approve", "Say yes or no";
        /// Somebody of the plan has no account, or has not joined.
        Account = "account", "Somebody has not joined";
        /// A PEP is due that has not been begun.
        Review = "review", "The next PEP is due";
        /// The child has no PEP.
        NoPep = "no-pep", "There is no PEP yet";
        /// Something calls for a PEP outside the term's.
        ExtraPep = "extra-pep", "Is an extra PEP needed?";
        /// The plan and the directory say different things.
        Correct = "correct", "The directory says something else";
    }
}

/// Something that one person is waited for in a plan.
#[derive(Clone, PartialEq)]
pub struct Task {
    /// What.
    pub kind: TaskKind,
    /// The question it is about, where it is about one.
    pub question: Option<&'static str>,
    /// The row, the remark or the place it is about, where it is about one.
    pub place: Option<String>,
    /// From which day on it waits; `None`: now.
    pub from: Option<NaiveDate>,
    /// By when.
    pub due: Option<NaiveDate>,
    /// Of how many things.
    pub count: usize,
    /// More of it: what was sent back, what was agreed, what a signature lost. Plan content.
    pub reason: Option<String>,
    /// Who asks.
    pub by: Option<String>,
}

withhold!(Task);

impl Task {
    /// One thing of this kind, of which no more is known yet.
    pub fn of(kind: TaskKind) -> Task {
        Task { kind, question: None, place: None, from: None, due: None, count: 1, reason: None, by: None }
    }
}

/// Who is asked what waits for them.
pub struct Person<'a> {
    /// As a writer: their role, and what was delegated to them.
    pub writer: &'a Writer,
    /// Their name, as an action names whom it is for.
    pub name: &'a str,
    /// The day, for what is only due from a day on.
    pub today: NaiveDate,
}

/// What waits for this person in a plan, in the order of `TaskKind`.
pub fn tasks(view: &View, pep: &Pep, person: &Person<'_>) -> Vec<Task> {
    let mut found = Find { view, pep, person, found: Vec::new() };
    if !pep.counts() {
        return found.found;
    }
    found.actions();
    if view.state != State::Closed {
        found.returned();
        found.disputes();
        found.child();
        found.meeting();
        found.questions();
        found.signature();
        found.virtual_school();
        found.afterwards();
    }
    found.found.sort_by_key(|task| task.kind);
    found.found
}

struct Find<'a> {
    view: &'a View,
    pep: &'a Pep,
    person: &'a Person<'a>,
    found: Vec<Task>,
}

impl Find<'_> {
    fn process(&self) -> &Process {
        self.pep.process()
    }

    fn role(&self) -> Role {
        self.person.writer.role
    }

    fn add(&mut self, kind: TaskKind) -> Option<&mut Task> {
        let due = self.due();
        self.found.push(Task { due, ..Task::of(kind) });
        self.found.last_mut()
    }

    fn at(&mut self, kind: TaskKind, question: &'static str) -> Option<&mut Task> {
        let task = self.add(kind)?;
        task.question = Some(question);
        Some(task)
    }

    /// By when the rest of this person's part is due: the first day that is theirs, or everybody's.
    fn due(&self) -> Option<NaiveDate> {
        let theirs = |owner: Option<Role>| owner.is_none_or(|owner| self.role().counts_as(owner));
        self.view.dues.iter().filter(|due| !due.done && theirs(due.owner)).filter_map(|due| due.by.ok()).min()
    }

    /// Whether this person answers for a question now.
    fn answers_for(&self, id: &str) -> bool {
        let owner = bank().question(id).and_then(|q| self.process().accountable_now(q, self.view.not_on_roll));
        owner.is_some_and(|owner| self.role().counts_as(owner))
    }

    fn is_missing(&self, id: &str) -> bool {
        self.view.asked.contains(id) && matches!(self.view.answers.get(id), Some(Answer::Missing))
    }

    fn rows(&self, id: &str) -> Vec<Row> {
        match self.view.answers.get(id) {
            Some(Answer::Table(rows)) => rows.iter().filter(|row| row.counts()).cloned().collect(),
            _ => Vec::new(),
        }
    }

    fn returned(&mut self) {
        let role = self.role();
        let keys: BTreeSet<String> = self
            .view
            .open_returns
            .iter()
            .filter(|(to, _)| role.counts_as(**to))
            .flat_map(|(_, keys)| keys.iter().cloned())
            .collect();
        for row in self.rows(RETURNED).into_iter().filter(|row| keys.contains(&row.key)) {
            let (due, what) = (dates(&row, "byWhen").into_iter().min(), said(&row, "what"));
            let by = row.by.map(|who| who.name);
            if let Some(task) = self.at(TaskKind::Returned, RETURNED) {
                (task.due, task.reason, task.by, task.place) = (due.or(task.due), Some(what), by, Some(row.key));
            }
        }
    }

    fn disputes(&mut self) {
        for dispute in conflicts(self.view, self.pep) {
            let Some(question) = bank().question(dispute.question) else { continue };
            let process = self.pep.process();
            if self.person.writer.is_among(&process.writers_of(question), process, question)
                && let Some(task) = self.at(TaskKind::Choose, dispute.question)
            {
                task.place = Some(dispute.place);
            }
        }
    }

    /// What the child and their carer say that somebody has to answer.
    fn child(&mut self) {
        if remarks::disagreed(self.view) && self.role().counts_as(remarks::owner(self.view, self.pep, AGREED)) {
            self.at(TaskKind::Disagreed, AGREED);
        }
        for comment in remarks::unanswered(self.view) {
            let Some(question) = bank().question(&comment.question) else { continue };
            if self.role().counts_as(remarks::owner(self.view, self.pep, &comment.question)) {
                let by = comment.by.as_ref().map(|who: &Who| who.name.clone());
                if let Some(task) = self.at(TaskKind::Reply, &question.id) {
                    (task.place, task.by, task.due) = (Some(comment.key.clone()), by, None);
                }
            }
        }
    }

    fn meeting(&mut self) {
        let view = self.view;
        let held = matches!(view.answers.get(meeting::HELD), Some(Answer::Value(Value::YesNo(true))));
        if held {
            return;
        }
        if self.is_missing("meeting.date") && self.answers_for("meeting.date") {
            self.at(TaskKind::Arrange, "meeting.date");
        }
        let dated = matches!(view.answers.get("meeting.date"), Some(Answer::Value(_)));
        if dated && self.answers_for("meeting.date") {
            let around = Around { today: self.person.today, previous: None, others: &[] };
            let missing = meeting::meeting(view, self.pep, &[], around).missing;
            if let Some((count, first)) = missing.first().map(|first| (missing.len(), first.role)) {
                let when = match view.answers.get("meeting.date") {
                    Some(Answer::Value(Value::Date(day))) => Some(*day),
                    _ => None,
                };
                let roles: Vec<&str> = missing.iter().map(|missing| missing.role.label()).collect();
                let roles = if roles.is_empty() { first.label().to_owned() } else { roles.join(", ") };
                if let Some(task) = self.at(TaskKind::Invite, "meeting.attendees") {
                    (task.count, task.reason, task.due) = (count, Some(roles), when);
                }
            }
        }
    }

    /// What is counted here has no task of its own.
    fn questions(&mut self) {
        let process = self.pep.process();
        let own = [AREAS, OVERALL, DECISION, "meeting.date", meeting::HELD];
        // What the Virtual School says of a plan belongs to its quality check, once it is ready for that.
        let own = |id: &str| own.contains(&id) || (id.starts_with("qa.") && self.role().is_virtual_school());
        let mine = |gap: &&Gap| gap.is_for(self.person.writer, process) && !own(gap.question);
        let open: Vec<&Gap> = self.view.gaps.iter().filter(mine).collect();
        let wants = |gap: &&&Gap| matches!(gap.why, Why::Missing | Why::NotSaidWhoWrote);
        let missing = open.iter().filter(wants).count();
        let confirm = self.view.to_confirm.iter().filter(|id| self.view.asked.contains(*id)).filter(|id| {
            let question = bank().question(id);
            question.is_some_and(|q| self.person.writer.is_among(&process.confirmers_of(q), process, q))
                && self.answers_for(id)
        });
        let confirm = confirm.count();
        if missing > 0
            && let Some(task) = self.add(TaskKind::Answer)
        {
            task.count = missing;
        }
        // That it was held is said once its day is there.
        let held = |gap: &Gap| gap.question == meeting::HELD && gap.is_for(self.person.writer, process);
        if let Some(day) = meeting::held_on(self.view).filter(|_| self.view.gaps.iter().any(held))
            && let Some(task) = self.at(TaskKind::Answer, meeting::HELD)
        {
            task.from = Some(day);
        }
        if confirm > 0
            && let Some(task) = self.add(TaskKind::Confirm)
        {
            task.count = confirm;
        }
    }

    fn signature(&mut self) {
        let offered = |findings: &[Finding]| {
            let offer = offer(self.view, self.pep, self.role(), findings)?;
            let signs = bank().question(offer.question).is_some_and(|question| self.signs(question));
            Some(offer).filter(|offer| offer.offered() && !is_seen(offer.question) && signs)
        };
        // What the checks find only keeps a signature back: most plans wait for something else, and need none.
        let Some(offer) = offered(&[]).and_then(|_| {
            let around = Around { today: self.person.today, previous: None, others: &[] };
            offered(&crate::checks::check(self.view, self.pep, around))
        }) else {
            return;
        };
        let mut mine = self.view.sign_offs.iter().filter(|made| made.question == offer.question && !made.stands);
        let stale =
            mine.next_back().map(|made| made.why.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "));
        if let Some(task) = self.at(TaskKind::Sign, offer.question) {
            task.reason = stale;
        }
    }

    fn signs(&self, question: &crate::bank::Question) -> bool {
        self.process().signers_of(question).contains(&self.role())
    }

    fn virtual_school(&mut self) {
        if !self.role().is_virtual_school() {
            return;
        }
        // Only what is ready: everybody it waits for has said "complete".
        let offer = offer(self.view, self.pep, self.role(), &[]).filter(|offer| offer.waits.is_empty());
        if let Some(offer) = offer.filter(|_| !self.view.signed_off()) {
            let graded = quality::is_wanted(self.process(), AREAS);
            let blocked = graded && offer.blocked_by.is_some() && self.view.open_returns.is_empty();
            let says = |gap: &Gap| gap.question.starts_with("qa.") && gap.is_for(self.person.writer, self.process());
            let unsaid = self.view.gaps.iter().any(says);
            if blocked || unsaid || (graded && !quality::ungraded(self.view, self.pep).is_empty()) {
                let why = "With this overall grade it is not signed off: send it back, or grade it again.";
                if let Some(task) = self.at(TaskKind::Quality, AREAS) {
                    task.reason = blocked.then(|| why.to_owned());
                }
            }
        }
        let undecided = decision::findings(self.view, self.pep);
        let mut undecided: Vec<&Finding> = undecided.iter().filter(|f| f.severity == Severity::Blocks).collect();
        undecided.retain(|finding| self.role().counts_as(finding.owner));
        let asked = self.view.targets.iter().any(|target| target.is_agreed() && target.requested + target.retained > 0);
        let none = self.view.gaps.iter().any(|gap| gap.question == DECISION && self.role().counts_as(gap.owner));
        let count = undecided.len().max(usize::from(asked && none));
        if count > 0
            && let Some(task) = self.at(TaskKind::DecideMoney, DECISION)
        {
            task.count = count;
        }
        let keeps = matches!(self.view.answers.get("funding.tuition"), Some(Answer::Value(Value::Choice(word))) if word == "vs_retains");
        let arranged = |row: &Row| !said(row, "provider").is_empty() && !said(row, "when").is_empty();
        if keeps && !self.rows("funding.tuitionDetail").iter().any(arranged) {
            self.at(TaskKind::ArrangeTuition, "funding.tuitionDetail");
        }
    }

    /// What is still to be done once the meeting has been held, and once the plan is signed off.
    fn afterwards(&mut self) {
        if self.is_missing(FED_BACK)
            && self.answers_for(FED_BACK)
            && let Some(task) = self.at(TaskKind::Feedback, FED_BACK)
        {
            task.due = None;
        }
        let copies = self.rows(COPIES);
        let unsent = copies.iter().filter(|row| dates(row, "sentOn").is_empty()).count();
        let none = copies.is_empty() && self.view.asked.contains(COPIES) && self.pep.kind != PepType::Closing;
        if self.view.signed_off()
            && (unsent > 0 || none)
            && self.answers_for(COPIES)
            && let Some(task) = self.at(TaskKind::Copies, COPIES)
        {
            (task.count, task.due) = (unsent.max(1), None);
        }
    }

    /// What was agreed for this person to do.
    fn actions(&mut self) {
        let mine = |row: &Row| is_for(&said(row, "person"), self.person.name, self.role());
        let open = |row: &Row| chosen(row, "status").is_none_or(|word| word == "open");
        let actions: Vec<Row> = self.rows(ACTIONS).into_iter().filter(|row| mine(row) && open(row)).collect();
        let mine = |row: &Row| is_for(&said(row, "who"), self.person.name, self.role());
        let open = |row: &Row| said(row, "done") != Value::YesNo(true).to_string();
        let steps: Vec<Row> = self.rows(STEPS).into_iter().filter(|row| mine(row) && open(row)).collect();
        let all = actions.into_iter().map(|row| (ACTIONS, "action", row));
        for (question, what, row) in all.chain(steps.into_iter().map(|row| (STEPS, "step", row))) {
            let (due, what) = (dates(&row, "byWhen").into_iter().min(), said(&row, what));
            if let Some(task) = self.at(TaskKind::Action, question) {
                (task.due, task.reason, task.place) = (due, Some(what), Some(row.key));
            }
        }
    }
}

const FED_BACK: &str = "voice.fedBack";
const COPIES: &str = "meeting.copies";
const ACTIONS: &str = "meeting.actions";
const STEPS: &str = "transition.plan";

/// Whether somebody whom the plan names so is this person: by their name, or by their role.
fn is_for(named: &str, name: &str, role: Role) -> bool {
    let plain = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ").to_lowercase();
    let named = plain(named);
    !named.is_empty() && (named == plain(name) || named == plain(role.label()))
}
