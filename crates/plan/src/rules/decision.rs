//! What the head of the Virtual School has decided about money, and whether it was about the money that is asked for now
//! (R002-23, PEP.md 4.5).

use std::collections::{BTreeMap, BTreeSet};

use automerge::{Automerge, ChangeHash, ObjId, ObjType, ReadDoc};

use crate::bank::{Kind, bank};
use crate::checks::{Finding, Severity, chosen, finding, plain, reviews_target};
use crate::document::{Sheet, joined_text};
use crate::facts::{fund_total, target_cost};
use crate::pep::{Pep, Role};
use crate::plausible::{Doubt, is_confirmed};
use crate::refused::Refused;
use crate::value::{Value, pounds};
use crate::view::{Answer, Cell, Row, Target, View};

pub(crate) const DECISION: &str = "funding.decision";

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

/// Refuses a decision about no target of the plan, or about more than is asked for it, with what other decisions say of the same one.
/// `stands`: the row with the edit, whose key is `row`.
pub(crate) fn possible<R: ReadDoc>(
    sheet: &Sheet<'_, R>,
    stands: &dyn Fn(&str) -> Vec<Value>,
    row: &str,
) -> Result<(), Refused> {
    let refused = |column: &str, says| Err(Refused::Impossible { question: format!("{DECISION}/{column}"), says });
    let named: BTreeSet<String> = stands("target").iter().map(|value| plain(&value.to_string())).collect();
    let names = |key: &str, maps: &[ObjId], named: &BTreeSet<String>| {
        let area = sheet.puts(maps, "area", Kind::Text).into_iter().map(|put| put.value.to_string());
        let mut known = area.chain([key.to_owned(), joined_text(sheet, "statement", maps)]);
        known.any(|known| !plain(&known).is_empty() && named.contains(&plain(&known)))
    };
    let roots: Vec<ObjId> = sheet.root("targets").into_iter().collect();
    let all = sheet.rows(&roots);
    // The first that they name, as everybody reads it.
    let meant = |named: &BTreeSet<String>| all.iter().find(|(key, maps)| names(key, maps, named));
    let Some((key, target)) = meant(&named) else {
        return refused("target", "names no target of this plan: `pep show PEP` lists them with their keys");
    };
    let cost = target_cost(sheet, target);
    let least = |column: &str| stands(column).iter().filter_map(Value::quantity).min().unwrap_or(0);
    let tables: Vec<ObjId> = sheet.answer(DECISION, ObjType::Map).into_iter().collect();
    let others = sheet.live_rows(&tables).into_iter().filter(|(other, maps)| {
        let said = sheet.puts(maps, "target", Kind::Text).into_iter().map(|put| plain(&put.value.to_string()));
        other != row && meant(&said.collect()).is_some_and(|(meant, _)| meant == key)
    });
    let least_of = |maps: &[ObjId], column: &str| {
        let kind = bank().question(DECISION).and_then(|q| q.column(column)).map_or(Kind::Number, |column| column.kind);
        sheet.puts(maps, column, kind).iter().filter_map(|put| put.value.quantity()).min().unwrap_or(0)
    };
    let decided: i64 = others
        .map(|(_, maps)| least_of(&maps, "approved").saturating_add(least_of(&maps, "declined")))
        .fold(0, i64::saturating_add);
    match decided.saturating_add(least("approved")).saturating_add(least("declined"))
        > cost.requested.saturating_add(cost.retained)
    {
        true => refused("approved", "is, with what is declined, more than is asked for this target"),
        false => Ok(()),
    }
}

/// Money that nobody has decided about, that was decided about otherwise than it is asked for, or that has changed since.
pub(crate) fn findings(view: &View, pep: &Pep) -> Vec<Finding> {
    let mut found = Vec::new();
    let mut add = |severity, field: String, target: Option<&Target>, says: &str| {
        let target = target.map(|target| target.row.key.clone());
        found.push(Finding { field: Some(field), target, ..finding(severity, Role::VirtualSchoolHead, says) });
    };
    for row in rows(view) {
        let target = view.targets.iter().find(|target| reviews_target(row, target));
        let field = format!("{DECISION}/{}", row.key);
        if view.reopened.contains(&row.key) {
            let says = "What this decided has changed since: the tuition, the target's money or who is paid. Please decide \
                        again, with the day of it.";
            add(Severity::Blocks, field, target, says);
        } else if target.is_none() {
            add(Severity::Blocks, field, None, "This decision names no target of this plan. Withdraw it, or name one.");
        } else if amount(row, "approved").or(amount(row, "declined")).is_none() {
            let says = "This decision says no amount. Enter what is approved, or what is declined.";
            add(Severity::Blocks, field, target, says);
        }
    }
    for target in &view.targets {
        let theirs: Vec<&Row> = rows(view).filter(|row| reviews_target(row, target)).collect();
        let Some(first) = theirs.first() else { continue };
        let sum = |column| theirs.iter().filter_map(|row| amount(row, column)).fold(0_i64, i64::saturating_add);
        let (asked, decided) = (asked(target), sum("approved").saturating_add(sum("declined")));
        let field = format!("{DECISION}/{}/approved", first.key);
        if decided > asked {
            let says = format!("{} is decided about, and {} is asked for this target.", pounds(decided), pounds(asked));
            add(Severity::Blocks, field, Some(target), &says);
        } else if decided > 0 && decided < asked {
            let says = format!(
                "{} of what is asked for this target is neither approved nor declined.",
                pounds(asked - decided)
            );
            add(Severity::Doubtful, field, Some(target), &says);
        }
    }
    found.extend(beyond(view).filter(|found| !found.confirm.is_some_and(|key| is_confirmed(view, pep, found, key))));
    // Where nothing is decided at all, the whole answer is missing, and that is said there.
    let missing = rows(view).next().is_none();
    let wants =
        |target: &&Target| asked(target) > 0 && target.row.counts() && chosen(&target.row, "status") == Some("agreed");
    let open = view.targets.iter().filter(wants).filter(|target| !rows(view).any(|row| reviews_target(row, target)));
    for target in open.filter(|_| !missing && view.asked.contains(DECISION)) {
        let says = "Nothing is decided about the money of this target yet.";
        let target = Some(target.row.key.clone());
        let found_open = finding(Severity::Blocks, Role::VirtualSchoolHead, says);
        found.push(Finding { field: Some(DECISION.to_owned()), target, ..found_open });
    }
    found
}

/// More approved than the allocation leaves, which the head may mean.
fn beyond(view: &View) -> impl Iterator<Item = Finding> {
    let approved = rows(view).filter_map(|row| amount(row, "approved")).fold(0_i64, i64::saturating_add);
    let over = view.funding.allocation.filter(|allocation| approved > *allocation);
    over.into_iter().map(move |allocation| {
        let says = format!(
            "{} is approved in all, {} more than the allocation of {}. Is that meant?",
            pounds(approved),
            pounds(approved - allocation),
            pounds(allocation)
        );
        let of = vec![Value::Money(approved), Value::Money(allocation)];
        let doubt = Doubt { field: DECISION.to_owned(), says, of };
        let found = finding(Severity::Doubtful, Role::VirtualSchoolHead, &doubt.says);
        Finding { confirm: Some(doubt.key()), field: Some(doubt.field), ..found }
    })
}

/// What is asked for a target, of the school's money and of what the Virtual School keeps.
fn asked(target: &Target) -> i64 {
    target.requested.saturating_add(target.retained)
}

/// The largest amount that people entered there.
fn amount(row: &Row, column: &str) -> Option<i64> {
    match row.cells.get(column)? {
        Cell::Value(value) => value.quantity(),
        Cell::Disputed(claims) => claims.iter().filter_map(|claim| claim.value.quantity()).max(),
        _ => None,
    }
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
