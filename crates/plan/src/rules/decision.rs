//! What the head of the Virtual School has decided about money, and whether it was about the money that is asked for now
//! (R002-23, PEP.md 4.5).

use std::collections::{BTreeMap, BTreeSet};

use automerge::{Automerge, ChangeHash, ObjId, ObjType, ReadDoc};

use crate::bank::{Kind, bank};
use crate::checks::{Finding, Severity, chosen, reviews_target};
use crate::document::Sheet;
use crate::facts::fund_total;
use crate::pep::Role;
use crate::view::{Answer, Row, Target, View};

const DECISION: &str = "funding.decision";

/// Decisions made about something else than what is asked for now: keys of rows of `funding.decision`. A decision was about the
/// choice of tuition and the target's money and payees as they were when the row was last changed.
pub(crate) fn reopened(document: &Automerge, view: &View) -> BTreeSet<String> {
    let now = Sheet::now(document);
    let tables: Vec<ObjId> = now.answer(DECISION, ObjType::Map).into_iter().collect();
    let columns = bank().question(DECISION).map_or(&[][..], |question| &question.columns);
    let changed = |(key, maps): &(String, Vec<ObjId>)| {
        let cells = maps.iter().flat_map(|map| columns.iter().flat_map(|column| now.all(map, &column.id)));
        let ops = cells.map(|(_, op)| op).chain(maps.iter().cloned());
        let heads: Vec<ChangeHash> = ops.filter_map(|op| document.hash_for_opid(&op)).collect();
        let then = Sheet::at(document, &heads);
        let row = rows(view).find(|row| row.key == *key);
        let target = row.and_then(|row| view.targets.iter().find(|target| reviews_target(row, target)));
        let money = target.is_some_and(|target| money(&then, &target.row.key) != money(&now, &target.row.key));
        money || tuition(&then) != tuition(&now)
    };
    now.live_rows(&tables).into_iter().filter(changed).map(|(key, _)| key).collect()
}

/// Money that nobody has decided about, or that has changed since.
pub(crate) fn findings(view: &View) -> Vec<Finding> {
    let mut found = Vec::new();
    let mut add = |severity, field: String, target: Option<&Target>, says: &str| {
        let target = target.map(|target| target.row.key.clone());
        let (field, says) = (Some(field), says.to_owned());
        found.push(Finding { severity, field, target, letter: None, owner: Role::VirtualSchoolHead, says });
    };
    for row in rows(view) {
        let target = view.targets.iter().find(|target| reviews_target(row, target));
        let field = format!("{DECISION}/{}", row.key);
        if view.reopened.contains(&row.key) {
            let says = "What this decided has changed since: the tuition, the target's money or who is paid. Please decide \
                        again, with the day of it.";
            add(Severity::Blocks, field, target, says);
        } else if target.is_none() {
            add(Severity::Doubtful, field, None, "This decision names no target of this plan.");
        }
    }
    // Where nothing is decided at all, the whole answer is missing, and that is said there.
    let missing = rows(view).next().is_none();
    let wants = |target: &&Target| {
        let asks = target.requested.saturating_add(target.retained) > 0;
        asks && target.row.counts() && chosen(&target.row, "status") == Some("agreed")
    };
    let open = view.targets.iter().filter(wants).filter(|target| !rows(view).any(|row| reviews_target(row, target)));
    for target in open.filter(|_| !missing && view.asked.contains(DECISION)) {
        add(
            Severity::Blocks,
            DECISION.to_owned(),
            Some(target),
            "Nothing is decided about the money of this target yet.",
        );
    }
    found
}

fn rows(view: &View) -> impl Iterator<Item = &Row> {
    let rows: &[Row] = match view.answers.get(DECISION) {
        Some(Answer::Table(rows)) => rows,
        _ => &[],
    };
    rows.iter().filter(|row| row.counts())
}

fn tuition<R: ReadDoc>(sheet: &Sheet<'_, R>) -> BTreeSet<String> {
    sheet.plain("funding.tuition", Kind::Choice).iter().map(|put| put.value.to_string()).collect()
}

/// What a target costs, row by row, and who is paid; nothing of one that is withdrawn.
fn money<R: ReadDoc>(sheet: &Sheet<'_, R>, target: &str) -> BTreeMap<String, (Option<i64>, BTreeSet<String>)> {
    let roots: Vec<ObjId> = sheet.root("targets").into_iter().collect();
    let Some(maps) = sheet.live_rows(&roots).remove(target) else { return BTreeMap::new() };
    let tables: Vec<ObjId> = maps.iter().flat_map(|map| sheet.objects(map, "funds", ObjType::Map)).collect();
    let payees =
        |row: &[ObjId]| sheet.puts(row, "payTo", Kind::Choice).iter().map(|put| put.value.to_string()).collect();
    sheet.live_rows(&tables).into_iter().map(|(key, row)| (key, (fund_total(sheet, &row), payees(&row)))).collect()
}
