//! Addresses: what all of them begin with, and those that several pages lead to.

use std::sync::Arc;

/// Where a child begins.
pub const HOME: &str = "/views";
/// Where the device is taken back.
pub const LEAVE: &str = "/views/leave";
/// Where a child chooses who sees the private words.
pub const READERS: &str = "/views/readers";
/// Where the passphrase goes.
pub const UNLOCK: &str = "/unlock";
/// Where a page has its line to the host.
pub const LINE: &str = "/live";
/// Where a page of an earlier life of the program comes back.
pub const RETURN: &str = "/back";

/// What every address of these pages begins with: nothing, or a path such as `/x7f3`. Whatever a page or a script names goes through
/// it, and only what lies below it is a request to these pages.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Base(Arc<str>);

impl Base {
    /// A base; `None` where this is no path of plain words that begins with `/` and does not end with it.
    pub fn new(path: &str) -> Option<Base> {
        let plain =
            |word: &str| !word.is_empty() && word.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_".contains(&b));
        let words = path.strip_prefix('/').map(|words| words.split('/').all(plain));
        (path.is_empty() || words == Some(true)).then(|| Base(path.into()))
    }

    /// An address as a browser asks for it, of one within these pages: `/children`.
    pub fn to(&self, within: &str) -> String {
        format!("{}{within}", self.0)
    }

    /// The address within these pages, of one that a browser asked for; `None` where it lies outside.
    pub fn below<'a>(&self, asked: &'a str) -> Option<&'a str> {
        asked.strip_prefix(&*self.0).filter(|within| within.starts_with('/'))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_lies_below_a_base_is_an_address_of_these_pages() {
        let base = Base::new("/x7f3").unwrap();
        assert_eq!((base.to("/"), base.to("/children")), ("/x7f3/".to_owned(), "/x7f3/children".to_owned()));
        assert_eq!((base.below("/x7f3/sync?tried=1"), base.below("/x7f3/")), (Some("/sync?tried=1"), Some("/")));
        for outside in ["/", "/sync", "/x7f3", "/x7f34/sync", "x7f3/sync", "//x7f3/sync"] {
            assert_eq!(base.below(outside), None, "{outside}");
        }
        assert_eq!(Base::default().below("/sync"), Some("/sync"));
        for bad in ["/", "x", "/x/", "//x", "/x y", "/..", "/x?", "http://elsewhere.example"] {
            assert_eq!(Base::new(bad), None, "{bad}");
        }
        assert!(Base::new("").is_some() && Base::new("/a/b-c").is_some());
    }
}
