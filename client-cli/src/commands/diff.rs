//! `pep diff`.

use chrono::{DateTime, NaiveDate};
use plan::{ChangeHash, DocumentKind, Documents};
use replica::Trouble;

use crate::{context::Context, json::history::Difference};
use participant::{
    Mine,
    error::{Error, Kind},
};

/// Show what changed between two versions of a plan, in sentences
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The PEP's id, or its beginning (4 characters or more)
    pep: String,
    /// The earlier version: a day (2026-02-26, as it was at its end), a moment (2026-02-26T14:05:00Z), what was signed
    /// (signoff.vs, signoff.dt …) or heads with commas between
    from: String,
    /// The later version, likewise [default: as it is now]
    to: Option<String>,
}

enum Version {
    At(i64),
    /// What the newest signature at this question covers.
    Signed(String),
    Heads(Vec<ChangeHash>),
}

/// Carries it out.
pub fn run(context: &mut Context, args: Args) -> Result<(), Error> {
    let Mine { pep, role } = context.mine(&args.pep)?;
    let from = version(&args.from)?;
    let to = args.to.as_deref().map(version).transpose()?;
    let (sentences, appeared) = context.with(move |device| {
        let copies = device.plan_documents(&pep, role)?;
        let authors = |actor: &[u8]| copies.author(actor);
        let documents = copies.documents().ok_or(Trouble::Unknown)?;
        let now = plan::read(documents, &pep, &authors);
        let signed =
            |question: &str| now.sign_offs.iter().rfind(|made| made.question == question).map(|made| made.change);
        // A signature names heads of the plan itself; where there is none, heads that no document has.
        let at = |version: &Version| match version {
            Version::Signed(question) => Version::Heads(vec![signed(question).unwrap_or(ChangeHash([0; 32]))]),
            Version::At(at) => Version::At(*at),
            Version::Heads(heads) => Version::Heads(heads.clone()),
        };
        let (from, to) = (at(&from), to.as_ref().map(at));
        let then = |version: &Version| {
            let heads = match version {
                Version::At(at) => plan::heads_at(documents.main, *at),
                Version::Heads(heads) => heads.clone(),
                Version::Signed(_) => return None,
            };
            let then = plan::version(documents.main, &heads)?;
            Some(plan::read(Documents::main(&then), &pep, &authors))
        };
        let after = match &to {
            Some(to) => then(to),
            None => Some(now.clone()),
        };
        let appeared: Vec<String> = match (then(&from), after) {
            (Some(before), Some(after)) => {
                plan::appeared(&before, &after).iter().map(plan::Appeared::sentence).collect()
            }
            _ => Vec::new(),
        };
        let mut sentences = Vec::new();
        for (kind, document) in copies.held() {
            let heads = |version: &Version| match version {
                Version::At(at) => Some(plan::heads_at(document, *at)),
                // Heads name a version of the plan itself.
                Version::Heads(heads) => (kind == DocumentKind::Main).then(|| heads.clone()),
                Version::Signed(_) => None,
            };
            let Some(from) = heads(&from) else { continue };
            match to.as_ref().map(heads) {
                Some(Some(to)) => sentences.push(plan::difference(document, &from, Some(&to))),
                Some(None) => {}
                None => sentences.push(plan::difference(document, &from, None)),
            }
        }
        Ok::<_, Trouble>((sentences, appeared))
    })?;
    let Some(sentences) = sentences.into_iter().collect::<Option<Vec<_>>>() else {
        return Err(Error::new(Kind::Failed, "That version is not on this device.")
            .hint("`pep sync` fetches what others have shared; `pep show` says who has signed."));
    };
    let sentences = sentences.concat();
    if context.global.json {
        context.json(&Difference { what: sentences, appeared });
        return Ok(());
    }
    for sentence in sentences.iter().chain(&appeared) {
        context.data(sentence);
    }
    if sentences.is_empty() {
        context.talk("Nothing changed between the two.");
    }
    Ok(())
}

fn version(text: &str) -> Result<Version, Error> {
    let end_of = |day: NaiveDate| {
        day.and_hms_opt(23, 59, 59).and_then(|t| t.and_local_timezone(crate::clock::now().zone).latest())
    };
    if let Some(end) = text.parse::<NaiveDate>().ok().and_then(end_of) {
        return Ok(Version::At(end.timestamp()));
    }
    if let Ok(at) = DateTime::parse_from_rfc3339(text) {
        return Ok(Version::At(at.timestamp()));
    }
    if plan::bank().question(text).is_some_and(plan::Question::is_sign_off) {
        return Ok(Version::Signed(text.to_owned()));
    }
    let heads: Result<Vec<ChangeHash>, _> = text.split(',').map(|head| head.trim().parse::<ChangeHash>()).collect();
    heads.map(Version::Heads).map_err(|_| {
        Error::new(Kind::Usage, "That names no version of a plan.")
            .hint("Write a day (2026-02-26), a moment (2026-02-26T14:05:00Z), a signature (signoff.vs), or heads as pep show --json gives them, with commas between.")
    })
}
