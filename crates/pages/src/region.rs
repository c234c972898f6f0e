//! Parts of a page that stay up to date while it is on a screen: as of loading in the page, then sent by the tab's socket. Each page
//! that has some makes them in a function of their own, so that nothing else of the page is made again for them.
//!
//! A region holds words, links and statuses; no field of a form and nothing that opens, for what a person did in it would go when
//! it is replaced. It is not replaced while the focus is in it.

use std::hash::{DefaultHasher, Hash, Hasher};

use maud::{Markup, html};

/// The regions of a page.
#[derive(Default)]
pub struct Regions(Vec<(String, Markup)>);

impl Regions {
    /// With one more, under an id of its own on its page.
    pub fn with(mut self, id: impl Into<String>, inside: Markup) -> Regions {
        self.0.push((id.into(), inside));
        self
    }

    /// One of them, to stand in the page. Nothing where there is none of that id.
    pub fn show(&self, id: &str) -> Markup {
        let found = self.0.iter().find(|(known, _)| known == id);
        html! {
            @if let Some((id, inside)) = found { div id=(id) data-region=(fingerprint(&inside.0)) { (inside) } }
        }
    }

    /// Ids and contents. A page need not show them all.
    pub fn parts(self) -> Vec<(String, String)> {
        self.0.into_iter().map(|(id, inside)| (id, inside.into_string())).collect()
    }
}

/// The id of the region that says which values a page's fields stand for: where it changes, the script looks at the page again.
pub const VALUES: &str = "values";

/// That region: nothing to read, and another for other values.
pub fn values(of: &[String]) -> Markup {
    html! { data value=(fingerprint(&of.join("\u{0}"))) {} }
}

/// Tells one content of a region from another: the page says which one it shows. Not for safety.
pub fn fingerprint(html: &str) -> String {
    let mut hasher = DefaultHasher::new();
    html.hash(&mut hasher);
    format!("{:016x}", hasher.finish())
}
