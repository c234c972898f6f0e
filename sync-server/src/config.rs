//! The relay's configuration: a TOML file, every key of which may be left out.

use std::{
    collections::BTreeMap,
    fs, io,
    path::{Path, PathBuf},
};

use serde::Deserialize;
use serde_bytes::ByteArray;
use sync::directory::{ADDRESSES_MAX, Reached};

use crate::error::Error;

/// Name of the configuration in the data folder, read where no other is given.
pub const FILE: &str = "config.toml";

/// The documented example: what `pep-relay config` prints. It says the defaults.
pub const EXAMPLE: &str = r#"# Configuration of pep-relay. Every key may be left out; what stands here are the defaults.
# Use it with `pep-relay serve --config FILE`, or put it into the data folder as config.toml.

# Where to listen: IP address or host name, and port. 0.0.0.0:7443 listens on every network; port 0 takes any free one.
listen = "127.0.0.1:7443"

# HOST:PORT under which participants reach this relay: what invitation links name. Empty: the address listened on.
public_address = ""

# Every address under which participants reach this relay, HOST:PORT each, such as one by name and one by number, or, before it moves,
# the new one and the old one. Devices are told at their next contact, and try them in this order, then the one of their own link.
addresses = []

# The Virtual School, as participants see it.
organisation = "Virtual School"

# Who has every child beside the head of the Virtual School, who always has: people of the Virtual School by their whole names or ids,
# such as ["Lorcan Tidewell"]. They are invited first; whoever is taken off the list keeps the teams they are on.
every_child = []

# "on": TLS 1.3 and 1.2. "off": a plain line, only where `listen` is on this machine alone (behind a proxy here, or a demo).
tls = "on"

# Certificate chain and private key, PEM files. Empty: the relay makes its own at the first start; invitation links pin its
# key, so no authority is needed. Devices pin the key of this one too: renew a certificate with the same private key.
# Paths are relative to this file.
certificate = ""
private_key = ""

# The file that holds the key with which everything in the data folder is encrypted: 64 hexadecimal digits, such as
# `openssl rand -hex 32` prints, readable by this user alone. Keep it on another disk than the data, and a copy of it where the
# backups are not: without it neither the data nor a backup can be read. Empty: a file store.key in the data folder, made at the
# first start; whoever takes the folder then takes the key too. The environment goes before this: PEP_RELAY_KEY holds the key,
# PEP_RELAY_KEY_FILE names its file. Relative to this file.
store_key_file = ""

# How much is said on standard error: "error", "warn", "info" or "debug". RUST_LOG overrules it. Never names or answers.
log = "info"

# The processes under which new PEPs begin, by the child's phase: ids as `pep process list` shows them. The first is taken where nobody
# chooses, and --process and the pages offer the others. A phase that is left out may have any. People who start one PEP apart then start
# the same one.
[processes]
# early_years = ["portal"]
# primary = ["portal"]
# secondary = ["ten-page", "web"]
# post_16 = ["ten-page"]
"#;

/// The configuration, read.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Settings {
    /// Where to listen.
    pub listen: String,
    /// `HOST:PORT` of invitation links; empty for the address listened on.
    pub public_address: String,
    /// Every `HOST:PORT` under which participants reach it, where that is more than links say.
    pub addresses: Vec<String>,
    /// The Virtual School's name.
    pub organisation: String,
    /// Who has every child beside the head: whole names or ids.
    pub every_child: Vec<String>,
    /// Whether the line is encrypted.
    pub tls: Tls,
    /// Certificate chain, PEM; empty for the relay's own.
    pub certificate: PathBuf,
    /// Its private key, PEM.
    pub private_key: PathBuf,
    /// The file of the key for everything in the data folder; empty for one in the data folder.
    pub store_key_file: PathBuf,
    /// Level of the log.
    pub log: String,
    /// The processes under which new PEPs begin, by phase.
    pub processes: BTreeMap<String, Vec<String>>,
    /// The text this was read from: what a backup keeps.
    #[serde(skip)]
    pub text: Option<String>,
}

/// Whether the line is encrypted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Tls {
    /// TLS 1.3 or 1.2.
    On,
    /// Plain, on the loopback address only.
    Off,
}

impl Default for Settings {
    fn default() -> Settings {
        Settings {
            listen: "127.0.0.1:7443".into(),
            public_address: String::new(),
            addresses: Vec::new(),
            organisation: "Virtual School".into(),
            every_child: Vec::new(),
            tls: Tls::On,
            certificate: PathBuf::new(),
            private_key: PathBuf::new(),
            store_key_file: PathBuf::new(),
            log: "info".into(),
            processes: BTreeMap::new(),
            text: None,
        }
    }
}

impl Settings {
    /// Reads `file`, or the one in the data folder, or takes the defaults where there is none.
    pub fn read(file: Option<&Path>, data: &Path) -> Result<Settings, Error> {
        let own = data.join(FILE);
        let path = file.unwrap_or(&own);
        let text = match fs::read_to_string(path) {
            Ok(text) => text,
            Err(e) if e.kind() == io::ErrorKind::NotFound && file.is_none() => return Ok(Settings::default()),
            Err(e) => return Err(Error::Config(format!("the file could not be read ({e})."))),
        };
        let mut settings = Settings::parse(&text)?;
        let folder = path.parent().unwrap_or(Path::new("."));
        for file in [&mut settings.certificate, &mut settings.private_key, &mut settings.store_key_file] {
            if !file.as_os_str().is_empty() {
                *file = folder.join(&file);
            }
        }
        Ok(settings)
    }

    /// The addresses, as devices are told them. `pin`: of the certificate's public key; none on a plain line.
    pub fn reached(&self, pin: Option<[u8; 32]>) -> Result<Vec<Reached>, Error> {
        if self.addresses.len() > ADDRESSES_MAX {
            return Err(Error::Config(format!(
                "addresses: at most {ADDRESSES_MAX}, for devices try one after the other."
            )));
        }
        let scheme = if pin.is_some() { "wss" } else { "ws" };
        let one = |address: &String| {
            let port =
                address.rsplit_once(':').and_then(|(host, port)| port.parse::<u16>().ok().filter(|_| !host.is_empty()));
            let whole = port.is_some_and(|port| port > 0) && !address.contains(['/', ' ', '@', '#', '?']);
            match whole {
                true => Ok(Reached { url: format!("{scheme}://{address}"), tls: pin.map(ByteArray::new) }),
                false => Err(Error::Config(format!("addresses: {address:?} is not HOST:PORT."))),
            }
        };
        self.addresses.iter().map(one).collect()
    }

    /// Reads a configuration's text. A key that does not exist is refused, with its line.
    pub fn parse(text: &str) -> Result<Settings, Error> {
        let mut settings: Settings = toml::from_str(text).map_err(|e| Error::Config(e.to_string()))?;
        if settings.certificate.as_os_str().is_empty() != settings.private_key.as_os_str().is_empty() {
            return Err(Error::Config("certificate and private_key go together: give both, or neither.".into()));
        }
        settings.text = Some(text.to_string());
        Ok(settings)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_example_says_the_defaults() {
        let read = Settings::parse(EXAMPLE).expect("the example is a configuration");
        assert_eq!(Settings { text: None, ..read }, Settings::default());
    }

    #[test]
    fn a_misspelt_key_is_refused_with_its_line() {
        let said =
            Settings::parse("listen = \"127.0.0.1:0\"\norganization = \"X\"\n").expect_err("no such key").to_string();
        assert!(said.contains("line 2") && said.contains("organization"), "{said}");
    }

    #[test]
    fn a_certificate_without_its_key_is_refused() {
        assert!(Settings::parse("certificate = \"a.pem\"").is_err());
    }
}
