//! What the young person chose about their own part: it stands whatever a professional enters later, and is found in the history
//! where something was put in its place.

use std::collections::BTreeMap;

use automerge::Automerge;

use crate::bank::bank;
use crate::document::{Choices, Put, Sheet};
use crate::pep::Role;
use crate::touched::Touched;
use crate::view::{Authors, Claim};

/// What the young person chose.
pub(crate) fn chosen(document: &Automerge, known: &mut Touched, authors: Authors<'_>) -> Choices {
    let is_child = |actor: &[u8]| authors(actor).is_some_and(|who| who.role == Role::YoungPerson);
    known.entered_by(document, &is_child)
}

/// Of these what somebody else put something in the place of: empty in nearly every plan.
pub(crate) fn replaced(document: &Automerge, mut choices: Choices) -> Choices {
    let sheet = Sheet::now(document);
    choices.retain(|id, chosen| {
        let Some(question) = bank().question(id) else { return false };
        let there = sheet.plain(id, question.kind);
        let same = |put: &Put| chosen.iter().any(|chosen| chosen.value == put.value);
        there.len() != chosen.len() || !there.iter().all(same)
    });
    choices
}

/// What others entered there.
pub(crate) fn beside(
    document: &Automerge,
    choices: &Choices,
    claim: impl Fn(Put) -> Claim,
) -> BTreeMap<&'static str, Vec<Claim>> {
    let sheet = Sheet::now(document);
    let others = |(id, chosen): (&&'static str, &Vec<Put>)| {
        let question = bank().question(id)?;
        let same = |put: &Put| chosen.iter().any(|chosen| chosen.value == put.value);
        let there = sheet.plain(id, question.kind).into_iter().filter(|put| !same(put));
        let claims: Vec<Claim> = there.map(&claim).collect();
        (!claims.is_empty()).then_some((*id, claims))
    };
    choices.iter().filter_map(others).collect()
}
