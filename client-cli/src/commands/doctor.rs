//! `pep doctor`.

use disk::Verified;
use replica::{Damage, Notice, Trouble};

use crate::{
    clock,
    commands::passphrase::ONLY_THE_COMPUTER,
    context::Context,
    dial, json,
    unlock::{self, Guard},
};
use participant::{
    error::{Error, Kind},
    words::{self, counted},
};

/// How far this device's clock may be from the relay's, in seconds, before dates of changes mislead.
const CLOCK_SECONDS_MAX: i64 = 5 * 60;

/// Check this device: its store, its connection, its clock; says what to do
#[derive(Debug, clap::Args)]
pub struct Args {}

/// The mark of a finding.
const LOOK: &str = "LOOK";

struct Check {
    name: &'static str,
    /// `ok`, `note` (to know, nothing to do) or [`LOOK`].
    mark: &'static str,
    detail: String,
}

/// Carries it out.
pub fn run(context: &mut Context, _: Args) -> Result<(), Error> {
    let folder = Check::note("folder", context.app()?.home().display().to_string());
    let mut checks = vec![version(), folder, store(context)?];
    match context.with(|device| Ok::<_, Trouble>(device.me().cloned()))? {
        Some(me) => {
            checks.extend(relay(context, &me.relay)?);
            checks.push(waiting(context)?);
            checks.push(held(context)?);
            checks.push(newer(context)?);
        }
        None => checks.push(Check::bad(
            "joined",
            "This device has not joined yet: run pep join with the link the Virtual School sent you.",
        )),
    }
    checks.push(encryption(context)?);
    let findings = checks.iter().filter(|check| check.mark == LOOK).count();
    if context.global.json {
        let each =
            checks.iter().map(|c| json::device::Check { name: c.name, ok: c.mark != LOOK, detail: c.detail.clone() });
        context.json(&json::device::Examined { checks: each.collect(), findings });
    } else {
        for check in &checks {
            context.data(format!("{:4}  {}: {}", check.mark, check.name, check.detail));
        }
    }
    match findings {
        0 => Ok(()),
        n => Err(Error::new(Kind::Findings, format!("{} to look at.", counted(n, "thing")))),
    }
}

impl Check {
    fn good(name: &'static str, detail: impl Into<String>) -> Check {
        Check { name, mark: "ok", detail: detail.into() }
    }

    fn note(name: &'static str, detail: impl Into<String>) -> Check {
        Check { name, mark: "note", detail: detail.into() }
    }

    fn bad(name: &'static str, detail: impl Into<String>) -> Check {
        Check { name, mark: LOOK, detail: detail.into() }
    }
}

fn encryption(context: &Context) -> Result<Check, Error> {
    Ok(match unlock::guard(context.app()?.home())? {
        Guard::Computer => Check::note("encryption", format!("Your plans are encrypted here. {ONLY_THE_COMPUTER}")),
        Guard::Passphrase { remembered: false } => {
            Check::good("encryption", "Your plans are encrypted here, and locked with your passphrase.")
        }
        Guard::Passphrase { remembered: true } => Check::good(
            "encryption",
            "Your plans are encrypted here, and locked with your passphrase, which this system's keyring remembers for you.",
        ),
    })
}

fn version() -> Check {
    Check::good("version", format!("pep {}", env!("CARGO_PKG_VERSION")))
}

fn store(context: &Context) -> Result<Check, Error> {
    let journal = context.app()?.home().join("journal");
    // On the documents' own thread, so that nothing is written while it is read.
    let Verified { records, newer, damage } = context.with(move |_| disk::verify(&journal).map_err(Trouble::from))?;
    Ok(match damage.first() {
        None if newer > 0 => Check::bad(
            "store",
            format!(
                "{} of {} in the journal made by a newer version of pep: kept as they are, and not read. Update pep.",
                newer,
                counted(usize::try_from(records).unwrap_or(usize::MAX), "record")
            ),
        ),
        None => Check::good(
            "store",
            format!(
                "{} in the journal, all whole; layout {}",
                counted(usize::try_from(records).unwrap_or(usize::MAX), "record"),
                disk::SCHEMA
            ),
        ),
        Some(Damage::TornTail { .. } | Damage::Inside { .. }) => {
            let each: Vec<String> = damage.iter().cloned().map(|d| Notice::Journal(d).to_string()).collect();
            Check::bad("store", format!("{} Run pep sync, then pep doctor again.", each.join(" ")))
        }
    })
}

fn relay(context: &Context, relay: &participant::device::Relay) -> Result<Vec<Check>, Error> {
    let app = context.app()?;
    let seen = match app.runtime().block_on(dial::look(app.http(), relay)) {
        Ok(seen) => seen,
        Err(e) => return Ok(vec![Check::bad("relay", e.to_string())]),
    };
    let mut checks = vec![Check::good("relay", format!("{} answers, version {}", relay.url, seen.version))];
    if let Some(theirs) = seen.clock {
        let apart = clock::now().unix() - theirs;
        checks.push(if apart.abs() > CLOCK_SECONDS_MAX {
            let which = if apart > 0 { "ahead of" } else { "behind" };
            Check::bad(
                "clock",
                format!(
                    "This device's clock is {} minutes {which} the relay's. Set it right: it dates your changes.",
                    apart.abs() / 60
                ),
            )
        } else {
            Check::good("clock", "agrees with the relay's")
        });
    }
    Ok(checks)
}

fn waiting(context: &Context) -> Result<Check, Error> {
    let (waiting, last) = context.with(|device| Ok::<_, Trouble>((device.waiting()?, device.last_sync())))?;
    let last = last.map_or("never".to_string(), |at| words::moment(at, context.zone()));
    Ok(Check::good("shared", format!("{} not shared yet; last in step: {last}", counted(waiting, "change"))))
}

fn held(context: &Context) -> Result<Check, Error> {
    let held = context.with(|device| Ok::<_, Trouble>(device.refused().len()))?;
    Ok(match held {
        0 => Check::good("held", "nothing of yours was refused"),
        n => Check::bad("held", format!("{} of yours could not be accepted; pep held says why.", counted(n, "change"))),
    })
}

fn newer(context: &Context) -> Result<Check, Error> {
    let said = context.with(|device| Ok::<_, Trouble>(device.newer_in_words()))?;
    Ok(said.map_or_else(
        || Check::good("newer", "nothing here was made by a newer version"),
        |said| Check::bad("newer", said),
    ))
}
