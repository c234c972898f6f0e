use std::path::{Path, PathBuf};

use clap::Args;
use disk::Claim;
use tracing_subscriber::EnvFilter;

use super::{answer, claimed, open, room};
use crate::{config::Settings, error::Error, keys, now, pep, serve};

/// Serve participants until asked to stop
///
/// Makes keys and a certificate at the first start. Prints one line, `ready wss://HOST:PORT`, when connections are
/// accepted. SIGTERM or Ctrl-C ends it in order.
#[derive(Args)]
pub(super) struct Serve {
    /// Where to listen, over what the configuration says; port 0 takes any free one [default: 127.0.0.1:7443]
    #[arg(long, value_name = "HOST:PORT")]
    listen: Option<String>,
    /// Configuration file; `pep-relay config` prints an example [default: config.toml in the data folder]
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
}

impl Serve {
    pub fn run(self, data: &Path) -> Result<(), Error> {
        let mut settings = Settings::read(self.config.as_deref(), data)?;
        settings.listen = self.listen.unwrap_or(settings.listen);
        let Claim::Ours(owner) = claimed(data)? else { return Err(Error::Locked) };
        log_to_stderr(&settings.log)?;
        let bound = serve::bind(&settings)?;
        let store_key = keys::store_key(data, &settings)?;
        let tls = keys::tls(data, &settings, &store_key.key)?;
        let (mut relay, notices) = open(data, &store_key.key, &settings)?;
        if let Some(advice) = keys::advice(data) {
            tracing::warn!("{advice}");
        }
        for notice in &notices {
            tracing::warn!("{notice}");
        }
        relay.name_every_child(&settings.every_child, now()).map_err(|e| Error::Config(format!("every_child: {e}")))?;
        pep::offered(&settings.processes).map_err(|e| Error::Config(format!("processes: {e}")))?;
        let reached = settings.reached(tls.as_ref().map(|tls| tls.pin))?;
        relay.administer(|directory| {
            directory.reached_under(reached);
            directory.offers(settings.processes.clone());
            Ok(())
        })?;
        relay.serve_at(bound.address(&settings, tls.as_ref()), settings.text)?;
        let (room, _thread) = room(relay)?;
        let door = room.clone();
        let folder = owner.dir().to_path_buf();
        owner
            .listen(move |request| answer(&door, &folder, request))
            .map_err(Error::file("The door for other commands"))?;
        serve::serve(&room, bound, tls)
    }
}

fn log_to_stderr(level: &str) -> Result<(), Error> {
    let wanted = std::env::var("RUST_LOG").unwrap_or_else(|_| level.to_string());
    let filter = EnvFilter::try_new(wanted)
        .map_err(|_| Error::Config("log is one of error, warn, info, debug; RUST_LOG likewise.".into()))?;
    // Set once a process; a second relay in the same process speaks into the same log.
    let _ = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).with_ansi(false).try_init();
    Ok(())
}
