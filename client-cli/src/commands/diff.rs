//! `pep diff`.

use chrono::{DateTime, Local, NaiveDate};
use plan::{ChangeHash, DocumentKind};
use replica::Trouble;
use serde_json::json;

use crate::{
    context::{Context, Mine},
    error::{CommandError, Kind},
    select,
};

/// Show what changed between two versions of a plan, in sentences
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The PEP's id, or its beginning (4 characters or more)
    pep: String,
    /// The earlier version: a day (2026-02-26, as it was at its end), a moment (2026-02-26T14:05:00Z) or heads with commas between
    from: String,
    /// The later version, likewise [default: as it is now]
    to: Option<String>,
}

enum Version {
    At(i64),
    Heads(Vec<ChangeHash>),
}

/// Carries it out.
pub fn run(context: &mut Context, args: Args) -> Result<(), CommandError> {
    let Mine { pep, role } = select::pep(context, &args.pep)?;
    let from = version(&args.from)?;
    let to = args.to.as_deref().map(version).transpose()?;
    let sentences = context.with(move |core| {
        let papers = core.papers(&pep, role)?;
        let mut sentences = Vec::new();
        for (kind, document) in papers.held() {
            let heads = |version: &Version| match version {
                Version::At(at) => Some(plan::heads_at(document, *at)),
                // Heads name a version of the plan itself.
                Version::Heads(heads) => (kind == DocumentKind::Main).then(|| heads.clone()),
            };
            let Some(from) = heads(&from) else { continue };
            match to.as_ref().map(heads) {
                Some(Some(to)) => sentences.push(plan::difference(document, &from, Some(&to))),
                Some(None) => {}
                None => sentences.push(plan::difference(document, &from, None)),
            }
        }
        Ok::<_, Trouble>(sentences)
    })?;
    let Some(sentences) = sentences.into_iter().collect::<Option<Vec<_>>>() else {
        return Err(CommandError::new(Kind::Failed, "That version is not on this device.")
            .hint("`pep sync` fetches what others have shared."));
    };
    let sentences = sentences.concat();
    if context.global.json {
        context.json(&json!({ "what": sentences }));
        return Ok(());
    }
    for sentence in &sentences {
        context.data(sentence);
    }
    if sentences.is_empty() {
        context.talk("Nothing changed between the two.");
    }
    Ok(())
}

fn version(text: &str) -> Result<Version, CommandError> {
    let end_of = |day: NaiveDate| day.and_hms_opt(23, 59, 59).and_then(|t| t.and_local_timezone(Local).latest());
    if let Some(end) = text.parse::<NaiveDate>().ok().and_then(end_of) {
        return Ok(Version::At(end.timestamp()));
    }
    if let Ok(at) = DateTime::parse_from_rfc3339(text) {
        return Ok(Version::At(at.timestamp()));
    }
    let heads: Result<Vec<ChangeHash>, _> = text.split(',').map(|head| head.trim().parse::<ChangeHash>()).collect();
    heads.map(Version::Heads).map_err(|_| {
        CommandError::new(Kind::Usage, "That names no version of a plan.")
            .hint("Write a day (2026-02-26), a moment (2026-02-26T14:05:00Z), or heads as pep show --json gives them, with commas between.")
    })
}
