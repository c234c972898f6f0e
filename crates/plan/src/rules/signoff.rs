//! Signatures: who said "my part is complete" or "signed off" of what, whether that still stands, and how far a PEP has come
//! (PEP.md 4.7). Nothing here is stored beside the signatures themselves: the rest is worked out from document and process.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use automerge::transaction::{CommitOptions, Transactable};
use automerge::{Automerge, Change, ChangeHash, ObjId, ObjType, ROOT, TextEncoding};
use chrono::NaiveDate;
use uuid::Uuid;

use crate::bank::{Kind, Question, bank};
use crate::checks::{Finding, Severity};
use crate::content::{Content, signer_of};
use crate::document::Sheet;
use crate::edit::{Applied, Writer, right_document};
use crate::meeting;
use crate::pep::{DocumentKind, Pep, PepType, Role};
use crate::process::Process;
use crate::processes::ProcessRef;
use crate::quality::{self, RETURNED};
use crate::refused::Refused;
use crate::value::{CELL_MAX, Value, find_question, utf16_len, withhold};
use crate::view::{Answer, Authors, Cell, Documents, Gap, State, View, Who, Why, assemble, conflicts, marks};

/// The Virtual School's sign-off.
pub(crate) const VIRTUAL_SCHOOL: &str = "signoff.vs";

/// A signature that somebody is about to make.
#[derive(Clone, Copy)]
pub struct Signing<'a> {
    /// The sign-off question, such as `signoff.dt`.
    pub question: &'a str,
    /// The signature's own key: random.
    pub key: Uuid,
    /// The day, as the person says it. Rules use it, never a device's clock.
    pub on: NaiveDate,
    /// What the young person or the carer wants to say with it; empty: nothing.
    pub comment: &'a str,
}

/// A signature. Written once and never changed.
#[derive(Clone, PartialEq)]
pub struct SignOff {
    /// Its key: its own id, `+`, and the person's.
    pub key: String,
    /// The sign-off question, such as `signoff.dt`.
    pub question: &'static str,
    /// Who made it; `None`: somebody whom this device cannot name. Then it does not stand here.
    pub by: Option<Who>,
    /// As what they signed.
    pub role: Role,
    /// The day they said.
    pub on: NaiveDate,
    /// When, by the author's clock, in seconds since 1970.
    pub at: i64,
    /// SHA-256 of the content it covers, in lower-case hex.
    pub hash: String,
    /// The process it was made under: `ten-page 1`.
    pub process: String,
    /// What the young person or the carer said with it.
    pub comment: Option<String>,
    /// The change that made it: the document as of this change is what was signed.
    pub change: ChangeHash,
    /// It stands: what it covers is as it was. Of "seen": they saw the plan as it is.
    pub stands: bool,
    /// Why it does not stand; empty where it does.
    pub why: Vec<Stale>,
}

withhold!(SignOff);

/// Why a signature covers an earlier version.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Stale {
    /// This question has changed.
    Changed(&'static str),
    /// This question must be answered now, and was not asked then or was answered.
    Appeared(&'static str),
    /// The Virtual School has returned it.
    Returned,
    /// The signer's role had ended by the day they said.
    RoleEnded,
    /// It was never made for what the plan said at that time.
    NeverMatched,
    /// Nobody here can tell who made it, so nobody can tell whether they might.
    Unnamed,
    /// Whoever made it has another role now, which signs nothing there.
    OtherRole,
}

impl fmt::Display for Stale {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Stale::Changed(question) => write!(f, "{question} has changed since"),
            Stale::Appeared(question) => write!(f, "a new question appeared: {question}"),
            Stale::Returned => f.write_str("returned by the Virtual School"),
            Stale::RoleEnded => f.write_str("signed by somebody whose role had ended"),
            Stale::NeverMatched => f.write_str("not made for what the plan said at that time"),
            Stale::Unnamed => f.write_str("signed by somebody this device cannot name"),
            Stale::OtherRole => f.write_str("signed by somebody who has another role now"),
        }
    }
}

/// What somebody who signs is offered, always: what they may do now, or what it waits for and who can put that right (R003-28).
#[derive(Clone, PartialEq)]
pub struct Offer {
    /// The sign-off question.
    pub question: &'static str,
    /// Who signs it.
    pub role: Role,
    /// A signature of theirs stands; there is nothing to sign.
    pub stands: bool,
    /// Questions of theirs that must be answered, and who answers for them.
    pub missing: Vec<Gap>,
    /// Places of theirs where people entered different things apart, as `Edit::Resolve` takes them.
    pub disputes: Vec<String>,
    /// What else the checks found in their part that blocks.
    pub findings: Vec<Finding>,
    /// Whom it waits for.
    pub waits: Vec<Wait>,
    /// Sign-off questions at which somebody has signed whom this device cannot name: neither waited for nor done.
    pub unnamed: Vec<&'static str>,
    /// The overall grade with which this process signs nothing off, where the PEP has it.
    pub blocked_by: Option<String>,
}

withhold!(Offer);

/// Somebody a signature waits for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wait {
    /// Who.
    pub role: Role,
    /// What they have not answered yet; empty: they have only to sign.
    pub missing: Vec<Gap>,
}

impl Offer {
    /// True if it can be signed now.
    pub fn offered(&self) -> bool {
        let clear = self.missing.is_empty() && self.disputes.is_empty() && self.findings.is_empty();
        clear && !self.stands && self.waits.is_empty() && self.blocked_by.is_none()
    }
}

/// A version that the Virtual School signed.
pub struct Signed {
    /// The canonical text of what was signed; the SHA-256 of exactly these bytes is the hash in the signature.
    pub content: String,
    /// The document as of the signature; its saved bytes are equal wherever the signature is held.
    pub document: Automerge,
    /// The signature.
    pub sign_off: SignOff,
}

/// The sign-off question of a role; `None` for roles that sign nothing.
pub fn sign_off_of(role: Role) -> Option<&'static str> {
    let question = match role {
        Role::DesignatedTeacher => "signoff.dt",
        Role::SocialWorker => "signoff.sw",
        Role::VirtualSchoolOfficer | Role::VirtualSchoolHead => VIRTUAL_SCHOOL,
        Role::YoungPerson => "signoff.yp",
        Role::Carer => "signoff.carer",
        Role::IndependentReviewingOfficer | Role::Professional => return None,
    };
    Some(question)
}

impl SignOff {
    /// True if somebody who is known made it for what the plan said then: whatever became of it since.
    pub fn is_sound(&self) -> bool {
        !self.why.iter().any(|why| matches!(why, Stale::NeverMatched | Stale::Unnamed))
    }
}

/// True of "I have seen it": it covers what was seen, and never blocks anything.
pub fn is_seen(question: &str) -> bool {
    matches!(question, "signoff.yp" | "signoff.carer")
}

/// Signs, in one change. Refused while something covered is missing or disputed; whether it is somebody's turn is for `offer`.
/// An equal signature of the same person changes nothing. `now` in seconds since 1970.
pub fn sign(
    document: &mut Automerge,
    pep: &Pep,
    writer: &Writer,
    signing: Signing<'_>,
    now: i64,
) -> Result<Applied, Refused> {
    let question = find_question(signing.question)?;
    let id = || question.id.clone();
    if !question.is_sign_off() {
        return Err(Refused::WrongType { question: id(), expected: "an answer, and is not signed" });
    }
    right_document(&Sheet::now(document), pep, DocumentKind::Main)?;
    if !pep.counts() {
        return Err(Refused::Withdrawn);
    }
    if !pep.process().signers_of(question).contains(&writer.role) {
        return Err(Refused::Reserved { question: id(), owners: question.owners.clone() });
    }
    let comment = signing.comment.trim();
    if utf16_len(comment) > CELL_MAX {
        return Err(Refused::TooLong { question: id(), limit: CELL_MAX });
    }
    let view = assemble(Documents::main(document), pep, &|_| None, None);
    let content = Content::of(&view, pep, &question.id);
    if !is_seen(&question.id) {
        let mut disputed: Vec<String> = conflicts(&view, pep)
            .into_iter()
            .filter(|dispute| concerns(&view, pep.process(), dispute.question, sign_off_role(question)))
            .map(|dispute| dispute.question.to_owned())
            .collect();
        disputed.dedup();
        if !disputed.is_empty() {
            return Err(Refused::Undecided { question: id(), places: disputed });
        }
        held_by(&view, pep.process(), question, signing.on)?;
        let role = sign_off_role(question);
        let asks = |gap: &&Gap| gap.why == Why::ToConfirm && concerns(&view, pep.process(), gap.question, role);
        let unconfirmed = view.gaps.iter().filter(asks).map(|gap| gap.question);
        let missing: Vec<String> = content.missing.iter().copied().chain(unconfirmed).map(str::to_owned).collect();
        if !missing.is_empty() {
            return Err(Refused::Incomplete { question: id(), missing });
        }
    }
    let hash = content.hash();
    let key = format!("{}+{}", signing.key, writer.person);
    let own = format!("+{}", writer.person);
    let marks = Marks::of(document);
    let again = entries(document, question).iter().any(|(key, entry)| {
        let sheet = Sheet::now(document);
        let kept = sheet.puts(std::slice::from_ref(entry), "hash", Kind::Text);
        let same = key.ends_with(&own) && kept.iter().any(|put| put.value == Value::Text(hash.clone()));
        same && document.hash_for_opid(entry).is_some_and(|change| {
            let missed = marks.missed_by(change).into_iter();
            missed.filter(|id| concerns(&view, pep.process(), id, sign_off_role(question))).count() == 0
        })
    });
    if again && comment.is_empty() {
        return Ok(Applied { change: None, made: Vec::new() });
    }
    let damaged = |_| Refused::Damaged { question: id() };
    let root = Sheet::now(document).root("signOffs").ok_or_else(|| Refused::Damaged { question: id() })?;
    let kept = Sheet::now(document).objects(&root, &question.id, ObjType::Map).pop();
    let mut tx = document.transaction();
    let write = || {
        let all = match kept {
            Some(all) => all,
            None => tx.put_object(&root, question.id.as_str(), ObjType::Map)?,
        };
        let entry = tx.put_object(&all, key.as_str(), ObjType::Map)?;
        tx.put(&entry, "hash", hash.as_str())?;
        tx.put(&entry, "process", format!("{} {}", pep.process.id(), pep.process.version()))?;
        tx.put(&entry, "on", signing.on.to_string())?;
        tx.put(&entry, "role", writer.role.slug())?;
        if !comment.is_empty() {
            tx.put(&entry, "comment", comment)?;
        }
        Ok(())
    };
    let written: Result<(), automerge::AutomergeError> = write();
    match written {
        Ok(()) => {
            let (change, _) = tx.commit_with(CommitOptions::default().with_time(now));
            Ok(Applied { change, made: vec![key] })
        }
        Err(error) => {
            tx.rollback();
            Err(damaged(error))
        }
    }
}

/// Refuses to complete or sign off a meeting that was not held, and to do so on a day before it (PEP.md 4.7).
fn held_by(view: &View, process: &Process, question: &Question, on: NaiveDate) -> Result<(), Refused> {
    let id = || question.id.clone();
    if meeting::is_not_held(view) && concerns(view, process, meeting::HELD, sign_off_role(question)) {
        return Err(Refused::NotHeld { question: id() });
    }
    match meeting::held_on(view) {
        Some(day) if on < day => Err(Refused::Impossible { question: id(), says: "is of a day before the meeting" }),
        _ => Ok(()),
    }
}

/// What the completion step of a role needs; `None` for roles that sign nothing. `findings` are those of `check`. For "seen"
/// nothing is needed.
pub fn offer(view: &View, pep: &Pep, role: Role, findings: &[Finding]) -> Option<Offer> {
    let process = pep.process();
    let question = sign_off_of(role)?;
    let stands = |question: &str| view.sign_offs.iter().any(|made| made.question == question && made.stands);
    let mut offer = Offer {
        question,
        role,
        stands: stands(question),
        missing: Vec::new(),
        disputes: Vec::new(),
        findings: Vec::new(),
        waits: Vec::new(),
        unnamed: Vec::new(),
        blocked_by: None,
    };
    if is_seen(question) {
        // Each of them may say so, and say it again.
        offer.stands = false;
        return Some(offer);
    }
    let undecided = |gap: &&Gap| gap.why != Why::Disputed;
    let gaps_of = |role: Role| {
        let of_role = |gap: &&Gap| concerns(view, process, gap.question, role);
        view.gaps.iter().filter(undecided).filter(of_role).cloned().collect::<Vec<Gap>>()
    };
    offer.missing = gaps_of(role);
    for dispute in conflicts(view, pep) {
        if concerns(view, process, dispute.question, role) {
            offer.disputes.push(dispute.place);
        }
    }
    let told = |field: &str| {
        offer.missing.iter().any(|gap| gap.question == field) || offer.disputes.iter().any(|place| place == field)
    };
    let of_role = |finding: &&Finding| {
        let field = finding.field.as_deref().unwrap_or_default();
        let about = field.split('/').next().unwrap_or_default();
        let theirs =
            if about.is_empty() { role.counts_as(finding.owner) } else { concerns(view, process, about, role) };
        finding.severity == Severity::Blocks && theirs && !told(field)
    };
    offer.findings = findings.iter().filter(of_role).cloned().collect();
    for gate in process.practice.completion.gates.iter().filter(|gate| role.counts_as(gate.role)) {
        for other in gate.requires.iter().filter(|other| answers_for_something(view, process, **other)) {
            let missing = gaps_of(*other);
            // The Virtual School waits until they say "complete"; others only until they have answered (R003-27, R003-29).
            let signed = sign_off_of(*other).is_some_and(stands);
            let done = if role.is_virtual_school() { signed } else { signed || missing.is_empty() };
            if !done {
                let signed = sign_off_of(*other).filter(|signed| has_unnamed(view, signed));
                offer.unnamed.extend(signed);
                offer.waits.push(Wait { role: *other, missing });
            }
        }
    }
    if has_unnamed(view, question) {
        offer.unnamed.push(question);
    }
    if role.is_virtual_school() {
        offer.blocked_by = quality::overall(view).filter(|grade| process.practice.qa.blocks_signoff_at.contains(grade));
        // What the people it waits for have to answer is told there.
        let waited: BTreeSet<&str> =
            offer.waits.iter().flat_map(|wait| &wait.missing).map(|gap| gap.question).collect();
        offer.missing.retain(|gap| !waited.contains(gap.question));
        offer.findings.retain(|finding| !waited.contains(finding.field.as_deref().unwrap_or_default()));
    }
    Some(offer)
}

/// The canonical text of what a signature at this question would cover now; its SHA-256 is what a signature holds. `None` for a
/// question that nobody signs.
pub fn content(view: &View, pep: &Pep, question: &str) -> Option<String> {
    let question = bank().question(question).filter(|question| question.is_sign_off())?;
    Some(Content::of(view, pep, &question.id).text())
}

/// The newest version that the Virtual School signed, if it signed one.
pub fn signed(document: &Automerge, view: &View, pep: &Pep) -> Option<Signed> {
    let sound = |made: &&SignOff| made.question == VIRTUAL_SCHOOL && made.is_sound();
    let sign_off = view.sign_offs.iter().rfind(sound)?.clone();
    let then = version(document, &[sign_off.change])?;
    let content = Content::of(&assemble(Documents::main(&then), pep, &|_| None, None), pep, VIRTUAL_SCHOOL).text();
    Some(Signed { content, document: then, sign_off })
}

/// The document as it was at some heads, made again from its changes in an order that is the same everywhere. `None` if a head
/// is not in it.
pub fn version(document: &Automerge, heads: &[ChangeHash]) -> Option<Automerge> {
    let all: BTreeMap<ChangeHash, Change> =
        document.get_changes(&[]).into_iter().map(|change| (change.hash(), change)).collect();
    let mut wanted = BTreeSet::new();
    let mut next: Vec<ChangeHash> = heads.to_vec();
    while let Some(hash) = next.pop() {
        if wanted.insert(hash) {
            next.extend(all.get(&hash)?.deps());
        }
    }
    // One after another, of those whose predecessors are there the one with the smallest hash.
    let mut waits: BTreeMap<ChangeHash, usize> = BTreeMap::new();
    let mut followers: BTreeMap<ChangeHash, Vec<ChangeHash>> = BTreeMap::new();
    for hash in &wanted {
        let deps = all.get(hash)?.deps();
        waits.insert(*hash, deps.len());
        deps.iter().for_each(|dep| followers.entry(*dep).or_default().push(*hash));
    }
    let mut ready: BTreeSet<ChangeHash> =
        waits.iter().filter(|(_, count)| **count == 0).map(|(hash, _)| *hash).collect();
    let mut ordered = Vec::new();
    while let Some(hash) = ready.pop_first() {
        ordered.push(all.get(&hash)?.clone());
        for follower in followers.remove(&hash).unwrap_or_default() {
            let count = waits.entry(follower).or_default();
            *count = count.saturating_sub(1);
            if *count == 0 {
                ready.insert(follower);
            }
        }
    }
    let mut then = Automerge::new_with_encoding(TextEncoding::Utf16CodeUnit).with_actor(document.get_actor().clone());
    then.apply_changes(ordered).ok()?;
    Some(then)
}

impl Process {
    /// Who may sign a sign-off question; nobody for any other question.
    pub fn signers_of(&self, question: &Question) -> Vec<Role> {
        let signs = |role: &Role| question.is_sign_off() && question.owners.iter().any(|owner| role.counts_as(*owner));
        Role::ALL.iter().copied().filter(signs).collect()
    }
}

/// True if a question is among what a role's signature waits for: what it covers, and what is theirs in an annex.
fn concerns(view: &View, process: &Process, question: &str, role: Role) -> bool {
    let signer = || bank().question(question).and_then(|question| signer_of(process, question, view.not_on_roll));
    role.is_virtual_school() || signer() == Some(role)
}

/// While a child is on no school's roll there may be no designated teacher, and nobody waits for one.
fn answers_for_something(view: &View, process: &Process, role: Role) -> bool {
    role.is_virtual_school()
        || process.questions().any(|question| signer_of(process, question, view.not_on_roll) == Some(role))
}

fn sign_off_role(question: &Question) -> Role {
    question.owners.first().copied().unwrap_or(Role::VirtualSchoolOfficer)
}

/// Reads the signatures, judges each, and says how far the PEP has come.
pub(crate) fn judge(view: &mut View, documents: Documents<'_>, pep: &Pep, authors: Authors<'_>) {
    let document = documents.main;
    let past = Past { document, pep, own: own_words(view), contents: RefCell::default() };
    let marks = Marks::of(document);
    let (mut made, unread) = read_sign_offs(document, pep.process(), authors);
    view.unread_sign_offs = unread;
    for sign_off in &mut made {
        let now = Content::of(view, pep, sign_off.question);
        sign_off.why = match past.signed_under(sign_off, &now) {
            None => past.why_stale(sign_off, &now),
            Some(before) => before.why_stale_since(sign_off, &now),
        };
        if sign_off.by.is_some() && !is_seen(sign_off.question) {
            let role = sign_off.role;
            let missed = marks.missed(sign_off).into_iter().filter(|id| concerns(view, pep.process(), id, role));
            sign_off.why.extend(missed.map(Stale::Changed));
        }
        sign_off.stands = sign_off.why.is_empty();
    }
    made.sort_by(|a, b| (a.at, &a.key).cmp(&(b.at, &b.key)));
    view.sign_offs = made;
    view.open_returns = open_returns(view, &past);
    let newest = view.sign_offs.iter().rfind(|made| made.question == VIRTUAL_SCHOOL && made.stands);
    view.changed_since_sign_off = newest.map_or_else(Vec::new, |newest| {
        let now = Content::of(view, pep, VIRTUAL_SCHOOL);
        let before = past.signed_under(newest, &now);
        let now = match &before {
            None => now,
            Some(before) => before.content(&document.get_heads(), VIRTUAL_SCHOOL),
        };
        // Reading a plan as it was costs more than reading it as it is.
        if now.hash() == newest.hash {
            return Vec::new();
        }
        let signed = [newest.change];
        now.changed_since(&match &before {
            None => past.content(&signed, VIRTUAL_SCHOOL),
            Some(before) => before.content(&signed, VIRTUAL_SCHOOL),
        })
    });
    if let Some(newest) = newest {
        let since = marks.since(newest).into_iter().filter(|id| !view.changed_since_sign_off.contains(id));
        let since: Vec<&'static str> = since.collect();
        view.changed_since_sign_off.extend(since);
    }
    view.state = state(view, pep);
}

/// Those who say "complete" before the Virtual School signs, in their order.
fn completers(view: &View, pep: &Pep) -> Vec<Role> {
    let process = pep.process();
    let signs = |role: &Role| !role.is_virtual_school() && answers_for_something(view, process, *role);
    process.practice.completion.order.iter().copied().filter(signs).collect()
}

/// The day on which the last of those who complete a PEP said so, where all of them have and that stands.
pub(crate) fn completed_on(view: &View, pep: &Pep) -> Option<NaiveDate> {
    let said = |role: Role| {
        let standing = view.sign_offs.iter().filter(|made| Some(made.question) == sign_off_of(role) && made.stands);
        standing.map(|made| made.on).min()
    };
    let days: Option<Vec<NaiveDate>> = completers(view, pep).into_iter().map(said).collect();
    days?.into_iter().max()
}

fn state(view: &View, pep: &Pep) -> State {
    if !pep.counts() {
        return State::Withdrawn;
    }
    let stands = |role: &Role| {
        let question = sign_off_of(*role);
        view.sign_offs.iter().any(|made| Some(made.question) == question && made.stands)
    };
    let before = completers(view, pep);
    match before.iter().rfind(|role| stands(role)) {
        _ if stands(&Role::VirtualSchoolOfficer) && pep.kind == PepType::Closing => State::Closed,
        _ if stands(&Role::VirtualSchoolOfficer) => State::SignedOff,
        _ if !view.open_returns.is_empty() => State::Returned,
        Some(_) if before.iter().all(stands) && quality::has_begun(view) => State::InQa,
        Some(Role::SocialWorker) => State::SwComplete,
        Some(Role::DesignatedTeacher) => State::DtComplete,
        _ => view.state,
    }
}

/// Returns that nobody they are addressed to has signed for since, by role: keys of rows of `qa.returnedFor`.
fn open_returns(view: &View, past: &Past<'_>) -> BTreeMap<Role, Vec<String>> {
    let mut open: BTreeMap<Role, Vec<String>> = BTreeMap::new();
    let Some(Answer::Table(rows)) = view.answers.get(RETURNED) else { return open };
    for row in rows.iter().filter(|row| row.counts()) {
        let Some(role) = quality::addressed_to(row) else { continue };
        let known = |made: &&SignOff| !made.why.contains(&Stale::Unnamed);
        let theirs = || view.sign_offs.iter().filter(known).filter(|made| Some(made.question) == sign_off_of(role));
        let covers = |made: &SignOff| past.content(&[made.change], made.question).returned.contains_key(&row.key);
        if !theirs().any(|made| made.stands) && !theirs().any(covers) {
            open.entry(role).or_default().push(row.key.clone());
        }
    }
    open
}

/// The young people and carers whose own words the plan has, by id.
fn own_words(view: &View) -> BTreeSet<String> {
    let own = |by: &&Who| matches!(by.role, Role::YoungPerson | Role::Carer);
    let answers = view.answers.values().flat_map(|answer| match answer {
        Answer::Voices(voices) => voices.iter().filter_map(|voice| voice.by.as_ref()).collect::<Vec<_>>(),
        Answer::Table(rows) => rows.iter().filter_map(|row| row.by.as_ref()).collect(),
        _ => Vec::new(),
    });
    let cells = view.targets.iter().flat_map(|target| target.row.cells.values());
    let targets = cells.flat_map(|cell| match cell {
        Cell::Voices(voices) => voices.iter().filter_map(|voice| voice.by.as_ref()).collect::<Vec<_>>(),
        _ => Vec::new(),
    });
    let signed = view.sign_offs.iter().filter_map(|made| made.by.as_ref());
    let said = view.comments.iter().filter_map(|comment| comment.by.as_ref());
    answers.chain(targets).chain(signed).chain(said).filter(own).map(|by| by.person.to_string()).collect()
}

/// What stands in the plan to say that contact restrictions have changed, and when that was in its history.
struct Marks<'a> {
    document: &'a Automerge,
    all: Vec<(&'static str, ChangeHash)>,
}

impl Marks<'_> {
    fn of(document: &Automerge) -> Marks<'_> {
        Marks { document, all: marks(document) }
    }

    /// Those of which whoever signed did not know. What was changed in the knowledge of the Virtual School's is the living plan.
    fn missed(&self, sign_off: &SignOff) -> BTreeSet<&'static str> {
        let known = self.known_to(sign_off.change);
        let living = if sign_off.question == VIRTUAL_SCHOOL { self.later_than(sign_off) } else { BTreeSet::new() };
        self.of_changes(|change| !known.contains(change) && !living.contains(change))
    }

    /// Those that are not among what a change rests on.
    fn missed_by(&self, change: ChangeHash) -> BTreeSet<&'static str> {
        let known = self.known_to(change);
        self.of_changes(|change| !known.contains(change))
    }

    /// Those made in the knowledge of a signature.
    fn since(&self, sign_off: &SignOff) -> BTreeSet<&'static str> {
        let later = self.later_than(sign_off);
        self.of_changes(|change| later.contains(change))
    }

    fn of_changes(&self, wanted: impl Fn(&ChangeHash) -> bool) -> BTreeSet<&'static str> {
        self.all.iter().filter(|(_, change)| wanted(change)).map(|(id, _)| *id).collect()
    }

    /// A change and those it rests on.
    fn known_to(&self, change: ChangeHash) -> BTreeSet<ChangeHash> {
        let mut known = BTreeSet::new();
        let mut next = if self.all.is_empty() { Vec::new() } else { vec![change] };
        while let Some(hash) = next.pop() {
            if known.insert(hash) {
                next.extend(self.document.get_change_meta_by_hash(&hash).into_iter().flat_map(|change| change.deps));
            }
        }
        known
    }

    /// The changes that rest on a signature.
    fn later_than(&self, sign_off: &SignOff) -> BTreeSet<ChangeHash> {
        let mut later = BTreeSet::new();
        let all = if self.all.is_empty() { Vec::new() } else { self.document.get_changes_meta(&[]) };
        for change in all {
            if change.deps.iter().any(|dep| *dep == sign_off.change || later.contains(dep)) {
                later.insert(change.hash);
            }
        }
        later
    }
}

/// The plan as it was at the signatures.
struct Past<'a> {
    document: &'a Automerge,
    pep: &'a Pep,
    /// The young people and carers, whose own words make nobody else's signature stale.
    own: BTreeSet<String>,
    contents: RefCell<BTreeMap<(Vec<ChangeHash>, &'static str), Content>>,
}

impl<'a> Past<'a> {
    /// The plan by the version that was signed, where it was moved to another since: `Past` of that version. `None` where it
    /// follows the same one, or never followed that.
    /// Likewise where it was of another type then, which was put right since: of that type.
    fn signed_under(&self, sign_off: &SignOff, now: &Content) -> Option<Before<'a>> {
        let of = |pep| Before { document: self.document, pep, own: self.own.clone() };
        let before = self.version_signed(sign_off).map(|process| of(Pep { process, ..self.pep.clone() }));
        let by_this_type = || match &before {
            Some(before) => before.was_signed(sign_off),
            None => self.content(&[sign_off.change], sign_off.question).hash() == sign_off.hash,
        };
        if now.hash() == sign_off.hash || by_this_type() {
            return before;
        }
        let pep = before.as_ref().map_or(self.pep, |before| &before.pep);
        let others = PepType::ALL.iter().filter(|kind| **kind != pep.kind);
        let mut others = others.map(|kind| of(Pep { kind: *kind, ..pep.clone() }));
        others.find(|other| other.was_signed(sign_off)).or(before)
    }

    fn version_signed(&self, sign_off: &SignOff) -> Option<ProcessRef> {
        let (id, version) = sign_off.process.rsplit_once(' ')?;
        let same = id == self.pep.process.id() && version.parse() != Ok(self.pep.process.version());
        self.pep.process.when(version.parse().ok()?).filter(|_| same)
    }

    fn content(&self, heads: &[ChangeHash], covers: &'static str) -> Content {
        let key = (heads.to_vec(), covers);
        if let Some(known) = self.contents.borrow().get(&key) {
            return known.clone();
        }
        let then = assemble(Documents::main(self.document), self.pep, &|_| None, Some(heads));
        let content = Content::of(&then, self.pep, covers);
        self.contents.borrow_mut().insert(key, content.clone());
        content
    }

    fn why_stale(&self, sign_off: &SignOff, now: &Content) -> Vec<Stale> {
        // Whatever the plan says now: it stands for nobody.
        let Some(by) = &sign_off.by else { return vec![Stale::Unnamed] };
        let mut why = Vec::new();
        let signers = bank().question(sign_off.question).map(|question| self.pep.process().signers_of(question));
        if !signers.is_some_and(|signers| signers.contains(&by.role)) {
            why.push(Stale::OtherRole);
        }
        if by.until.is_some_and(|until| until < sign_off.on) {
            why.push(Stale::RoleEnded);
        }
        let seen = is_seen(sign_off.question);
        if now.hash() == sign_off.hash {
            // Nobody can have signed this honestly while something was missing.
            let missing = now.missing.iter().filter(|_| !seen);
            why.extend(missing.map(|id| Stale::Appeared(id)));
            return why;
        }
        let then = self.content(&[sign_off.change], sign_off.question);
        if then.hash() != sign_off.hash {
            why.push(Stale::NeverMatched);
            return why;
        }
        let late;
        let now = match sign_off.question {
            // What was written in the knowledge of the signature is the living plan; what the signer had not seen is not.
            VIRTUAL_SCHOOL => {
                late = self.content(&without_descendants(self.document, sign_off.change), VIRTUAL_SCHOOL);
                &late
            }
            _ => now,
        };
        if now.returned != then.returned {
            why.push(Stale::Returned);
        }
        let materially = |content: &Content| match seen {
            true => content.clone(),
            false => content.clone().without_words_of(&self.own),
        };
        let changed = materially(now).changed_since(&materially(&then));
        if why.is_empty() && changed.is_empty() && !seen {
            // As above: it holds nothing but other words of the child or the carer.
            why.extend(now.missing.iter().map(|id| Stale::Appeared(id)));
        }
        why.extend(now.missing.difference(&then.missing).map(|id| Stale::Appeared(id)));
        why.dedup();
        why.extend(changed.into_iter().filter(|id| !now.missing.contains(id)).map(Stale::Changed));
        why
    }
}

/// The plan as it is by a version that it followed when it was signed, or of a type that it was of then.
struct Before<'a> {
    document: &'a Automerge,
    pep: Pep,
    own: BTreeSet<String>,
}

impl Before<'_> {
    /// Whether this is what was signed.
    fn was_signed(&self, sign_off: &SignOff) -> bool {
        self.content(&[sign_off.change], sign_off.question).hash() == sign_off.hash
    }

    fn content(&self, heads: &[ChangeHash], covers: &'static str) -> Content {
        self.past().content(heads, covers)
    }

    fn past(&self) -> Past<'_> {
        Past { document: self.document, pep: &self.pep, own: self.own.clone(), contents: RefCell::default() }
    }

    /// What was signed is held against what the same version asks now. Of the version that the plan follows since, a signature
    /// lacks what must be answered there and is not; the Virtual School's was for the plan as it was.
    fn why_stale_since(&self, sign_off: &SignOff, by_new_version: &Content) -> Vec<Stale> {
        let now = self.content(&self.document.get_heads(), sign_off.question);
        let mut why = self.past().why_stale(sign_off, &now);
        if sign_off.question != VIRTUAL_SCHOOL
            && !is_seen(sign_off.question)
            && why.iter().all(|why| *why != Stale::Unnamed)
        {
            let appeared: Vec<Stale> =
                by_new_version.missing.difference(&now.missing).map(|id| Stale::Appeared(id)).collect();
            why.extend(appeared);
        }
        why
    }
}

/// The heads of a document without what was written in the knowledge of a change.
fn without_descendants(document: &Automerge, change: ChangeHash) -> Vec<ChangeHash> {
    let mut later = BTreeSet::new();
    let mut heads = BTreeSet::new();
    for other in document.get_changes_meta(&[]) {
        if other.deps.iter().any(|dep| *dep == change || later.contains(dep)) {
            later.insert(other.hash);
        } else {
            heads.retain(|head| !other.deps.contains(head));
            heads.insert(other.hash);
        }
    }
    heads.into_iter().collect()
}

/// Every entry of a sign-off question, whoever made the map it is in.
fn entries(document: &Automerge, question: &Question) -> Vec<(String, ObjId)> {
    let sheet = Sheet::now(document);
    let roots = sheet.objects(&ROOT, "signOffs", ObjType::Map);
    let maps = roots.iter().flat_map(|root| sheet.objects(root, &question.id, ObjType::Map));
    let of_map = |map: ObjId| {
        let keys = sheet.keys(&map).into_iter();
        keys.flat_map(move |key| {
            let made = sheet.objects(&map, &key, ObjType::Map).into_iter();
            made.map(move |entry| (key.clone(), entry)).collect::<Vec<_>>()
        })
        .collect::<Vec<_>>()
    };
    maps.flat_map(of_map).collect()
}

/// The signatures whose author is who their key says, or whom nobody here can name; each as it was made, whatever became of it. And
/// how many entries are no signature that this version knows, by question: made in another's name, or in another form.
fn read_sign_offs(
    document: &Automerge,
    process: &Process,
    authors: Authors<'_>,
) -> (Vec<SignOff>, BTreeMap<&'static str, usize>) {
    let mut made = Vec::new();
    let mut unread: BTreeMap<&'static str, usize> = BTreeMap::new();
    for question in bank().questions().iter().filter(|question| question.is_sign_off()) {
        let signers = process.signers_of(question);
        for (key, entry) in entries(document, question) {
            let (ObjId::Id(_, actor, _), Some(change)) = (&entry, document.hash_for_opid(&entry)) else {
                *unread.entry(question.id.as_str()).or_default() += 1;
                continue;
            };
            let heads = [change];
            let then = Sheet::at(document, &heads);
            let field = |name: &str, kind: Kind| Some(then.puts(std::slice::from_ref(&entry), name, kind).pop()?.value);
            let text = |name: &str| field(name, Kind::Text).map(|value| value.to_string());
            let role = text("role").and_then(|role| role.parse::<Role>().ok()).filter(|role| signers.contains(role));
            let by = authors(actor.to_bytes());
            let theirs = by.as_ref().is_none_or(|who| {
                let (id, person) = key.split_once('+').unwrap_or_default();
                person.parse() == Ok(who.person) && id.parse::<Uuid>().is_ok()
            });
            let (true, Some(role), Some(hash), Some(Value::Date(on))) =
                (theirs, role, text("hash"), field("on", Kind::Date))
            else {
                *unread.entry(question.id.as_str()).or_default() += 1;
                continue;
            };
            let at = document.get_change_meta_by_hash(&change).map_or(0, |change| change.timestamp);
            let (process, comment) = (text("process").unwrap_or_default(), text("comment"));
            let question = question.id.as_str();
            let (stands, why) = (false, Vec::new());
            made.push(SignOff { key, question, by, role, on, at, hash, process, comment, change, stands, why });
        }
    }
    (made, unread)
}

/// True if somebody whom this device cannot name has signed there.
fn has_unnamed(view: &View, question: &str) -> bool {
    view.sign_offs.iter().any(|made| made.question == question && made.by.is_none())
}
