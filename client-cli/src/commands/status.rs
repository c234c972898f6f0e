//! `pep status`.

use plan::Pep;
use replica::Trouble;
use uuid::Uuid;

use crate::{
    commands::passphrase::ONLY_THE_COMPUTER,
    context::Context,
    json::{
        basics::{at, heads},
        device as json,
    },
    unlock::{self, Guard},
};
use participant::{
    device::{Line, Shared},
    error::Error,
    words::{self, counted},
};

/// Show what is saved here, what is shared, and what waits
#[derive(Debug, clap::Args)]
pub struct Args {}

/// Carries it out.
pub fn run(context: &mut Context, _: Args) -> Result<(), Error> {
    let me = context.me()?;
    let (line, last, peps, all, newer) = context.with(|device| {
        let peps: Vec<Pep> = device.peps().cloned().collect();
        let shared = peps
            .into_iter()
            .map(|pep| Ok((device.shared(&pep)?, device.waits(&pep)?.answers.len(), pep)))
            .collect::<Result<Vec<(Shared, usize, Pep)>, Trouble>>()?;
        let all = (device.refused().len(), device.undecided()?, device.roster().left().len());
        let newer = (device.newer(), device.newer_in_words());
        Ok::<_, Trouble>((device.line().clone(), device.last_sync(), shared, all, newer))
    })?;
    let (refused, undecided, left) = all;
    let guard = unlock::guard(context.app()?.home())?;
    let state = match &line {
        Line::Offline => json::LineState::Offline,
        Line::Connected => json::LineState::Connected,
        Line::Refused(_) => json::LineState::Refused,
    };
    if context.global.json {
        let peps = peps.iter().map(|(shared, _, pep)| json::Shared {
            pep: pep.id(),
            child: pep.child,
            saved_heads: heads(&shared.saved_heads),
            shared_heads: heads(&shared.shared_heads),
            waiting_changes: shared.waiting,
            held: shared.held,
        });
        context.json(&json::Status {
            device: Uuid::from_bytes(me.device),
            guard: guard.into(),
            relay: json::Line { url: me.relay.url, state, last_sync: last.and_then(at) },
            peps: peps.collect(),
            held: refused,
            undecided,
            left,
            newer: newer.0.into_iter().map(Into::into).collect(),
        });
        return Ok(());
    }
    context.data(format!("{}, {}", me.name, me.relay.name));
    context.data(match &line {
        Line::Connected => format!("Connected to {}", me.relay.url),
        Line::Offline => format!("Not connected to {} at the moment", me.relay.url),
        Line::Refused(why) => why.clone(),
    });
    context.data(format!("Last in step: {}", last.map_or("not yet".into(), |at| words::moment(at, context.zone()))));
    for (shared, answers, pep) in &peps {
        let waits = match answers {
            0 => "saved here and shared".to_string(),
            n => format!("saved here; {} not shared yet", counted(*n, "answer")),
        };
        let held = if shared.held > 0 {
            format!("; {} could not be accepted (pep held)", counted(shared.held, "change"))
        } else {
            String::new()
        };
        context.data(format!("{}  {}: {waits}{held}", pep.id(), context.title(pep)?));
    }
    if refused > 0 {
        context.data(format!(
            "{} of yours could not be accepted. The text is kept here: pep held",
            counted(refused, "change")
        ));
    }
    if undecided > 0 {
        let changes = usize::try_from(undecided).unwrap_or(usize::MAX);
        context.data(format!("Waiting for your decision: {} (pep held)", counted(changes, "refused change")));
    }
    if left > 0 {
        context.data(format!(
            "Plans of {} whose team you have left are removed from this device. An old copy, such as a backup, cannot be called back.",
            counted(left, "child")
        ));
    }
    if let Some(newer) = newer.1 {
        context.data(newer);
    }
    if guard == Guard::Computer {
        context.talk(ONLY_THE_COMPUTER);
    }
    if peps.is_empty() {
        context.talk("No plan on this device yet. `pep sync` fetches those of your teams; `pep new` starts one.");
    }
    Ok(())
}
