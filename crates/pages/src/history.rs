//! The history of a plan as a model, made from copies of its documents.

use std::collections::{BTreeMap, BTreeSet};

use plan::{Automerge, Documents, Entry, Mark};

use super::{
    model::{EarlierAnswer, History, HistoryEntry, HistoryFilter, Landmark, Plan},
    sections::group,
};
use participant::{device::PlanDocuments, words};

/// What happened in a plan, newest first.
pub fn history(copies: &PlanDocuments, plan: &Plan, looked: &HistoryFilter) -> History {
    let mut all = entries(copies, looked.question);
    // Of what ended within one second the later stands first, too.
    all.reverse();
    all.sort_by_key(|(_, entry)| std::cmp::Reverse(entry.at));
    let mut people = BTreeMap::new();
    let mut landmarks = Vec::new();
    for (_, entry) in &all {
        people.extend(entry.by.iter().map(|who| (who.person, who.name.clone())));
        let marks = entry.deeds.iter().filter_map(|deed| deed.mark);
        let marks = marks.filter(|mark| matches!(mark, Mark::MeetingHeld | Mark::SentBack));
        landmarks.extend(marks.map(|mark| Landmark { at: entry.at, by: entry.by.clone(), mark }));
    }
    let mut people: Vec<_> = people.into_iter().collect();
    people.sort_by_cached_key(|(_, name)| name.to_lowercase());
    let wanted: Option<BTreeSet<&str>> = looked.section.as_ref().map(|(page, block)| {
        let pages = plan.pep.process().pages.iter().filter(|known| known.id == *page);
        pages.flat_map(|page| group(page, block)).map(|question| question.id.as_str()).collect()
    });
    let mut touched = BTreeSet::new();
    let mut found: Vec<(&Automerge, Entry, Vec<bool>)> = Vec::new();
    for (document, mut entry) in all {
        let wants = |question: &str| wanted.as_ref().is_none_or(|wanted| wanted.contains(question));
        let newest: Vec<bool> = entry.deeds.iter().map(|deed| !touched.contains(&deed.place)).collect();
        touched.extend(entry.deeds.iter().map(|deed| deed.place.clone()));
        let kept: Vec<bool> = entry.deeds.iter().map(|deed| wants(deed.question)).collect();
        let (mut kept_deeds, mut kept_newest) = (kept.iter(), kept.iter());
        entry.deeds.retain(|_| kept_deeds.next() == Some(&true));
        let newest = newest.into_iter().filter(|_| kept_newest.next() == Some(&true)).collect();
        let by = looked.person.is_none_or(|person| entry.by.as_ref().is_some_and(|who| who.person == person));
        let since = looked.from.is_none_or(|from| words::day(entry.at, plan.now.zone).is_some_and(|day| day >= from));
        let until = looked.to.is_none_or(|to| words::day(entry.began, plan.now.zone).is_some_and(|day| day <= to));
        if !entry.deeds.is_empty() && by && since && until {
            found.push((document, entry, newest));
        }
    }
    let told = |(document, entry, newest): (&Automerge, Entry, Vec<bool>)| {
        let wrote = entry.deeds.iter().map(|deed| entry.wrote(document, deed)).collect();
        HistoryEntry { entry, wrote, newest }
    };
    let all = found.len();
    let is_filtered =
        looked.person.is_some() || looked.section.is_some() || looked.from.is_some() || looked.to.is_some();
    let entries = found.into_iter().skip(looked.skip).take(History::PAGE).map(told).collect();
    History { entries, all, is_filtered, people, landmarks }
}

/// An answer as it was after the change of this name at the place that a word stands for.
pub fn was(copies: &PlanDocuments, plan: &Plan, question: &str, change: &str, word: &str) -> Option<EarlierAnswer> {
    let (document, entry) =
        entries(copies, Some(question)).into_iter().find(|(_, entry)| hex::encode(entry.change.0) == change)?;
    let deed = entry.deeds.into_iter().find(|deed| plan.word_for(&deed.place) == word)?;
    let then = document.fork_at(&[entry.change]).ok()?;
    let held = copies.documents()?;
    let documents = Documents::lent(|kind| {
        let held = held.get(kind)?;
        Some(if std::ptr::eq(held, document) { &then } else { held })
    })?;
    let view = plan::read(documents, &plan.pep, &|actor| copies.author(actor));
    Some(EarlierAnswer { deed, change: entry.change, by: entry.by, at: entry.at, view })
}

fn entries<'a>(copies: &'a PlanDocuments, question: Option<&str>) -> Vec<(&'a Automerge, Entry)> {
    let of = |document: &'a Automerge| {
        let entries = plan::history(document, &|actor| copies.author(actor), question);
        entries.into_iter().map(move |entry| (document, entry))
    };
    copies.held().flat_map(|(_, document)| of(document)).collect()
}
