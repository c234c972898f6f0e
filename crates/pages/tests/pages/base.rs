//! Pages below a path: every address that a page, a redirect or a script names lies below it, and nothing above it is asked for.

use html5ever::{parse_document, tendril::TendrilSink};
use markup5ever_rcdom::{Node, RcDom};
use pages::{address::Base, assets};
use std::rc::Rc;

use crate::{outline::attribute, prelude::*, scenes::made};

/// Attributes that hold an address.
const ADDRESSES: [&str; 8] =
    ["href", "src", "action", "formaction", "data-line", "data-unlock", "data-return", "data-comments"];

fn addresses(node: &Rc<Node>, found: &mut Vec<String>) {
    found.extend(ADDRESSES.iter().filter_map(|name| attribute(node, name)));
    // Where the passphrase leads to is sent back by its page.
    let is_to =
        attribute(node, "name").as_deref() == Some("to") && attribute(node, "type").as_deref() == Some("hidden");
    found.extend(attribute(node, "value").filter(|_| is_to));
    node.children.borrow().iter().for_each(|child| addresses(child, found));
}

fn all_below(name: &str, html: &str) -> usize {
    let page = parse_document(RcDom::default(), Default::default()).one(html);
    let mut found = Vec::new();
    addresses(&page.document, &mut found);
    for address in &found {
        assert!(address.starts_with('#') || within(address).is_some(), "{name} names {address}, which lies outside");
    }
    found.len()
}

#[test]
fn every_address_of_every_page_in_every_state_lies_below_the_base() {
    under(Base::new("/x7f3").unwrap());
    let mut named = 0;
    for shot in made() {
        named += all_below(shot.name, &shot.html);
    }
    assert!(named > 3_000, "{named}");
}

#[test]
fn every_link_below_a_base_leads_on_below_it() {
    under(Base::new("/x7f3/of-ottoline").unwrap());
    let (device, _) = Device::idris(Role::DesignatedTeacher);
    let pages = device.every_page();
    assert!(pages.len() > 60, "{}", pages.len());
    for (target, html) in &pages {
        all_below(target, html);
    }
}

#[test]
fn what_lies_outside_is_no_request_to_these_pages() {
    let base = Base::new("/x7f3").unwrap();
    let asked = |target: &str| Request::new(&base, false, target, b"").map(|request| request.path.join("/"));
    assert_eq!(asked("/x7f3/pep/7c1e?done=1").as_deref(), Some("pep/7c1e"));
    for outside in ["/pep/7c1e", "/x7f3", "/x7f34/pep", "/other/x7f3/pep"] {
        assert_eq!(asked(outside), None, "{outside}");
    }
}

#[test]
fn no_script_names_an_address_by_itself() {
    for script in assets::ASSETS.iter().filter(|asset| asset.name.ends_with(".js")) {
        let text = std::str::from_utf8(script.bytes).unwrap();
        for opens in ["'/", "\"/", "`/"] {
            let after = text.split(opens).skip(1).filter_map(|rest| rest.chars().next());
            assert!(after.filter(char::is_ascii_alphabetic).count() == 0, "{} holds an address: {opens}", script.name);
        }
        assert!(!text.contains("location.host") || text.matches("location.host}${").count() == 1, "{}", script.name);
    }
}
