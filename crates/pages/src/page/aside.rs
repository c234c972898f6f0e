//! What this person entered in a copy of a plan that does not stand: somebody else had begun the same plan under another process.

use std::collections::BTreeSet;

use maud::{Markup, html};
use participant::Now;
use plan::{Pep, View};

use crate::{
    copy::{self, Copy, Reader, Version},
    kit,
    model::{Plan, Site},
    request::{Leaf, Outcome},
};

/// The page of a copy.
pub fn aside(plan: &Plan, site: &Site, (pep, view): &(Pep, View), now: &Now) -> Outcome {
    let parts = BTreeSet::new();
    let copy = Copy {
        pep,
        name: &plan.name,
        council: &site.council,
        view,
        version: Version::Now { at: now.unix(), heads: &view.heads },
        reader: Reader::Myself,
        parts: &parts,
        with_gaps: false,
        zone: now.zone,
    };
    let main = html! {
        div class="pep-screen" {
            h1 class="govuk-heading-l" { "Your copy under “" (pep.process().name) "”" }
            p class="govuk-body" { "You and somebody else began this plan apart. The plan that stands follows “" (plan.pep.process().name) "”, and what you entered here was written into it: where an answer was there already, or is not yours to write there, as a comment beside it. This copy is kept on this device to be read." }
        }
        (copy::article(&copy))
    };
    let leaf = Leaf::new(format!("Your copy, {}", plan.name), "Children", main);
    Outcome::page(leaf.back(plan.href(""), "Back to the plan"))
}

/// The way to it; nothing where there is no such copy.
pub fn line(plan: &Plan) -> Markup {
    html! {
        @if plan.has_aside {
            li { "You began it under another process as well: " (kit::link(&plan.href("/aside"), "see your copy")) "." }
        }
    }
}
