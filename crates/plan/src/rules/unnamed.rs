//! What somebody wrote or signed whom this device cannot name: said, and never left out. It happens where the list of people is older
//! than the plan, or lacks somebody; nobody can tell then whether they might.

use std::collections::BTreeMap;

use crate::checks::{Finding, Severity, finding};
use crate::pep::{DocumentKind, Role};
use crate::view::{Authors, Documents, View};

/// What to do about it, for whoever is shown it.
const WHAT_TO_DO: &str = "Share now, for the list of people may have changed, and look again. If it stays so, the Virtual School can see who is missing from its list.";

/// A doubt where somebody has written in a plan whom this device cannot name.
pub fn unnamed(documents: Documents<'_>, authors: Authors<'_>) -> Vec<Finding> {
    let mut known: BTreeMap<Vec<u8>, bool> = BTreeMap::new();
    let mut changes = 0_usize;
    for document in DocumentKind::ALL.iter().filter_map(|kind| documents.get(*kind)) {
        // Only the genesis rests on nothing, and it has nobody behind it.
        for change in document.get_changes_meta(&[]).iter().filter(|change| !change.deps.is_empty()) {
            let actor = change.actor.to_bytes();
            let known = *known.entry(actor.to_vec()).or_insert_with(|| authors(actor).is_some());
            changes += usize::from(!known);
        }
    }
    let says = match changes {
        0 => return Vec::new(),
        1 => "Somebody this device cannot name has made 1 change in this plan".to_owned(),
        n => format!("Somebody this device cannot name has made {n} changes in this plan"),
    };
    let says = format!("{says}; its history shows what they did. {WHAT_TO_DO}");
    vec![finding(Severity::Doubtful, Role::VirtualSchoolOfficer, &says)]
}

/// A doubt for each signature of somebody whom this device cannot name, and where something is that is no signature it knows.
pub(crate) fn of_signatures(view: &View) -> Vec<Finding> {
    let doubt = |question: &str, says: &str| Finding {
        field: Some(question.to_owned()),
        ..finding(Severity::Doubtful, Role::VirtualSchoolOfficer, says)
    };
    let unnamed = view.sign_offs.iter().filter(|made| made.by.is_none()).map(|made| {
        let on = made.on.format("%-d %B %Y");
        let says = format!(
            "Signed on {on} by somebody this device cannot name, so the signature does not count here. {WHAT_TO_DO} Or the person who signed signs again."
        );
        doubt(made.question, &says)
    });
    let unread = view.unread_sign_offs.iter().map(|(question, count)| {
        let says = match count {
            1 => "There is an entry here that is no signature this version of the program knows, so it does not count. A newer version may read it; if not, tell the Virtual School.".to_owned(),
            n => format!("There are {n} entries here that are no signatures this version of the program knows, so they do not count. A newer version may read them; if not, tell the Virtual School."),
        };
        doubt(question, &says)
    });
    unnamed.chain(unread).collect()
}
