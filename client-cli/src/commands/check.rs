//! `pep check`.

use participant::check;
use plan::{Finding, Role, Severity, View};

use crate::{context::Context, json::checks::Checked};
use participant::{
    error::{Error, Kind},
    words::counted,
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
pub fn run(context: &mut Context, args: Args) -> Result<(), Error> {
    let mine = context.mine(&args.pep)?;
    let view = context.view(&mine)?;
    let asked = mine.clone();
    let mut findings = context.turn(move |device, now| check::findings(device, &asked, now))?;
    findings.retain(|finding| args.role.is_none_or(|role| role.counts_as(finding.owner)));
    if context.global.json {
        context.json(&Checked::of(&findings));
    } else {
        print(context, &view, &findings);
    }
    match findings.iter().filter(|finding| finding.severity == Severity::Blocks).count() {
        0 => Ok(()),
        n => Err(Error::new(
            Kind::Findings,
            format!("{} to put right before this plan is complete.", counted(n, "thing")),
        )),
    }
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
                let right = if finding.confirm.is_some() {
                    " If it is: pep confirm PEP with what stands in brackets."
                } else {
                    ""
                };
                context.data(format!("    {}{}{right}", about(view, finding), finding.says));
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
    if let Some(target) = view.targets.iter().find(|target| Some(&target.row.key) == finding.target.as_ref()) {
        let area = match target.row.cells.get("area") {
            Some(plan::Cell::Value(value)) => format!(" “{value}”"),
            _ => String::new(),
        };
        return format!("Target {}{area}{letter} [{field}]: ", target.number);
    }
    let id = field.split('/').next().unwrap_or_default();
    plan::bank().question(id).map_or(String::new(), |question| format!("{}{letter} [{field}]: ", question.label))
}
