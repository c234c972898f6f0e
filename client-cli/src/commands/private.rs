//! `pep private`.

use plan::Role;
use replica::Trouble;

use crate::{
    context::Context,
    json::device::{Private, Unshared},
};
use participant::{
    device::NotChosen,
    error::{Error, Kind},
    words,
};

/// Show or choose who sees the child's private words
///
/// They are the answers to voice.keepPrivate and voice.inviteSomeone, and the child's picture. The young person chooses, or
/// somebody who sees them and sits with the child records it. The young person always sees them. What somebody has read
/// already cannot be called back.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The PEP's id, or its beginning (4 characters or more)
    pep: String,
    /// Who sees them, beside the young person, with commas between: social-worker,carer
    #[arg(long, value_name = "ROLES", value_delimiter = ',')]
    readers: Option<Vec<Role>>,
}

/// Carries it out.
pub fn run(context: &mut Context, args: Args) -> Result<(), Error> {
    let mine = context.mine(&args.pep)?;
    let (pep, role) = (mine.pep.clone(), mine.role);
    let before = context.with(move |device| Ok::<_, Trouble>(device.private_readers(&pep)))?;
    if let Some(roles) = args.readers {
        let pep = mine.pep.clone();
        let chosen = context.with(move |device| device.choose_private_readers(&pep, role, &roles))?;
        chosen.map_err(|no| {
            let kind = match no {
                NotChosen::NotYours | NotChosen::Theirs => Kind::NotPermitted,
                NotChosen::Roles(_) => Kind::Usage,
            };
            Error::new(kind, no.to_string())
        })?;
    }
    let pep = mine.pep.clone();
    let (readers, waits, unshared) = context.with(move |device| {
        Ok::<_, Trouble>((device.private_readers(&pep), device.private_readers_wait(&pep), device.unshared(&pep)?))
    })?;
    if context.global.json {
        let kept = unshared.iter().map(|kept| Unshared { field: kept.question.clone(), text: kept.text.clone() });
        let (readers, unshared) = (readers.iter().copied().map(Into::into).collect(), kept.collect());
        context.json(&Private { pep: mine.pep.id(), readers, waits, unshared });
        return Ok(());
    }
    if readers.is_empty() {
        context.talk("The child's private words are not shared with you. The young person chooses who sees them.");
    } else {
        context.data(format!("The child's private words are seen by: {}.", named(&readers)));
    }
    if waits {
        context.talk("The relay does not know it yet. Until it does, nothing is shared that others could read.");
    }
    if before.iter().any(|role| !readers.contains(role)) {
        context.talk("What somebody has read already cannot be called back.");
    }
    for kept in &unshared {
        context.data(format!("Not shared, and kept for you ({}): {}", kept.question, kept.text));
    }
    Ok(())
}

fn named(roles: &[Role]) -> String {
    roles.iter().map(|role| words::small(*role)).collect::<Vec<_>>().join(", ")
}
