//! `pep check`.

use plan::{Around, Finding, Pep, Role, Severity, View};
use replica::Trouble;
use serde_json::{Map, json};

use crate::{
    bring, clock,
    commands::conflicts,
    context::{Context, Mine},
    core::counted,
    error::{CommandError, Kind},
    select,
};

/// Check a plan: what is missing, wrong or doubtful, and who answers for it
///
/// What blocks has to be put right before the plan is complete; the command then ends with 5. What is doubtful is for a
/// person to look at: a program can see that nobody said how a target will be measured, not whether it is a good target.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The PEP's id, or its beginning (4 characters or more)
    pep: String,
    /// Only what this role answers for, such as designated-teacher
    #[arg(long, value_name = "R")]
    role: Option<Role>,
}

/// Carries it out.
pub fn run(context: &mut Context, args: Args) -> Result<(), CommandError> {
    let mine = select::pep(context, &args.pep)?;
    let view = context.view(&mine)?;
    let mut findings = findings(context, &mine, &view)?;
    findings.retain(|finding| args.role.is_none_or(|role| role.counts_as(finding.owner)));
    if context.global.json {
        let all: Vec<serde_json::Value> = findings.iter().map(as_json).collect();
        context.json(&json!({ "findings": all }));
    } else {
        print(context, &view, &findings);
    }
    match findings.iter().filter(|finding| finding.severity == Severity::Blocks).count() {
        0 => Ok(()),
        n => Err(CommandError::new(
            Kind::Findings,
            format!("{} to put right before this plan is complete.", counted(n, "thing")),
        )),
    }
}

/// What the checks find in a plan, in the light of what else this device holds.
pub fn findings(context: &Context, mine: &Mine, view: &View) -> Result<Vec<Finding>, CommandError> {
    let others = other_statements(context, mine)?;
    in_light_of(context, mine, view, &others)
}

/// What the checks find in a plan, with what other children's targets say given.
pub fn in_light_of(
    context: &Context,
    mine: &Mine,
    view: &View,
    others: &[String],
) -> Result<Vec<Finding>, CommandError> {
    let last = bring::last(context, mine)?;
    let around = Around { today: clock::day(), previous: last.as_ref().map(|(_, view)| view), others };
    let mut findings = plan::check(view, &mine.pep, around);
    let Mine { pep, role } = mine.clone();
    let (meter, unnamed) = context.with(move |core| {
        let papers = core.papers(&pep, role)?;
        let documents = papers.documents().ok_or(Trouble::Unknown)?;
        let authors = |actor: &[u8]| papers.author(actor);
        Ok::<_, Trouble>((plan::contributions(documents, &authors), plan::unnamed(documents, &authors)))
    })?;
    findings.extend(plan::rewritten_findings(&conflicts::rewritten(context, mine)?, &mine.pep));
    findings.extend(plan::unheard(&meter));
    findings.extend(unnamed);
    Ok(findings)
}

/// What the targets of other children on this device say.
fn other_statements(context: &Context, mine: &Mine) -> Result<Vec<String>, CommandError> {
    let child = mine.pep.child;
    let today = clock::today();
    context.with(move |core| {
        let others: Vec<Pep> = core.peps().filter(|other| other.child != child).cloned().collect();
        let mut said = Vec::new();
        for other in others {
            let Some(role) = core.role_for(&other.child, &today) else { continue };
            said.extend(core.view_if_here(&other, role)?.iter().flat_map(statements));
        }
        Ok::<_, Trouble>(said)
    })
}

/// What the targets of a plan say, for the checks of other plans.
pub fn statements(view: &View) -> impl Iterator<Item = String> + '_ {
    view.targets.iter().filter(|target| target.row.counts()).filter_map(|target| {
        match target.row.cells.get("statement") {
            Some(plan::Cell::Text { text }) => Some(text.clone()),
            _ => None,
        }
    })
}

fn print(context: &mut Context, view: &View, findings: &[Finding]) {
    let mut owners: Vec<Role> = findings.iter().map(|finding| finding.owner).collect();
    owners.sort_unstable();
    owners.dedup();
    for (i, owner) in owners.iter().enumerate() {
        let theirs = || findings.iter().filter(|finding| finding.owner == *owner);
        context.data(format!("{}{}", if i == 0 { "" } else { "\n" }, owner.label()));
        for (severity, heading) in [(Severity::Blocks, "To put right"), (Severity::Doubtful, "To look at")] {
            let of_kind: Vec<&Finding> = theirs().filter(|finding| finding.severity == severity).collect();
            if of_kind.is_empty() {
                continue;
            }
            context.data(format!("  {heading}"));
            for finding in of_kind {
                context.data(format!("    {}{}", about(view, finding), finding.says));
            }
        }
    }
    if findings.is_empty() {
        context.talk("The checks found nothing to put right. Whether it is a good plan, people decide.");
    }
}

/// What a finding is about, in front of its sentence: the target by its number and subject, or the question.
fn about(view: &View, finding: &Finding) -> String {
    let field = finding.field.as_deref().unwrap_or_default();
    let letter = finding.letter.map_or(String::new(), |letter| format!(", {letter}"));
    let number = view.targets.iter().position(|target| Some(&target.row.key) == finding.target.as_ref());
    if let Some((number, target)) = number.and_then(|number| Some((number, view.targets.get(number)?))) {
        let area = match target.row.cells.get("area") {
            Some(plan::Cell::Value(value)) => format!(" “{value}”"),
            _ => String::new(),
        };
        return format!("Target {}{area}{letter} [{field}]: ", number + 1);
    }
    let id = field.split('/').next().unwrap_or_default();
    plan::bank().question(id).map_or(String::new(), |question| format!("{}{letter} [{field}]: ", question.label))
}

/// A finding, as `--json` has it.
pub fn as_json(finding: &Finding) -> serde_json::Value {
    let mut json = Map::new();
    json.insert("severity".into(), finding.severity.to_string().into());
    if let Some(field) = &finding.field {
        json.insert("field".into(), field.as_str().into());
    }
    if let Some(target) = &finding.target {
        json.insert("target".into(), target.as_str().into());
    }
    if let Some(letter) = finding.letter {
        json.insert("letter".into(), letter.to_string().into());
    }
    json.insert("owner".into(), finding.owner.to_string().into());
    json.insert("says".into(), finding.says.as_str().into());
    json.into()
}
