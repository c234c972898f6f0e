//! Whether figures can be: what is impossible is refused as it is written (`apply`) and is a finding where it came together by a
//! merge; what is unlikely is asked about once, and whoever answers for it can say that it is right. Saying so is a remark beside
//! the answer, so it has an author and a day, it travels with the plan, and it holds for what it was said of: another value is
//! asked about again.

use automerge::ReadDoc;
use chrono::{Days, NaiveDate};
use uuid::Uuid;

use crate::bank::{Kind, Question, bank};
use crate::checks::{Finding, Severity, finding};
use crate::decision;
use crate::document::Sheet;
use crate::edit::{Cells, Edit, MEETING_KIND, ON_PAPER};
use crate::pep::{AcademicYear, Pep, Role};
use crate::process::Process;
use crate::refused::Refused;
use crate::signoff::is_seen;
use crate::value::Value;
use crate::view::{Answer, Cell, Row, View};

/// What confirmations are named by, so that two people who confirm the same apart make one.
const CONFIRMATION: Uuid = Uuid::from_u128(0x6f70_656e_7065_7020_706c_6175_7369_626c);
/// By how many years a year group may differ from the age; beyond it one of the two is wrong.
const OUT_OF_COHORT_MAX: i32 = 2;
/// Hours of education in a week that no setting offers more of.
const WEEK: i64 = 60;
/// How many weeks a part-time timetable goes on, where the process says nothing.
const PART_TIME_WEEKS: u64 = 6;

/// What a number can be: question, column (none: the answer itself), least, most, and why.
const RANGES: [(&str, &str, i64, i64, &str); 17] = [
    ("wellbeing.sdq", "emotional", 0, 10, SCALE),
    ("wellbeing.sdq", "conduct", 0, 10, SCALE),
    ("wellbeing.sdq", "hyperactivity", 0, 10, SCALE),
    ("wellbeing.sdq", "peer", 0, 10, SCALE),
    ("wellbeing.sdq", "prosocial", 0, 10, SCALE),
    ("pri.phonics", "score", 0, 40, "is out of 40"),
    ("pri.mtc", "", 0, 25, "is out of 25"),
    ("pri.ks2", "reading", 80, 120, SCALED),
    ("pri.ks2", "maths", 80, 120, SCALED),
    ("pri.ks2", "gps", 80, 120, SCALED),
    ("voice.secScales", "score", 0, 10, "goes from 0 to 10"),
    ("setting.hoursOffered", "", 0, WEEK, HOURS),
    ("setting.alternativeProvision", "hours", 0, WEEK, HOURS),
    ("ey.funding", "hours", 0, WEEK, HOURS),
    ("attendance.terms", "possible", 0, 500, "is at most 500: a school year has about 380 sessions"),
    ("attendance.terms", "late", 0, 500, "is at most 500: a school year has about 380 sessions"),
    ("behaviour.suspensions", "sessions", 0, 100, "is at most 100: 45 school days in a year are the legal limit"),
];
const SCALE: &str = "goes from 0 to 10: each scale of the questionnaire does, and the total to 40";
const SCALED: &str = "is a scaled score, from 80 to 120";
const HOURS: &str = "is hours in one week, at most 60";

/// Parts that together cannot be more than their whole: question, parts, whole, and why.
const WITHIN: [(&str, &[&str], &str, &str); 5] = [
    ("attendance.terms", &["attended"], "possible", "is more than the possible sessions"),
    ("attendance.terms", &["late"], "possible", "is more than the possible sessions"),
    (
        "attendance.terms",
        &["authorised", "unauthorised"],
        "possible",
        "is, with the other absences, more than the possible sessions",
    ),
    (
        "attendance.terms",
        &["attended", "authorised", "unauthorised"],
        "possible",
        "comes, with attended and absent sessions together, to more than the possible sessions",
    ),
    ("attendance.ey", &["attended"], "offered", "is more than the hours offered"),
];

/// Days of which the second cannot be before the first; of two answers, or of two columns.
const ORDER: [(&str, &str, &str); 6] = [
    ("setting.history", "from", "to"),
    ("settingPeople.delegates", "from", "to"),
    ("p16.courses", "start", "end"),
    ("transfer.application", "applied", "offered"),
    ("send.ehcpDates", "lastReview", "nextReview"),
    ("behaviour.suspensions", "start", "reintegration"),
];
const BACKWARDS: &str = "is a day before the other one of the two: the second comes after the first";

/// What stands at a place: every value that people entered there, for people may disagree.
type Stands<'a> = &'a dyn Fn(&str) -> Vec<Value>;

/// Something that cannot be.
struct Impossible {
    /// The answers or columns that make it so, by the first of which it is named.
    of: Vec<&'static str>,
    says: &'static str,
}

/// Refuses what these edits would make impossible, as the document is with them. What stood so before is not held against
/// whoever writes beside it, and neither is a merge: `findings` says both.
pub(crate) fn possible<R: ReadDoc>(sheet: &Sheet<'_, R>, pep: &Pep, edits: &[Edit]) -> Result<(), Refused> {
    edits.iter().try_for_each(|edit| match edit {
        Edit::Choose { question, .. } | Edit::Rewrite { question, .. } => {
            match *question.split('/').collect::<Vec<_>>() {
                [id] => answer_is_possible(sheet, pep, id),
                [table, row, column] => row_is_possible(sheet, table, row, &|given| given == column),
                _ => Ok(()),
            }
        }
        Edit::PutRow { question, key, cells } => row_is_possible(sheet, question, key, &|column| given(cells, column)),
        _ => Ok(()),
    })
}

fn given(cells: &Cells, column: &str) -> bool {
    matches!(cells.get(column), Some(Some(_)))
}

fn answer_is_possible<R: ReadDoc>(sheet: &Sheet<'_, R>, pep: &Pep, id: &str) -> Result<(), Refused> {
    let found = of_answers(pep, &|question| entered(sheet, question));
    // A date of birth that is put right must not wait for the year group, which somebody else answers for.
    let binds = |fault: &Impossible| fault.of.first() == Some(&id) || (fault.of.contains(&id) && id != "child.dob");
    match found.into_iter().find(binds) {
        Some(fault) => Err(Refused::Impossible { question: id.to_owned(), says: fault.says }),
        None => Ok(()),
    }
}

fn row_is_possible<R: ReadDoc>(
    sheet: &Sheet<'_, R>,
    table: &str,
    row: &str,
    given: &dyn Fn(&str) -> bool,
) -> Result<(), Refused> {
    let Some(question) = bank().question(table) else { return Ok(()) };
    let tables: Vec<_> = sheet.answer(table, automerge::ObjType::Map).into_iter().collect();
    let Some(maps) = sheet.rows(&tables).remove(row) else { return Ok(()) };
    let stands = |column: &str| {
        let kind = question.column(column).map_or(Kind::Text, |column| column.kind);
        sheet.puts(&maps, column, kind).into_iter().map(|put| put.value).collect()
    };
    let fault = of_row(table, &stands).into_iter().find(|fault| fault.of.iter().any(|column| given(column)));
    if let Some(fault) = fault {
        let column = fault.of.iter().find(|column| given(column)).copied().unwrap_or_default();
        return Err(Refused::Impossible { question: format!("{table}/{column}"), says: fault.says });
    }
    match table == decision::DECISION && ["target", "approved", "declined"].iter().any(|column| given(column)) {
        true => decision::possible(sheet, &stands, row),
        false => Ok(()),
    }
}

/// What people entered at a question, as a document has it.
fn entered<R: ReadDoc>(sheet: &Sheet<'_, R>, id: &str) -> Vec<Value> {
    let Some(question) = bank().question(id) else { return Vec::new() };
    match question.kind {
        Kind::MultiChoice => match sheet.answer(id, automerge::ObjType::Map) {
            Some(map) => vec![Value::Set(sheet.ticked(&map).into_iter().collect())],
            None => sheet.plain(id, question.kind).into_iter().map(|put| put.value).collect(),
        },
        Kind::Text | Kind::LongText => match sheet.answer(id, automerge::ObjType::Text) {
            Some(text) => vec![Value::Text(sheet.text(&text))],
            None => sheet.plain(id, question.kind).into_iter().map(|put| put.value).collect(),
        },
        kind => sheet.plain(id, kind).into_iter().map(|put| put.value).collect(),
    }
}

/// What is impossible among the answers that are no tables.
fn of_answers(pep: &Pep, stands: Stands<'_>) -> Vec<Impossible> {
    let mut found = Vec::new();
    for (question, _, least, most, says) in RANGES.iter().filter(|(_, column, ..)| column.is_empty()) {
        if all(&numbers(stands(question)), |number| !within(*number, *least, *most)) {
            found.push(Impossible { of: vec![question], says });
        }
    }
    if all(&stands("sec.examAccess"), is_both) {
        let says = "says that no arrangements are needed, and names some";
        found.push(Impossible { of: vec!["sec.examAccess"], says });
    }
    let upns = stands("setting.upn").into_iter().filter(|value| !value.to_string().trim().is_empty());
    if all(&upns.collect::<Vec<_>>(), |value| !is_upn(&value.to_string())) {
        let says = "is no UPN: a letter and 12 characters, of which the first letter follows from the others";
        found.push(Impossible { of: vec!["setting.upn"], says });
    }
    if never(&days(stands("setting.partTimeStart")), &days(stands("setting.partTimeEnd")), |start, end| start <= end) {
        found.push(Impossible { of: vec!["setting.partTimeEnd", "setting.partTimeStart"], says: BACKWARDS });
    }
    let born = days(stands("child.dob"));
    if all(&born, |born| !(-4..=20).contains(&pep.year.group_of(*born))) {
        let says =
            "is the birth of a child who is not yet one, or of somebody over 25, in the academic year of this PEP";
        found.push(Impossible { of: vec!["child.dob"], says });
    }
    if out_of_cohort(pep.year, &born, &stands("setting.yearGroup")).is_some_and(|by| by > OUT_OF_COHORT_MAX) {
        let says = "is more than two years from the age that follows from the date of birth";
        found.push(Impossible { of: vec!["setting.yearGroup", "child.dob"], says });
    }
    found
}

/// What is impossible in a row of a table.
fn of_row(table: &str, stands: Stands<'_>) -> Vec<Impossible> {
    let mut found = Vec::new();
    for (_, column, least, most, says) in
        RANGES.iter().filter(|(question, column, ..)| *question == table && !column.is_empty())
    {
        if all(&numbers(stands(column)), |number| !within(*number, *least, *most)) {
            found.push(Impossible { of: vec![column], says });
        }
    }
    for (_, parts, whole, says) in WITHIN.iter().filter(|(question, ..)| *question == table) {
        // Where people disagree, only what is too much whoever is right.
        let least = parts.iter().filter_map(|part| numbers(stands(part)).into_iter().min());
        let sum = least.fold(0_i64, i64::saturating_add);
        // Too much by itself is said once.
        let told = |fault: &Impossible| fault.of.first() == parts.first();
        if !found.iter().any(told) && numbers(stands(whole)).into_iter().max().is_some_and(|whole| sum > whole) {
            found.push(Impossible { of: parts.iter().copied().chain([*whole]).collect(), says });
        }
    }
    for (_, first, second) in ORDER.iter().filter(|(question, ..)| *question == table) {
        if never(&days(stands(first)), &days(stands(second)), |first, second| first <= second) {
            found.push(Impossible { of: vec![second, first], says: BACKWARDS });
        }
    }
    found
}

/// What is impossible in a plan as it is, and what is unlikely and nobody has confirmed: beside the answers it is about.
pub fn figures(view: &View, pep: &Pep, today: NaiveDate) -> Vec<Finding> {
    let owner = |question: &str| {
        let question = bank().question(question);
        let owner = question.and_then(|question| pep.process().accountable_now(question, view.not_on_roll));
        owner.unwrap_or(Role::VirtualSchoolOfficer)
    };
    let mut found = Vec::new();
    let mut wrong = |field: String, says: &str| {
        let question = field.split('/').next().unwrap_or_default();
        // Nobody can put right what is not asked.
        if view.hidden.contains_key(question) {
            return;
        }
        let says = format!("This {says}. One of the figures is wrong.");
        found.push(Finding { field: Some(field.clone()), ..finding(Severity::Blocks, owner(question), &says) });
    };
    for fault in of_answers(pep, &|question| values(view, question)) {
        fault.of.first().into_iter().for_each(|question| wrong((*question).to_owned(), fault.says));
    }
    for (id, row) in all_rows(view) {
        for fault in of_row(id, &|column| cells(row, column)) {
            fault.of.first().into_iter().for_each(|column| wrong(format!("{id}/{}/{column}", row.key), fault.says));
        }
    }
    found.extend(doubts(view, pep, today).into_iter().map(|doubt| {
        let question = doubt.field.split('/').next().unwrap_or_default();
        let found = finding(Severity::Doubtful, owner(question), &doubt.says);
        Finding { confirm: Some(doubt.key()), field: Some(doubt.field), ..found }
    }));
    found.retain(|finding| !finding.confirm.is_some_and(|key| is_confirmed(view, pep, finding, key)));
    found
}

/// Something that is unlikely.
pub(crate) struct Doubt {
    pub(crate) field: String,
    pub(crate) says: String,
    /// The figures it is about: a confirmation is of these.
    pub(crate) of: Vec<Value>,
}

impl Doubt {
    /// The key of the remark that confirms it.
    pub(crate) fn key(&self) -> Uuid {
        let of: Vec<String> = self.of.iter().map(Value::to_string).collect();
        let name = format!("{}\n{}\n{}", self.field, self.says, of.join("\n"));
        Uuid::new_v5(&CONFIRMATION, name.as_bytes())
    }
}

impl Finding {
    /// The edit by which whoever answers for it says that an unlikely figure is right; `None` of what cannot be confirmed.
    pub fn confirmed(&self) -> Option<Edit> {
        let question = self.field.as_deref()?.split('/').next()?.to_owned();
        Some(Edit::Comment {
            key: self.confirm?.to_string(),
            question,
            text: format!("Looked at, and right: {}", self.says),
        })
    }
}

impl Process {
    /// Who may say of an unlikely figure that it is right: whoever writes the answer, and of a signature whoever gives it or signs
    /// the plan off.
    pub fn confirmers_of(&self, question: &Question) -> Vec<Role> {
        let signs = |role: &Role| self.signers_of(question).contains(role) || role.is_virtual_school();
        match question.is_sign_off() {
            true => Role::ALL.iter().copied().filter(signs).collect(),
            false => self.writers_of(question),
        }
    }
}

/// Whether somebody who may write the answer has said so. Anybody who holds the plan can leave a remark.
pub(crate) fn is_confirmed(view: &View, pep: &Pep, finding: &Finding, key: Uuid) -> bool {
    let id = finding.field.as_deref().and_then(|field| field.split('/').next()).unwrap_or_default();
    let Some(question) = bank().question(id) else { return false };
    let who = pep.process().confirmers_of(question);
    let key = key.to_string();
    view.comments.iter().any(|comment| {
        comment.key == key && comment.question == id && comment.by.as_ref().is_some_and(|by| who.contains(&by.role))
    })
}

fn doubts(view: &View, pep: &Pep, today: NaiveDate) -> Vec<Doubt> {
    let mut found = Vec::new();
    let mut doubt = |field: &str, says: &str, of: Vec<Value>| {
        let question = field.split('/').next().unwrap_or_default();
        if !view.hidden.contains_key(question) {
            found.push(Doubt { field: field.to_owned(), says: says.to_owned(), of });
        }
    };
    let one = |question: &str| match values(view, question).as_slice() {
        [only] if !view.hidden.contains_key(question) => Some(only.clone()),
        _ => None,
    };
    let born = days(values(view, "child.dob"));
    let group = values(view, "setting.yearGroup");
    if out_of_cohort(pep.year, &born, &group).is_some_and(|by| (1..=OUT_OF_COHORT_MAX).contains(&by)) {
        let of = group.iter().cloned().chain(born.iter().copied().map(Value::Date)).collect();
        doubt(
            "setting.yearGroup",
            "This is not the year group that follows from the date of birth. Is the child taught out of cohort?",
            of,
        );
    }
    if let Some(by_age) =
        born.iter().map(|born| pep.year.group_of(*born)).max().filter(|group| !(-3..=14).contains(group))
    {
        let says = match by_age < 0 {
            true => {
                "This child would be younger than two when the academic year of this PEP begins. Is the date of birth right?"
            }
            false => {
                "This young person would be over 19 when the academic year of this PEP begins. Is the date of birth right?"
            }
        };
        doubt("child.dob", says, born.iter().copied().map(Value::Date).collect());
    }
    let hours = one("setting.hoursOffered");
    if let Some(number) = hours.as_ref().and_then(Value::quantity).filter(|hours| *hours <= WEEK * 100) {
        let full = one("setting.fullTime");
        let says = match full.as_ref() {
            _ if number > 4_000 => "More than 40 hours of education in a week. Is that right?",
            Some(Value::YesNo(true)) if number < 2_000 => {
                "Full-time, with fewer than 20 hours in a week. Is that right?"
            }
            Some(Value::YesNo(false)) if number >= 2_500 => {
                "Not full-time, with 25 hours in a week or more. Is that right?"
            }
            _ => "",
        };
        if !says.is_empty() {
            doubt("setting.hoursOffered", says, hours.into_iter().chain(full).collect());
        }
    }
    if let Some(elsewhere) = elsewhere(view) {
        let says = "Alternative provision takes more hours than are offered in the whole week. Is that right?";
        doubt("setting.alternativeProvision", says, elsewhere);
    }
    if let Some((weeks, of)) = part_time(view, pep, today) {
        let says =
            format!("Part-time for more than {weeks} weeks, which is longer than this process allows. Is that right?");
        doubt("setting.partTimeEnd", &says, of);
    }
    for (id, row) in all_rows(view).filter(|(id, _)| *id == "attendance.terms") {
        let number = |column: &str| numbers(cells(row, column)).into_iter().max();
        let field = |column: &str| format!("{id}/{}/{column}", row.key);
        let of = |columns: &[&str]| columns.iter().flat_map(|column| cells(row, column)).collect::<Vec<_>>();
        if number("possible").is_some_and(|possible| possible > 40_000) {
            doubt(&field("possible"), "More sessions than a school year has. Is that right?", of(&["possible"]));
        }
        if number("late").zip(number("attended")).is_some_and(|(late, attended)| late > attended) {
            doubt(&field("late"), "Late more often than there at all. Is that right?", of(&["late", "attended"]));
        }
    }
    held_to_come(view, today, &mut doubt);
    began_to_come(view, today, &mut doubt);
    signed_before(view, &mut doubt);
    found
}

/// A meeting that is said to have been held on a day to come by this device's clock, which may be wrong: so it is only asked about.
/// What is told as it is, and has a day that is still to come.
fn began_to_come(view: &View, today: NaiveDate, doubt: &mut dyn FnMut(&str, &str, Vec<Value>)) {
    for id in ["care.lookedAfterSince", "care.legalStatusSince", "care.placementSince"] {
        let since = days(values(view, id));
        if since.iter().any(|day| *day > today) {
            let says = "This day is still to come. Is that right?";
            doubt(id, says, since.into_iter().map(Value::Date).collect());
        }
    }
}

fn held_to_come(view: &View, today: NaiveDate, doubt: &mut dyn FnMut(&str, &str, Vec<Value>)) {
    let meeting = days(values(view, "meeting.date"));
    let held = values(view, "meeting.held") == [Value::YesNo(true)] && !on_paper(view);
    if held && !meeting.is_empty() && meeting.iter().all(|day| *day > today) {
        let says = "The meeting is said to have been held, and its day is still to come. If it was held earlier than planned, enter that day.";
        doubt("meeting.held", says, meeting.into_iter().map(Value::Date).collect());
    }
}

/// Signatures that stand and are of a day before the meeting they are about.
fn signed_before(view: &View, doubt: &mut dyn FnMut(&str, &str, Vec<Value>)) {
    let meeting = days(values(view, "meeting.date"));
    let [day] = meeting.as_slice() else { return };
    for made in view.sign_offs.iter().filter(|made| made.stands && !is_seen(made.question) && made.on < *day) {
        if !on_paper(view) {
            let says = "This was signed on a day before the meeting. Is that right?";
            doubt(made.question, says, vec![Value::Date(made.on), Value::Date(*day)]);
        }
    }
}

fn on_paper(view: &View) -> bool {
    values(view, MEETING_KIND) == [Value::Choice(ON_PAPER.to_owned())]
}

/// The hours of alternative provision, where they are more than are offered in all, with these.
fn elsewhere(view: &View) -> Option<Vec<Value>> {
    let offered = values(view, "setting.hoursOffered");
    let hours: Vec<Value> = all_rows(view)
        .filter(|(id, _)| *id == "setting.alternativeProvision")
        .flat_map(|(_, row)| cells(row, "hours"))
        .collect();
    let sum = numbers(hours.clone()).into_iter().fold(0_i64, i64::saturating_add);
    let most = numbers(offered.clone()).into_iter().max()?;
    (sum > most).then(|| hours.into_iter().chain(offered).collect())
}

/// For how many weeks a part-time timetable may go on, where this one goes on for longer.
fn part_time(view: &View, pep: &Pep, today: NaiveDate) -> Option<(u64, Vec<Value>)> {
    if !view.asked.contains("setting.partTimeStart") {
        return None;
    }
    let weeks = pep.process().practice.part_time_weeks.map_or(PART_TIME_WEEKS, |weeks| u64::from(weeks.get()));
    let (start, end) = (days(values(view, "setting.partTimeStart")), days(values(view, "setting.partTimeEnd")));
    let last = start.iter().max()?.checked_add_days(Days::new(weeks * 7))?;
    let until = end.iter().min().copied().unwrap_or(today);
    (until > last).then(|| (weeks, start.into_iter().chain(end).map(Value::Date).collect()))
}

/// By how many years a year group is not that of the age, whoever is right.
fn out_of_cohort(year: AcademicYear, born: &[NaiveDate], groups: &[Value]) -> Option<i32> {
    let groups: Vec<i32> = groups.iter().filter_map(|group| number_of(&group.to_string())).collect();
    born.iter().flat_map(|born| groups.iter().map(|group| (group - year.group_of(*born)).abs())).min()
}

fn number_of(group: &str) -> Option<i32> {
    match group {
        "R" => Some(0),
        "nursery" => Some(-1),
        "nursery_2" => Some(-2),
        year => year.parse().ok(),
    }
}

/// A pupil's number: a letter that follows from the rest, 11 digits, and a digit or, of a number for the time being, a letter.
fn is_upn(text: &str) -> bool {
    const LETTERS: &[u8; 23] = b"ABCDEFGHJKLMNPQRTUVWXYZ";
    let [check, rest @ ..] = text.trim().as_bytes() else { return false };
    let [digits @ .., last] = rest else { return false };
    let digit = |byte: &u8| byte.is_ascii_digit().then(|| usize::from(byte - b'0'));
    let letter = |byte: &u8| LETTERS.iter().position(|letter| *letter == byte.to_ascii_uppercase());
    let Some(values) =
        digits.iter().map(digit).chain([digit(last).or_else(|| letter(last))]).collect::<Option<Vec<_>>>()
    else {
        return false;
    };
    let sum: usize = values.iter().zip(2..).map(|(value, weight)| value * weight).sum();
    values.len() == 12 && LETTERS.get(sum % LETTERS.len()) == Some(&check.to_ascii_uppercase())
}

/// No arrangements for exams, and some.
fn is_both(value: &Value) -> bool {
    matches!(value, Value::Set(words) if words.contains("none_needed") && words.len() > 1)
}

/// Whether there are some, and all of them are so: where people disagree, whoever is right.
fn all<T>(values: &[T], so: impl Fn(&T) -> bool) -> bool {
    !values.is_empty() && values.iter().all(so)
}

/// Whether there are two, and no two of them go together.
fn never(first: &[NaiveDate], second: &[NaiveDate], fits: impl Fn(NaiveDate, NaiveDate) -> bool) -> bool {
    all(first, |first| all(second, |second| !fits(*first, *second)))
}

fn within(hundredths: i64, least: i64, most: i64) -> bool {
    (least.saturating_mul(100)..=most.saturating_mul(100)).contains(&hundredths)
}

fn numbers(values: Vec<Value>) -> Vec<i64> {
    values.iter().filter_map(Value::quantity).collect()
}

fn days(values: Vec<Value>) -> Vec<NaiveDate> {
    values.into_iter().filter_map(|value| if let Value::Date(day) = value { Some(day) } else { None }).collect()
}

fn values(view: &View, question: &str) -> Vec<Value> {
    match view.answers.get(question) {
        Some(Answer::Value(value)) => vec![value.clone()],
        Some(Answer::Disputed(claims)) => claims.iter().map(|claim| claim.value.clone()).collect(),
        Some(Answer::Set(words)) => vec![Value::Set(words.clone())],
        Some(Answer::Text { text }) => vec![Value::Text(text.clone())],
        _ => Vec::new(),
    }
}

fn cells(row: &Row, column: &str) -> Vec<Value> {
    match row.cells.get(column) {
        Some(Cell::Value(value)) => vec![value.clone()],
        Some(Cell::Disputed(claims)) => claims.iter().map(|claim| claim.value.clone()).collect(),
        _ => Vec::new(),
    }
}

fn all_rows(view: &View) -> impl Iterator<Item = (&'static str, &Row)> {
    let tables = view.answers.iter().filter_map(|(id, answer)| match answer {
        Answer::Table(rows) => Some((*id, rows)),
        _ => None,
    });
    tables.flat_map(|(id, rows)| rows.iter().filter(|row| row.counts()).map(move |row| (id, row)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_upn_has_its_check_letter() {
        // The sample children's, and one for the time being.
        for sound in ["X999200116001", "Q999210714005", "Y999210716004", "G999400110002", "g999400110002 "] {
            assert!(is_upn(sound), "{sound}");
        }
        for wrong in [
            "",
            "12345",
            "A999200116001",
            "X99920011600",
            "X9992001160011",
            "X99920O116001",
            "XX99200116001",
            "ééééééé",
        ] {
            assert!(!is_upn(wrong), "{wrong}");
        }
        let temporary = |letter: char| is_upn(&format!("{letter}99920011600A"));
        assert_eq!(('A'..='Z').filter(|letter| temporary(*letter)).count(), 1);
    }

    #[test]
    fn every_rule_is_about_something_that_is_asked() {
        let is = |question: &str, column: &str| {
            let question = bank().question(question).unwrap_or_else(|| panic!("{question}"));
            assert!(column.is_empty() || question.column(column).is_some(), "{}/{column}", question.id);
        };
        RANGES.iter().for_each(|(question, column, ..)| is(question, column));
        WITHIN.iter().for_each(|(question, parts, whole, _)| parts.iter().chain([whole]).for_each(|c| is(question, c)));
        ORDER.iter().for_each(|(question, first, second)| [first, second].iter().for_each(|c| is(question, c)));
        ["sec.examAccess", "setting.upn", "child.dob", "setting.yearGroup"]
            .iter()
            .for_each(|question| is(question, ""));
    }
}
