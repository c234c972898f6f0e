//! The invitation link: where the relay is, the one-time secret, and the keys that this device will know the relay by.
//!
//! `https://host:port/join#` and, base64url without padding and separated by dots: the secret, the relay's key, the SHA-256
//! of the public key of its certificate (absent on a plain loopback line), and 6 characters of checksum. What stands behind
//! `#` is never sent by a browser.

use std::{fmt, str::FromStr};

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD as BASE64};
use gate::PublicKey;
use ring::digest;

use crate::identity::Secret;

/// Characters of checksum: enough to tell a mistyped or cut link from a used one.
const CHECK_CHARACTERS: usize = 6;

/// An invitation for one device.
#[derive(Clone, PartialEq, Eq)]
pub struct Link {
    /// `host:port`.
    pub address: String,
    /// Known only to the link's holder; the relay keeps its hash.
    pub secret: Secret,
    /// The key that signs rosters.
    pub relay_key: PublicKey,
    /// SHA-256 of the certificate's SubjectPublicKeyInfo (DER); `None` for a plain line on one machine.
    pub tls: Option<[u8; 32]>,
}

/// Why a text is not an invitation link.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum LinkError {
    /// Not of the form. Usual cause: another text was pasted.
    #[error("This is not an invitation link. It begins with https:// and was sent to you by the Virtual School.")]
    Form,
    /// The checksum does not fit. Usual cause: a part was lost in copying, or a mail program changed it.
    #[error(
        "This invitation link is not complete or was changed on its way. Copy the whole link again, or ask the Virtual School for a new one."
    )]
    Altered,
}

impl Link {
    /// Where the relay listens: `wss://…`, or `ws://…` for a plain line.
    pub fn url(&self) -> String {
        format!("{}://{}", if self.tls.is_some() { "wss" } else { "ws" }, self.address)
    }

    fn body(&self) -> String {
        let mut body = format!("{}.{}", BASE64.encode(self.secret), BASE64.encode(self.relay_key));
        if let Some(tls) = &self.tls {
            body.push('.');
            body.push_str(&BASE64.encode(tls));
        }
        body
    }

    fn scheme(&self) -> &'static str {
        if self.tls.is_some() { "https" } else { "http" }
    }

    fn check(&self) -> String {
        let text = format!("{}://{}/join#{}", self.scheme(), self.address, self.body());
        let mut check = BASE64.encode(digest::digest(&digest::SHA256, text.as_bytes()));
        check.truncate(CHECK_CHARACTERS);
        check
    }
}

impl fmt::Display for Link {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}://{}/join#{}.{}", self.scheme(), self.address, self.body(), self.check())
    }
}

/// A link is a secret: it is never shown by accident.
impl fmt::Debug for Link {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Link({})", self.address)
    }
}

impl FromStr for Link {
    type Err = LinkError;

    fn from_str(text: &str) -> Result<Link, LinkError> {
        let (place, fragment) = text.trim().split_once('#').ok_or(LinkError::Form)?;
        let (tls, rest) = match (place.strip_prefix("https://"), place.strip_prefix("http://")) {
            (Some(rest), _) => (true, rest),
            (_, Some(rest)) => (false, rest),
            _ => return Err(LinkError::Form),
        };
        let address = rest.strip_suffix("/join").ok_or(LinkError::Form)?;
        if address.is_empty() || address.contains(['/', '?', '@', ' ']) {
            return Err(LinkError::Form);
        }
        let parts: Vec<&str> = fragment.split('.').collect();
        let key = |part: &str| -> Result<[u8; 32], LinkError> {
            BASE64.decode(part).ok().and_then(|b| b.try_into().ok()).ok_or(LinkError::Altered)
        };
        let (secret, relay_key, pin, check) = match (parts.as_slice(), tls) {
            ([secret, relay_key, pin, check], true) => (key(secret)?, key(relay_key)?, Some(key(pin)?), check),
            ([secret, relay_key, check], false) => (key(secret)?, key(relay_key)?, None, check),
            _ => return Err(LinkError::Altered),
        };
        let link = Link { address: address.to_string(), secret, relay_key, tls: pin };
        if link.check() == **check { Ok(link) } else { Err(LinkError::Altered) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn link(tls: bool) -> Link {
        Link { address: "127.0.0.1:7443".into(), secret: [1; 32], relay_key: [2; 32], tls: tls.then_some([3; 32]) }
    }

    #[test]
    fn a_link_reads_back_as_itself() {
        for tls in [true, false] {
            assert_eq!(link(tls).to_string().parse(), Ok(link(tls)));
        }
        assert_eq!(link(true).url(), "wss://127.0.0.1:7443");
        assert_eq!(link(false).url(), "ws://127.0.0.1:7443");
    }

    #[test]
    fn a_link_changed_in_any_character_is_told_apart_from_a_whole_one() {
        let text = link(true).to_string();
        for at in 0..text.len() {
            let mut changed = text.clone().into_bytes();
            changed[at] = if changed[at] == b'x' { b'y' } else { b'x' };
            let changed = String::from_utf8(changed).unwrap_or_default();
            assert!(changed.parse::<Link>().is_err(), "character {at} of {text}");
        }
        for cut in 1..text.len() {
            assert!(text[..cut].parse::<Link>().is_err());
        }
    }
}
