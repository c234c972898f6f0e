//! What a page is asked and what it answers, without a socket: words in, markup or an intention out.

use crate::env::Intent;
use chrono::NaiveDate;
use maud::Markup;
use plan::{DocumentKind, Edit, Pep, Picture, Role};
use uuid::Uuid;

use super::address::Base;
use participant::settings::{ChildMode, Settings};

/// A request, as far as pages care.
#[derive(Clone)]
pub struct Request {
    /// What every address of the pages begins with; this one lay below it.
    pub base: Base,
    /// Whether the person sent a form.
    pub post: bool,
    /// The address within the pages, without its first `/`, in pieces.
    pub path: Vec<String>,
    /// What stands after the `?`.
    pub query: Pairs,
    /// What the form holds; empty where none was sent.
    pub form: Pairs,
}

/// Names and values, in the order they came.
#[derive(Clone, Default)]
pub struct Pairs(Vec<(String, String)>);

/// What a page answers.
pub enum Outcome {
    /// A page to show.
    Page(Box<Leaf>),
    /// Go to this address of ours.
    Go(String),
    /// Write these in a plan, in order, then go on.
    Write {
        /// Edits for one document each; each lot is one change.
        lots: Vec<(DocumentKind, Vec<Edit>)>,
        /// Where to go when they are on the disk.
        then: String,
    },
    /// Write what could be taken of a form, keep the rest as drafts, and show what is wrong with it.
    Partly {
        /// Edits for one document each; each lot is one change.
        lots: Vec<(DocumentKind, Vec<Edit>)>,
        /// The fields that could not be taken.
        wrong: Vec<String>,
        /// What is shown.
        leaf: Box<Leaf>,
    },
    /// A form that came by itself is saved: what its field is made from now.
    Kept(String),
    /// Sign a plan, then go on.
    Sign {
        /// What is signed.
        signature: Signature,
        /// Where to go when it is on the disk.
        then: String,
    },
    /// A file to keep.
    File {
        /// What it is called: letters, digits, `-` and `.`.
        name: String,
        /// Its media type.
        kind: &'static str,
        /// What is in it.
        bytes: Vec<u8>,
    },
    /// Start a PEP or open the one that exists, then go to it.
    Start {
        /// Which.
        pep: Pep,
        /// Bring nothing from the last one.
        blank: bool,
    },
    /// The host is to do something.
    Host(Intent),
    /// A picture of the child's.
    Picture(Picture),
    /// Give the device to the child.
    Give(ChildMode),
    /// Only these, beside the child, see the child's private words; then go on.
    Readers {
        /// Who.
        roles: Vec<Role>,
        /// Where to go when it is on the disk.
        then: String,
    },
    /// Move the plan to a newer version of its process, then go on.
    Move {
        /// Which version.
        version: u32,
        /// Where to go when it is on the disk.
        then: String,
    },
    /// Keep how the pages behave on this device, then go on.
    Settings {
        /// How.
        settings: Settings,
        /// Where to go when it is on the disk.
        then: String,
    },
}

/// A signature that somebody asks for.
pub struct Signature {
    /// Its own key.
    pub key: Uuid,
    /// The day, as the person says it.
    pub on: NaiveDate,
    /// What the young person or the carer says with it; may be empty.
    pub comment: String,
}

/// A page without what surrounds every page.
pub struct Leaf {
    /// The status of the answer, such as 200.
    pub status: u16,
    /// The title, without the service's name.
    pub title: String,
    /// Whether the page is shown because of mistakes in a form.
    pub error: bool,
    /// Where the back link leads, and its words.
    pub back: Option<(String, String)>,
    /// The same as a way off a form that saves itself.
    pub way_back: Option<Markup>,
    /// Whether a form stands on the page whose buttons are its ways off where no script runs.
    pub ways: bool,
    /// Which part of the service navigation it belongs to.
    pub nav: &'static str,
    /// Whether it is for everybody in a room: without what surrounds every page, and in large letters.
    pub wall: bool,
    /// What to try here, for whoever looks at the demonstration.
    pub hint: &'static str,
    /// What it says.
    pub main: Markup,
}

impl Request {
    /// From a path with a query, and a form's bytes. `None` where the path lies not below the base, or cannot be one of ours.
    pub fn new(base: &Base, post: bool, target: &str, body: &[u8]) -> Option<Request> {
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        let path = base.below(path)?.strip_prefix('/')?;
        // Every piece of an address of ours is a word or an id; nothing in it needs an escape.
        let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '/' | '-' | '_' | '.');
        let pieces = path.split('/').filter(|piece| !piece.is_empty()).map(str::to_owned).collect();
        path.chars().all(plain).then(|| Request {
            base: base.clone(),
            post,
            path: pieces,
            query: Pairs::read(query.as_bytes()),
            form: Pairs::read(body),
        })
    }
}

impl Request {
    /// The address, as it was asked for.
    pub fn target(&self) -> String {
        let query = self.query.write();
        self.href(&format!("/{}{}{query}", self.path.join("/"), if query.is_empty() { "" } else { "?" }))
    }

    /// An address of the pages, by the one within them.
    pub fn href(&self, within: &str) -> String {
        self.base.to(within)
    }

    /// Tells a form from every other: where it went and all that it says.
    pub fn fingerprint(&self) -> Uuid {
        let said = self.form.0.iter().flat_map(|(name, value)| [name.as_str(), value.as_str()]);
        let path = self.path.iter().map(String::as_str);
        // A character that no form sends stands between the pieces.
        let all: Vec<&str> = path.chain(std::iter::once("")).chain(said).collect();
        Uuid::new_v5(&Uuid::NAMESPACE_URL, all.join("\u{ffff}").as_bytes())
    }
}

impl Pairs {
    /// Reads `a=1&b=2`, as forms and queries are written.
    pub fn read(bytes: &[u8]) -> Pairs {
        Pairs(form_urlencoded::parse(bytes).map(|(name, value)| (name.into_owned(), clean(&value))).collect())
    }

    /// Writes them, as [`Pairs::read`] reads them.
    pub fn write(&self) -> String {
        form_urlencoded::Serializer::new(String::new()).extend_pairs(&self.0).finish()
    }

    /// Those whose names begin so, without that beginning.
    pub fn within(&self, beginning: &str) -> Pairs {
        let inside = |(name, value): &(String, String)| Some((name.strip_prefix(beginning)?.to_owned(), value.clone()));
        Pairs(self.0.iter().filter_map(inside).collect())
    }

    /// All of them, in their order.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value.as_str()))
    }

    /// The last value of this name.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().rfind(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// Those with such names.
    pub fn only(&self, named: impl Fn(&str) -> bool) -> Pairs {
        Pairs(self.0.iter().filter(|(name, _)| named(name)).cloned().collect())
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// All names and values.
    pub fn each(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value.as_str()))
    }

    /// All values of this name.
    pub fn all<'a>(&'a self, name: &'a str) -> impl DoubleEndedIterator<Item = &'a str> {
        self.0.iter().filter(move |(known, _)| known == name).map(|(_, value)| value.as_str())
    }
}

impl Outcome {
    /// A page.
    pub fn page(leaf: Leaf) -> Outcome {
        Outcome::Page(Box::new(leaf))
    }
}

impl Leaf {
    /// A page that is as it should be.
    pub fn new(title: impl Into<String>, nav: &'static str, main: Markup) -> Leaf {
        Leaf {
            status: 200,
            title: title.into(),
            error: false,
            back: None,
            way_back: None,
            ways: false,
            nav,
            wall: false,
            hint: "",
            main,
        }
    }

    /// The same with a back link.
    pub fn back(self, href: impl Into<String>, words: impl Into<String>) -> Leaf {
        Leaf { back: Some((href.into(), words.into())), ..self }
    }

    /// The same for the wall of a room.
    pub fn on_the_wall(self) -> Leaf {
        Leaf { wall: true, ..self }
    }

    /// The same with another status.
    pub fn status(self, status: u16) -> Leaf {
        Leaf { status, ..self }
    }

    /// The same, shown because of mistakes where there are any.
    pub fn error(self, error: bool) -> Leaf {
        Leaf { error, ..self }
    }
}

/// Line ends as documents keep them. Browsers send two characters for each.
fn clean(text: &str) -> String {
    text.replace("\r\n", "\n").replace('\r', "\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_form_is_read_with_its_line_ends_as_documents_keep_them() {
        let form = Pairs::read("text=one%0D%0Atwo&word=a&word=b+c&%C2%A3=5".as_bytes());
        assert_eq!(form.get("text"), Some("one\ntwo"));
        assert_eq!(form.all("word").collect::<Vec<_>>(), ["a", "b c"]);
        assert_eq!((form.get("£"), form.get("none")), (Some("5"), None));
    }

    #[test]
    fn an_address_that_holds_anything_but_words_and_ids_is_none() {
        let base = Base::default();
        assert!(Request::new(&base, false, "/pep/7c1e/page/A/voice?done=1", b"").is_some());
        for bad in ["pep", "/a%20b", "/..\\x", "/é", "/a b", "http://elsewhere.example/"] {
            assert!(Request::new(&base, false, bad, b"").is_none(), "{bad}");
        }
    }
}
