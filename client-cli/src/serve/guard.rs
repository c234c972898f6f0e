//! Who may speak to the pages. Any program on this computer, and any web page in the same browser, can send requests to
//! 127.0.0.1: only the browser that was let in by a link from `pep open`, on a page that came from here, is answered.

use pages::address::Base;

use crate::clock;
use crate::resume::{Comeback, Key};

/// Where a link lets a browser in.
pub const ENTER: &str = "/enter";
/// Browsers that may be let in at once; the one let in first goes when there are more.
const BROWSERS_MAX: usize = 32;
/// Links that may wait to be used at once.
const LINKS_MAX: usize = 8;
/// How long a link waits to be used, in seconds.
const LINK_WAITS: i64 = 10 * 60;

/// A browser's secret, or a link's.
type Secret = [u8; 32];

/// What a page is told that comes back after the program was started anew.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Back {
    /// The program's proof that it is itself, and what the page is to answer; nothing where it is in.
    Asked(String, Option<String>),
    /// It is let in with this cookie.
    In(String),
}

/// What a request says about where it comes from.
#[derive(Debug, Clone, Copy, Default)]
pub struct Came<'a> {
    /// `Host`.
    pub host: Option<&'a str>,
    /// `Origin`.
    pub origin: Option<&'a str>,
    /// `Sec-Fetch-Site`.
    pub site: Option<&'a str>,
    /// `Sec-Fetch-Mode`.
    pub mode: Option<&'a str>,
    /// `Sec-Fetch-Dest`.
    pub dest: Option<&'a str>,
    /// `Cookie`.
    pub cookie: Option<&'a str>,
}

/// Why a request is not answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Turned {
    /// Sent to another name: 421.
    Host,
    /// A form that came from a page of somebody else: 403.
    Origin,
    /// A browser that was not let in: 403.
    Stranger,
    /// A link that was used already, is too old, or never was: 403.
    Link,
}

/// The links given out and the browsers let in, for one port.
pub struct Guard {
    port: u16,
    links: Vec<(Secret, i64)>,
    browsers: Vec<Secret>,
    comeback: Option<Comeback>,
}

impl Guard {
    /// Lets nobody in yet. `key`: the home folder's, by which pages of an earlier life are known.
    pub fn new(port: u16, key: Option<Key>) -> Guard {
        Guard { port, links: Vec::new(), browsers: Vec::new(), comeback: key.map(Comeback::new) }
    }

    /// A page that was cut off asks the program to prove itself: the name of its pass, what it asks, and whether it is in.
    pub fn proves(&mut self, id: &str, asked: &str, is_in: bool) -> Result<Back, Turned> {
        let comeback = self.comeback.as_mut().ok_or(Turned::Stranger)?;
        let proof = comeback.proof(self.port, id, asked).ok_or(Turned::Stranger)?;
        let question = if is_in { None } else { Some(comeback.ask(clock::now().unix()).ok_or(Turned::Stranger)?) };
        Ok(Back::Asked(proof, question))
    }

    /// A page of an earlier life answers what it was asked: the name of its pass, question, answer.
    pub fn back(&mut self, id: &str, question: &str, answer: &str) -> Result<Back, Turned> {
        let comeback = self.comeback.as_mut().ok_or(Turned::Stranger)?;
        match comeback.answers(self.port, id, question, answer, clock::now().unix()) {
            true => self.admit().map(Back::In),
            false => Err(Turned::Stranger),
        }
    }

    /// A link that lets one browser in, once. `None` where this computer has no randomness to give.
    pub fn link(&mut self, base: &Base) -> Option<String> {
        let secret = secret()?;
        if self.links.len() >= LINKS_MAX {
            self.links.remove(0);
        }
        self.links.push((secret, clock::now().unix()));
        Some(format!("http://127.0.0.1:{}{}?key={}", self.port, base.to(ENTER), hex::encode(secret)))
    }

    /// Whether a request came to the right name, and, of a form, from a page of ours. What is only shown may be asked for by
    /// a link on any page, and by nothing else there: browsers send our cookie to every page on this computer, whatever its port.
    pub fn came_right(&self, came: Came<'_>, post: bool) -> Result<(), Turned> {
        let names = [format!("127.0.0.1:{}", self.port), format!("localhost:{}", self.port)];
        let host = names.iter().find(|name| came.host == Some(name)).ok_or(Turned::Host)?;
        let own_page = came.origin.is_some_and(|origin| origin.strip_prefix("http://") == Some(host));
        let same_origin = came.site.is_none_or(|site| site == "same-origin");
        let followed = came.mode == Some("navigate") && came.dest == Some("document");
        let right = match post {
            true => own_page && same_origin,
            false => same_origin || came.site == Some("none") || followed,
        };
        if right { Ok(()) } else { Err(Turned::Origin) }
    }

    /// Uses a link up. The cookie that lets the browser in from then on.
    pub fn enter(&mut self, key: &str) -> Result<String, Turned> {
        let now = clock::now().unix();
        self.links.retain(|(_, made)| (0..=LINK_WAITS).contains(&(now - made)));
        let used = self.links.iter().position(|(secret, _)| same(&hex::encode(secret), key)).ok_or(Turned::Link)?;
        self.links.remove(used);
        self.admit()
    }

    fn admit(&mut self) -> Result<String, Turned> {
        let browser = secret().ok_or(Turned::Link)?;
        if self.browsers.len() >= BROWSERS_MAX {
            self.browsers.remove(0);
        }
        self.browsers.push(browser);
        Ok(format!("{}={}; Path=/; HttpOnly; SameSite=Strict", self.cookie(), hex::encode(browser)))
    }

    /// Whether this browser was let in.
    pub fn knows(&self, came: Came<'_>) -> Result<(), Turned> {
        let name = self.cookie();
        let shown = came.cookie.into_iter().flat_map(|all| all.split(';'));
        let mut shown = shown.filter_map(|one| one.trim().split_once('=')).filter(|(known, _)| *known == name);
        let known = |value: &str| self.browsers.iter().any(|secret| same(&hex::encode(secret), value));
        if shown.any(|(_, value)| known(value)) { Ok(()) } else { Err(Turned::Stranger) }
    }

    /// Browsers keep cookies by name and not by port: two people's pages on one computer must not take each other's.
    fn cookie(&self) -> String {
        format!("pep-{}", self.port)
    }
}

impl Turned {
    /// The status of the answer.
    pub fn status(self) -> u16 {
        if self == Turned::Host { 421 } else { 403 }
    }

    /// What happened, and what to do about it.
    pub fn words(self) -> (&'static str, &'static str) {
        match self {
            Turned::Host => (
                "This is not the address of these pages",
                "Run pep open on this computer and use the address that it gives.",
            ),
            Turned::Origin => (
                "This form did not come from these pages",
                "Nothing was changed. Go back to the page you were on, reload it, and send it again.",
            ),
            Turned::Stranger => (
                "Open these pages with pep",
                "This browser has not been let in, or pep was started again since. Run pep open on this computer: it opens the pages here.",
            ),
            Turned::Link => (
                "This link has been used",
                "Each link opens the pages once, within 10 minutes. Run pep open again to get a new one.",
            ),
        }
    }
}

fn secret() -> Option<Secret> {
    clock::random().ok()
}

/// Compares in a time that does not tell how much was right.
fn same(a: &str, b: &str) -> bool {
    a.len() == b.len() && a.bytes().zip(b.bytes()).fold(0, |differs, (a, b)| differs | (a ^ b)) == 0
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entered(guard: &mut Guard) -> String {
        let link = guard.link(&Base::default()).unwrap();
        let cookie = guard.enter(link.rsplit_once('=').unwrap().1).unwrap();
        assert!(cookie.ends_with("; Path=/; HttpOnly; SameSite=Strict"));
        cookie.split(';').next().unwrap().to_owned()
    }

    #[test]
    fn a_link_lets_one_browser_in_once() {
        let mut guard = Guard::new(4117, None);
        let link = guard.link(&Base::default()).unwrap();
        let key = link.strip_prefix("http://127.0.0.1:4117/enter?key=").unwrap();
        assert_eq!(guard.enter(&key[1..]), Err(Turned::Link));
        let cookie = guard.enter(key).unwrap();
        assert_eq!(guard.enter(key), Err(Turned::Link));
        let own = cookie.split(';').next().unwrap();
        let with = |cookie| Came { cookie, ..Came::default() };
        let among_others = format!("other=1; {own}");
        assert_eq!(guard.knows(with(Some(&among_others))), Ok(()));
        // The cookie of another port, of another start, and none.
        let other = own.replace("4117", "4118");
        let stale = format!("pep-4117={}", "0".repeat(64));
        for stranger in [None, Some(other.as_str()), Some(stale.as_str()), Some("pep-4117="), Some("pep-4117")] {
            assert_eq!(guard.knows(with(stranger)), Err(Turned::Stranger), "{stranger:?}");
        }
    }

    #[test]
    fn a_request_to_another_name_or_from_another_page_is_turned_away() {
        let guard = Guard::new(4117, None);
        let came = |host, origin, site| Came { host, origin, site, ..Came::default() };
        let (host, own) = (Some("127.0.0.1:4117"), Some("http://127.0.0.1:4117"));
        assert_eq!(guard.came_right(came(host, None, None), false), Ok(()));
        for name in [None, Some("127.0.0.1"), Some("evil.example:4117"), Some("127.0.0.1:4118"), Some("[::1]:4117")] {
            assert_eq!(guard.came_right(came(name, own, None), false), Err(Turned::Host), "{name:?}");
        }
        assert_eq!(guard.came_right(came(host, own, None), true), Ok(()));
        assert_eq!(guard.came_right(came(host, own, Some("same-origin")), true), Ok(()));
        let local = (Some("localhost:4117"), Some("http://localhost:4117"));
        assert_eq!(guard.came_right(came(local.0, local.1, None), true), Ok(()));
        for (origin, site) in [
            (None, None),
            (Some("null"), Some("same-origin")),
            (Some("http://127.0.0.1:4118"), Some("same-site")),
            (Some("https://127.0.0.1:4117"), None),
            (local.1, None),
            (own, Some("cross-site")),
            (own, Some("none")),
        ] {
            assert_eq!(guard.came_right(came(host, origin, site), true), Err(Turned::Origin), "{origin:?} {site:?}");
        }
    }

    #[test]
    fn a_page_is_shown_to_who_follows_a_link_and_to_nothing_else_of_another_page() {
        let guard = Guard::new(4117, None);
        let came = |site, mode, dest| {
            guard.came_right(Came { host: Some("127.0.0.1:4117"), site, mode, dest, ..Came::default() }, false)
        };
        let (link, document) = (Some("navigate"), Some("document"));
        for (site, mode, dest) in [
            (None, None, None),
            (Some("none"), link, document),
            (Some("same-origin"), Some("no-cors"), Some("style")),
            (Some("cross-site"), link, document),
            (Some("same-site"), link, document),
        ] {
            assert_eq!(came(site, mode, dest), Ok(()), "{site:?} {mode:?} {dest:?}");
        }
        for (mode, dest) in [
            (None, None),
            (Some("no-cors"), Some("image")),
            (Some("cors"), Some("empty")),
            (link, Some("iframe")),
            (link, None),
        ] {
            for site in ["cross-site", "same-site", "anything"] {
                assert_eq!(came(Some(site), mode, dest), Err(Turned::Origin), "{site} {mode:?} {dest:?}");
            }
        }
    }

    #[test]
    fn links_and_browsers_are_bounded() {
        let mut guard = Guard::new(1, None);
        let first = entered(&mut guard);
        for _ in 0..BROWSERS_MAX {
            entered(&mut guard);
        }
        assert!(guard.knows(Came { cookie: Some(&first), ..Came::default() }).is_err());
        for _ in 0..20 {
            guard.link(&Base::default()).unwrap();
        }
        assert_eq!((guard.links.len(), guard.browsers.len()), (LINKS_MAX, BROWSERS_MAX));
    }
}
