//! `pep show`.

use participant::{bring, conflicts};
use plan::{Answer, Cell, Column, DirectoryFacts, DocumentKind, Page, Pep, Question, Row, Target, View};
use replica::Trouble;

use crate::{
    clock,
    context::Context,
    json::{
        basics,
        plan::{self as json, Plan},
    },
};
use participant::{
    Mine, act, directory,
    error::{Error, Kind},
    filed::{self, PutRight},
    select, take_over,
    words::{self, counted},
};

/// Read a plan
///
/// Shows what has been answered, page by page, with the name of each question in square brackets, then what is still yours to
/// answer. With --page it shows everything that is missing there, and who answers for it.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The PEP's id, or its beginning (4 characters or more)
    pep: String,
    /// Only one page, such as C
    #[arg(long, value_name = "P")]
    page: Option<String>,
    /// Only one question, such as care.story
    #[arg(long, value_name = "FIELD", conflicts_with = "page")]
    field: Option<String>,
    /// The copy that was begun here under another process than the plan that stands, and put aside
    #[arg(long, conflicts_with_all = ["page", "field"])]
    aside: bool,
}

/// Carries it out.
pub fn run(context: &mut Context, args: Args) -> Result<(), Error> {
    let mine = context.mine(&args.pep)?;
    if args.aside {
        return put_aside(context, &mine);
    }
    let pages = &mine.pep.process().pages;
    if let Some(field) = &args.field {
        let question = context.question(field)?;
        context.may_read(&mine, question)?;
        return field_alone(context, &mine, question);
    }
    let page = match &args.page {
        Some(wanted) => Some(select::page(&mine, wanted)?),
        None => None,
    };
    let wanted = |id: &str| page.is_none_or(|page| page.questions.iter().any(|q| q.id == id));
    if context.global.json {
        let plan = plan(context, &mine, wanted)?;
        context.json(&plan);
        return Ok(());
    }
    let view = context.view(&mine)?;
    heading(context, &mine, &view)?;
    from_last(context, &mine, &view)?;
    let facts = facts(context, &mine)?;
    for page in pages.iter().filter(|p| page.is_none_or(|page| page.id == p.id)) {
        print_page(context, page, &view, &facts);
    }
    print_gaps(context, &mine, &view, page.is_none(), wanted)
}

/// What is missing: of a page all of it, of a whole plan what is this person's to answer.
fn print_gaps(
    context: &mut Context,
    mine: &Mine,
    view: &View,
    whole: bool,
    wanted: impl Fn(&str) -> bool,
) -> Result<(), Error> {
    let process = mine.pep.process();
    let asked = mine.clone();
    let writer = context.turn(move |device, now| asked.writer(device, now))?;
    let gaps: Vec<_> =
        view.gaps.iter().filter(|g| wanted(g.question) && (!whole || g.is_for(&writer, process))).collect();
    if !gaps.is_empty() {
        context.data(if whole { "\nStill yours to answer" } else { "\nStill missing" });
    }
    for gap in gaps {
        let label = plan::bank().question(gap.question).map_or(gap.question, |q| q.label.as_str());
        let owner = if whole { String::new() } else { format!(" - {}", gap.owner.label().to_lowercase()) };
        context.data(format!("  {label} [{}]: {}{owner}", gap.question, gap.why));
    }
    Ok(())
}

/// The whole of `pep show --json`. `wanted` chooses the questions.
pub fn plan(context: &Context, mine: &Mine, wanted: impl Fn(&str) -> bool) -> Result<Plan, Error> {
    let view = context.view(mine)?;
    let main = *mine.pep.document(DocumentKind::Main).as_bytes();
    let heads = context.with(move |device| Ok::<_, Trouble>(device.replica().standing(&main)?.heads))?;
    let asked = mine.clone();
    let previous = context.turn(move |device, _| Ok(bring::last_pep(device, &asked)?))?.map(|pep| pep.id());
    let deputies = deputies(context, mine)?.iter().map(json::Delegation::of).collect();
    let filed = json::Filed::of(&mine.pep, put_right(context, &mine.pep)?);
    let plan =
        Plan::of(&mine.pep, &view, basics::heads(&heads), previous, wanted).beside(&facts(context, mine)?, &view);
    Ok(Plan { delegations: deputies, filed, ..plan })
}

/// How a PEP is filed, as the relay last said.
fn put_right(context: &Context, pep: &Pep) -> Result<PutRight, Error> {
    let pep = pep.clone();
    context.turn(move |device, _| Ok(filed::put_right(device, &pep)))
}

/// What was put aside of a plan.
fn put_aside(context: &mut Context, mine: &Mine) -> Result<(), Error> {
    let asked = mine.clone();
    let Some((pep, view)) = context.turn(move |device, _| take_over::aside(device, &asked))? else {
        return Err(Error::new(Kind::Failed, "Nothing of this plan was put aside on this device."));
    };
    if context.global.json {
        context.json(&Plan::of(&pep, &view, Vec::new(), None, |_| true));
        return Ok(());
    }
    let aside = Mine { pep, role: mine.role };
    heading(context, &aside, &view)?;
    for page in &aside.pep.process().pages {
        print_page(context, page, &view, &DirectoryFacts::default());
    }
    Ok(())
}

/// What the directory says of the child.
fn facts(context: &Context, mine: &Mine) -> Result<DirectoryFacts, Error> {
    let child = mine.pep.child;
    context.turn(move |device, now| directory::facts(device, &child, now))
}

fn deputies(context: &Context, mine: &Mine) -> Result<Vec<act::Deputy>, Error> {
    let asked = mine.pep.clone();
    context.turn(move |device, now| Ok(act::deputies(device, &asked, now)))
}

fn field_alone(context: &mut Context, mine: &Mine, question: &'static Question) -> Result<(), Error> {
    if context.global.json {
        let mut plan = plan(context, mine, |id| id == question.id)?;
        if question.id != "targets.list" {
            plan.answers.entry(question.id.as_str()).or_insert(json::Answer::Missing);
        }
        plan.last_term = last_term(context, mine, question)?.map(|answer| json::Answer::of(&answer));
        context.json(&plan);
        return Ok(());
    }
    let view = context.view(mine)?;
    match view.answers.get(question.id.as_str()) {
        Some(Answer::Missing | Answer::Elsewhere) | None if view.excuses.contains_key(question.id.as_str()) => {}
        Some(Answer::Missing | Answer::Elsewhere) | None => context.talk("Not answered yet."),
        Some(Answer::Text { text }) => context.data(text),
        Some(Answer::Targets { .. }) => view.targets.iter().for_each(|target| print_target(context, question, target)),
        Some(answer) => print_answer(context, question, answer, ""),
    }
    print_excuses(context, &view, question, "");
    print_beside(context, &view, question, "");
    print_carried(context, &view, question, "");
    print_directory(context, &facts(context, mine)?, &view, question, "");
    if let Some(answer) = last_term(context, mine, question)? {
        context.data("What was said last term:");
        print_answer(context, question, &answer, "  ");
    }
    print_comments(context, &view, &question.id);
    Ok(())
}

fn heading(context: &mut Context, mine: &Mine, view: &View) -> Result<(), Error> {
    context.data(context.title(&mine.pep)?);
    let next = view.next_date.map_or(String::new(), |next| {
        format!(" - next PEP {}{}", words::date(next.date), if next.provisional { " (provisional)" } else { "" })
    });
    context.data(format!("{} - {}{next}", mine.pep.process().name, view.state));
    context.data(format!("PEP {}", mine.pep.id()));
    let filed = put_right(context, &mine.pep)?;
    filed.sentences(&mine.pep).iter().for_each(|said| context.data(format!("  {said}")));
    let today = clock::now().day();
    let on_no_roll = plan::days_not_on_roll(view, &mine.pep, today);
    match on_no_roll {
        Some(Ok(days)) => context.data(format!("  On no school's roll for {}", counted(days, "school day"))),
        Some(Err(_)) => context.data("  On no school's roll"),
        None => {}
    }
    for deputy in deputies(context, mine)? {
        context.data(format!("  {}", act::helps(&deputy)));
    }
    for due in &view.dues {
        context.data(format!("  Due: {}", words::due(&mine.pep, due, Some(today))));
    }
    let counted_by = &mine.pep.process.calendar().name;
    if !view.dues.is_empty() && !counted_by.is_empty() {
        context.data(format!("  Days are counted by the calendar: {counted_by}"));
    }
    for (role, count) in &view.completeness {
        context.data(format!("  {}: {} of {} answered", role.label(), count.answered, count.mandatory));
    }
    print_sign_offs(context, mine, view);
    Ok(())
}

/// Who has signed what, whether it stands, and what this person's own signature waits for.
fn print_sign_offs(context: &mut Context, mine: &Mine, view: &View) {
    for made in &view.sign_offs {
        let label = plan::bank().question(made.question).map_or(made.question, |question| question.label.as_str());
        let why: Vec<String> = made.why.iter().map(ToString::to_string).collect();
        let standing = match made.stands {
            true => String::new(),
            false if made.by.is_none() => " (it does not count here; pep check says what to do)".to_owned(),
            false if plan::is_seen(made.question) => format!(" (saw an earlier version: {})", why.join("; ")),
            false => format!(" (signed an earlier version: {})", why.join("; ")),
        };
        context.data(format!("  {label} - {}, {}{standing}", words::name(&made.by), words::date(made.on)));
        made.comment.iter().for_each(|comment| context.data(format!("    “{comment}”")));
    }
    if !view.changed_since_sign_off.is_empty() {
        context.data(format!("  Changed since sign-off: {}", view.changed_since_sign_off.join(", ")));
    }
    for (role, rows) in &view.open_returns {
        context.data(format!(
            "  Returned to the {}: {} [qa.returnedFor]",
            role.label().to_lowercase(),
            counted(rows.len(), "thing")
        ));
    }
    let seen = plan::sign_off_of(mine.role).is_none_or(plan::is_seen);
    if let Some(offer) = plan::offer(view, &mine.pep, mine.role, &[]).filter(|offer| !seen && !offer.stands) {
        let verb = if mine.role.is_virtual_school() { "sign-off" } else { "complete" };
        context.data(match (offer.offered(), offer.waits.as_slice()) {
            (true, _) => format!("  When your part is complete: pep {verb} {}", mine.pep.id()),
            (false, []) => {
                format!("  You can say “complete” when the rest of your part is answered (pep {verb} lists it)")
            }
            (false, waits) => {
                let whom: Vec<String> = waits.iter().map(|wait| wait.role.label().to_lowercase()).collect();
                format!(
                    "  Before you can sign, it waits for the {} (pep {verb} lists what for)",
                    whom.join(" and the ")
                )
            }
        });
    }
}

fn print_page(context: &mut Context, page: &Page, view: &View, facts: &DirectoryFacts) {
    context.data(format!("\n{}. {} - {}", page.id, page.title, page.owner.label().to_lowercase()));
    for question in &page.questions {
        let hidden = view.phase.is_some() && !view.asked.contains(question.id.as_str());
        let label = format!(
            "  {} [{}]{}",
            question.label,
            question.id,
            if hidden { " (kept; not asked at present)" } else { "" }
        );
        match view.answers.get(question.id.as_str()) {
            Some(Answer::Missing | Answer::Elsewhere) | None if view.excuses.contains_key(question.id.as_str()) => {
                context.data(label);
            }
            Some(Answer::Missing | Answer::Elsewhere) | None => {}
            Some(Answer::Targets { .. }) => {
                context.data(label);
                view.targets.iter().for_each(|target| print_target(context, question, target));
            }
            Some(answer) => {
                context.data(label);
                print_answer(context, question, answer, "    ");
            }
        }
        print_excuses(context, view, question, "    ");
        print_beside(context, view, question, "    ");
        print_carried(context, view, question, "    ");
        print_directory(context, facts, view, question, "    ");
        print_comments(context, view, &question.id);
    }
}

/// What the last PEP has for this one: the Virtual School's feedback, and what of one's own could be brought.
fn from_last(context: &mut Context, mine: &Mine, view: &View) -> Result<(), Error> {
    let Some((pep, before)) = context.last(mine)? else { return Ok(()) };
    let could = bring::could_bring(mine, view, &pep, &before);
    context.data(format!("Last PEP: {} ({})", words::sitting(&pep), pep.id()));
    if let Some(Answer::Text { text }) = before.answers.get("qa.feedback") {
        context.data("  The Virtual School's feedback on it:");
        text.lines().for_each(|line| context.data(format!("    {line}")));
    }
    for target in before.targets.iter().filter(|target| target.is_agreed()) {
        let said = |field: &str| match target.row.cells.get(field) {
            Some(Cell::Value(value)) => value.to_string(),
            Some(Cell::Text { text }) => text.clone(),
            _ => String::new(),
        };
        context.data(format!("  Its target {}  {}: {}", target.row.key, said("area"), said("statement")));
    }
    if could > 0 {
        let (pep, what) = (&mine.pep, counted(could, "answer"));
        context.talk(format!(
            "{what} of yours could be brought from it: pep new {} --term {}-{} --type {} --process {}",
            pep.child,
            pep.year,
            pep.term,
            pep.kind,
            pep.process.id()
        ));
    }
    Ok(())
}

/// Somebody's own words of the last PEP, which are never the beginning of this one's: shown beside the blank.
fn last_term(context: &Context, mine: &Mine, question: &Question) -> Result<Option<Answer>, Error> {
    if !question.voice {
        return Ok(None);
    }
    let answer = context.last(mine)?.and_then(|(_, before)| before.answers.get(question.id.as_str()).cloned());
    Ok(answer.filter(|answer| !matches!(answer, Answer::Missing | Answer::Elsewhere)))
}

/// Whether an answer is what the directory says; where it is another, both.
fn print_directory(context: &mut Context, facts: &DirectoryFacts, view: &View, question: &Question, indent: &str) {
    let differs = plan::differs(facts, view).into_iter().find(|one| one.question == question.id);
    if let Some(differs) = differs {
        let says = words::value(question, &differs.directory);
        context.data(format!(
            "{indent}The directory says {says}. If the plan is right, the Virtual School can correct the directory."
        ));
    } else if facts.is_said(view, &question.id) {
        context.data(format!("{indent}From the directory"));
    }
}

fn print_carried(context: &mut Context, view: &View, question: &Question, indent: &str) {
    if view.to_confirm.contains(question.id.as_str()) && view.asked.contains(question.id.as_str()) {
        context.data(format!("{indent}From the last PEP, to be confirmed: pep confirm PEP {}", question.id));
    } else if view.carried.contains(question.id.as_str()) {
        context.data(format!("{indent}As in the last PEP"));
    }
}

fn print_excuses(context: &mut Context, view: &View, question: &Question, indent: &str) {
    for excuse in view.excuses.get(question.id.as_str()).into_iter().flatten() {
        let reason = if excuse.reason.is_empty() { String::new() } else { format!(": {}", excuse.reason) };
        context.data(format!("{indent}{}{reason} - {}", excuse.why.label(), words::name(&excuse.by)));
    }
}

/// What others entered in the place of what the young person chose.
fn print_beside(context: &mut Context, view: &View, question: &Question, indent: &str) {
    for sentence in conflicts::beside(view, question, "the young person") {
        context.data(format!("{indent}{sentence}"));
    }
}

fn print_answer(context: &mut Context, question: &Question, answer: &Answer, indent: &str) {
    match answer {
        Answer::Missing | Answer::Elsewhere | Answer::Targets { .. } => {}
        Answer::Value(value) => context.data(format!("{indent}{}", words::value(question, value))),
        Answer::Computed(value) => context.data(format!("{indent}{} (worked out)", words::value(question, value))),
        Answer::Disputed(claims) => {
            context.data(format!("{indent}Different answers; somebody has to choose:"));
            for (i, claim) in claims.iter().enumerate() {
                let value = words::value(question, &claim.value);
                context.data(format!(
                    "{indent}  {}. {value} - {}, {}",
                    i + 1,
                    words::name(&claim.by),
                    words::moment(claim.at, context.zone())
                ));
            }
            context.data(format!("{indent}  To choose: pep resolve PEP {} --take N", question.id));
        }
        Answer::Text { text } => text.lines().for_each(|line| context.data(format!("{indent}{line}"))),
        Answer::Voices(voices) => {
            for voice in voices {
                context.data(format!("{indent}{}:", words::name(&voice.by)));
                voice.text.lines().for_each(|line| context.data(format!("{indent}  {line}")));
            }
        }
        Answer::Table(rows) => rows.iter().for_each(|row| print_row(context, &question.columns, row, indent)),
        Answer::Set(ticked) => {
            let labels: Vec<&str> = ticked.iter().map(|word| question.label_of(word)).collect();
            context.data(format!("{indent}{}", labels.join(", ")));
        }
    }
}

fn print_target(context: &mut Context, question: &Question, target: &Target) {
    print_row(context, &question.columns, &target.row, "    ");
    for (table, rows) in &target.tables {
        let Some(column) = question.column(table).filter(|_| !rows.is_empty()) else { continue };
        context.data(format!("      {} [targets.list/{}/{table}]", column.label, target.row.key));
        rows.iter().for_each(|row| print_row(context, &column.columns, row, "        "));
    }
    if target.requested + target.retained > 0 {
        context.data(format!(
            "      Funding: {} requested, {} kept by the Virtual School",
            plan::pounds(target.requested),
            plan::pounds(target.retained)
        ));
    }
}

fn print_row(context: &mut Context, columns: &[Column], row: &Row, indent: &str) {
    let state = match (row.withdrawn, row.withdrawal_disputed) {
        (_, true) => " (withdrawn by one, changed by another: somebody has to choose)",
        (true, false) => " (withdrawn)",
        (false, false) => "",
    };
    context.data(format!("{indent}- {}{state}", row.key));
    for column in columns {
        let Some(cell) = row.cells.get(column.id.as_str()) else { continue };
        let said = match cell {
            Cell::Value(value) => words::cell(column, value),
            Cell::Computed(value) => format!("{} (worked out)", words::cell(column, value)),
            Cell::Text { text } => text.clone(),
            Cell::Voices(voices) => {
                let each = voices.iter().map(|voice| format!("{} ({})", voice.text, words::name(&voice.by)));
                each.collect::<Vec<_>>().join("; ")
            }
            Cell::Disputed(claims) => {
                let each = claims.iter().map(|c| format!("{} ({})", words::cell(column, &c.value), words::name(&c.by)));
                format!("{} - somebody has to choose", each.collect::<Vec<_>>().join(" or "))
            }
        };
        context.data(format!("{indent}  {}: {said}", column.label));
    }
}

fn print_comments(context: &mut Context, view: &View, question: &str) {
    for comment in view.comments.iter().filter(|c| c.question == question) {
        context.data(format!(
            "    Remark by {}, {}: {}",
            words::name(&comment.by),
            words::moment(comment.at, context.zone()),
            comment.text
        ));
    }
}
