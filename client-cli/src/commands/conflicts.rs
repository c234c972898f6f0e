//! `pep conflicts`.

use participant::conflicts;
use plan::{Dispute, Pep, Value};

use crate::{context::Context, json::plan::Conflict};
use participant::{error::Error, words};

/// Show answers that people gave differently, texts that were rewritten apart, and rows that look like one
///
/// Nobody's answer is lost and none is chosen silently. Of a text that was rewritten apart it shows what each left, and the text as
/// it is now, in which both stand; it is open until somebody chooses. `pep resolve PEP FIELD --take N` chooses.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The PEP's id, or its beginning (4 characters or more)
    pep: String,
}

/// Carries it out.
pub fn run(context: &mut Context, args: Args) -> Result<(), Error> {
    let mine = context.mine(&args.pep)?;
    let asked = mine.clone();
    let disputes = context.turn(move |device, _| conflicts::disputes(device, &asked))?;
    if context.global.json {
        context.json(&disputes.iter().map(Conflict::of).collect::<Vec<_>>());
        return Ok(());
    }
    for dispute in &disputes {
        print(context, &mine.pep, dispute);
    }
    if disputes.is_empty() {
        context.talk("Nobody disagrees about anything.");
    }
    Ok(())
}

/// One of them, for people.
pub fn print(context: &mut Context, pep: &Pep, dispute: &Dispute) {
    let question = plan::bank().question(dispute.question);
    let label = question.map_or(dispute.question, |q| q.label.as_str());
    context.data(format!("{label} [{}]", dispute.place));
    let text = conflicts::is_text(dispute);
    for (i, claim) in dispute.claims.iter().enumerate() {
        let (take, value) = (i + 1, shown(dispute, &claim.value));
        if text {
            let whose = match claim.at {
                0 => "as it is now".to_owned(),
                at => format!("{}, {}", words::name(&claim.by), words::moment(at, context.zone())),
            };
            context.data(format!("  {take}. {whose}:"));
            value.lines().for_each(|line| context.data(format!("     {line}")));
        } else if claim.at == 0 {
            context.data(format!("  {take}. {value}"));
        } else {
            context.data(format!(
                "  {take}. {value} - {}, {}",
                words::name(&claim.by),
                words::moment(claim.at, context.zone())
            ));
        }
    }
    let short: String = pep.id().simple().to_string().chars().take(8).collect();
    context.data(format!("  To choose: pep resolve {short} {} --take N", dispute.place));
}

fn shown(dispute: &Dispute, value: &Value) -> String {
    let question = plan::bank().question(dispute.question);
    let parts: Vec<&str> = dispute.place.split('/').skip(1).collect();
    match (question, parts.as_slice(), value) {
        (_, [.., "withdrawn"], Value::YesNo(true)) => "withdraw it".into(),
        (_, [.., "withdrawn"], _) => "keep it".into(),
        (Some(question), [], value) => words::value(question, value),
        (Some(question), [_, column], value) => {
            question.column(column).map_or(value.to_string(), |c| words::cell(c, value))
        }
        (Some(question), [_, table, _, column], value) => {
            let column = question.column(table).and_then(|t| t.column(column));
            column.map_or(value.to_string(), |c| words::cell(c, value))
        }
        (_, _, value) => value.to_string(),
    }
}
