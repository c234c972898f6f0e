//! What the young person chose about their own part: it stands whatever a professional enters later, and is found in the history
//! where something was put in its place.

use std::collections::BTreeMap;

use automerge::Automerge;

use crate::bank::bank;
use crate::document::{Choices, Put, Sheet};

/// Of what the young person chose, that in the place of which somebody else put something: empty in nearly every plan.
pub(crate) fn replaced(document: &Automerge, mut choices: Choices) -> Choices {
    let sheet = Sheet::now(document);
    choices.retain(|id, chosen| {
        let Some(question) = bank().question(id) else { return false };
        let there = sheet.plain(id, question.kind);
        there.len() != chosen.len() || !there.iter().all(|put| is_among(chosen, put))
    });
    choices
}

/// What others entered there, each as `claim` makes it.
pub(crate) fn beside<T>(
    document: &Automerge,
    choices: &Choices,
    claim: impl Fn(Put) -> T,
) -> BTreeMap<&'static str, Vec<T>> {
    let sheet = Sheet::now(document);
    let others = |(id, chosen): (&&'static str, &Vec<Put>)| {
        let question = bank().question(id)?;
        let there = sheet.plain(id, question.kind).into_iter().filter(|put| !is_among(chosen, put));
        let claims: Vec<T> = there.map(&claim).collect();
        (!claims.is_empty()).then_some((*id, claims))
    };
    choices.iter().filter_map(others).collect()
}

/// Whether the young person chose the same.
fn is_among(chosen: &[Put], put: &Put) -> bool {
    chosen.iter().any(|chosen| chosen.value == put.value)
}
