//! `pep sync`.

use std::time::Duration;

use replica::Trouble;

use crate::{
    app::{App, Synced},
    context::Context,
    json,
};
use participant::{
    device::Line,
    error::{Error, Kind},
};

/// How long nothing may move before waiting is given up.
const PATIENCE: Duration = Duration::from_secs(30);

/// Share your changes and fetch the others'
///
/// Connects to the Virtual School's relay and ends when both sides hold the same. With --watch it stays, shares every
/// change at once, and lets other pep commands on the same folder work meanwhile; ctrl-c ends it.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// End when both sides hold the same (this is what happens without --watch, too)
    #[arg(long, conflicts_with = "watch")]
    once: bool,
    /// Stay connected until ctrl-c
    #[arg(long)]
    watch: bool,
}

/// Carries it out.
pub fn run(context: &mut Context, args: Args) -> Result<(), Error> {
    context.me()?;
    if args.watch { watch(context) } else { once(context) }
}

fn once(context: &mut Context) -> Result<(), Error> {
    let Synced { in_step, traffic, peps, words } = context.app()?.clone().sync_once(PATIENCE)?;
    // In step means everything this device may share; what was written in a plan that has gone to somebody else stays here.
    let (waiting, newer, made) =
        context.with(|device| Ok::<_, Trouble>((device.waiting()?, device.newer_in_words(), device.newer())))?;
    if context.global.json {
        let newer = made.into_iter().map(Into::into).collect();
        let (sent, received) = (traffic.sent, traffic.received);
        context.json(&json::device::Synced { sent, received, peps, in_step, waiting, newer });
    }
    for word in words {
        context.talk(word);
    }
    if let Some(newer) = newer {
        context.talk(newer);
    }
    if !in_step {
        return Err(Error::new(Kind::Failed, "This device and the relay do not hold the same yet.")
            .hint("Everything is safe on this device. Try `pep sync` again; if it stays so, `pep status` and `pep doctor` say what waits."));
    }
    if waiting > 0 {
        context.talk(format!(
            "{} cannot be shared: you are not on that child's team any more. It is kept on this device; please tell the Virtual School.",
            participant::words::counted(waiting, "change")
        ));
    }
    context.talk(format!(
        "In step with the relay: {} sent, {} received.",
        participant::words::counted(usize::try_from(traffic.sent).unwrap_or(usize::MAX), "change"),
        traffic.received
    ));
    Ok(())
}

fn watch(context: &mut Context) -> Result<(), Error> {
    if !context.own_process() {
        return Err(Error::new(Kind::Store, "Another pep keeps this folder in step already.")
            .hint("Leave it running; all other commands work beside it."));
    }
    let app = context.app()?.clone();
    context.listen()?;
    app.keep_line()?;
    context.talk("Keeping in step with the relay. ctrl-c ends it; nothing is lost by that.");
    stay(context, &app)
}

/// Says how the line stands until the program is asked to end.
pub fn stay(context: &mut Context, app: &App) -> Result<(), Error> {
    let mut said = None;
    let mut changes = app.changes();
    // One for the whole of it: a signal that comes between two rounds must not be missed.
    let mut end = Box::pin(asked_to_end());
    loop {
        let (line, words) = context.with(|device| Ok::<_, Trouble>((device.line().clone(), device.take_words())))?;
        for word in words {
            context.talk(word);
        }
        if said.as_ref() != Some(&line) {
            match &line {
                Line::Connected => context.talk("Connected."),
                Line::Offline if said.is_some() => {
                    context.talk("Not connected. Your work is saved here and goes out later.")
                }
                Line::Offline => {}
                Line::Refused(why) => context.talk(why),
            }
            said = Some(line);
        }
        // Nobody may be reading what is said; that is no reason to stop sharing.
        let _ = context.flush();
        // The pages go on to say what happened; without them there is nothing left to stay for.
        if let Some(shut) = context.with(|device| Ok::<_, Trouble>(device.is_revoked().cloned()))?
            && !app.serves_pages()
        {
            return Err(shut.error(context.zone()));
        }
        let ended = app.runtime().block_on(async {
            tokio::select! {
                () = &mut end => true,
                _ = changes.changed() => false,
            }
        });
        if ended {
            return Ok(());
        }
    }
}

/// Waits for ctrl-c, or for the system asking the program to end.
pub async fn asked_to_end() {
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        if let Ok(mut terminate) = signal(SignalKind::terminate()) {
            tokio::select! {
                _ = terminate.recv() => return,
                _ = tokio::signal::ctrl_c() => return,
            }
        }
    }
    let _ = tokio::signal::ctrl_c().await;
}
