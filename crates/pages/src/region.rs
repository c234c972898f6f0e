//! Parts of a page that stay up to date while it is on a screen: as of loading in the page, then sent by the tab's socket.
//!
//! A region holds words, links and statuses; no field of a form and nothing that opens, for what a person did in it would go when
//! it is replaced. It is not replaced while the focus is in it.

use std::hash::{DefaultHasher, Hash, Hasher};

use maud::{Markup, html};

/// The regions of a page.
#[derive(Default)]
pub struct Regions(Vec<(String, String)>);

impl Regions {
    /// A part of a page that stays up to date, under an id of its own on that page.
    pub fn put(&mut self, id: &str, inside: Markup) -> Markup {
        let part = html! { div id=(id) data-region=(fingerprint(&inside.0)) { (inside) } };
        self.0.push((id.to_owned(), inside.into_string()));
        part
    }

    /// Ids and contents, in the page's order.
    pub fn parts(self) -> Vec<(String, String)> {
        self.0
    }
}

/// Tells one content of a region from another: the page says which one it shows. Not for safety.
pub fn fingerprint(html: &str) -> String {
    let mut hasher = DefaultHasher::new();
    html.hash(&mut hasher);
    format!("{:016x}", hasher.finish())
}
