//! Writing again, as new changes, what changes that nobody accepts had said.

use std::collections::BTreeMap;

use automerge::{
    Automerge, AutomergeError, ObjId, Patch, PatchAction, Prop, ReadDoc, Value,
    transaction::{CommitOptions, Transactable},
};

/// Carries out `patches` (made against the document's present heads) in one change. Objects that the patches make are made
/// anew. `Ok(false)` where there is nothing to do. What cannot be carried over (marks, which the gate refuses anyway) is
/// passed over.
pub(crate) fn repeat(document: &mut Automerge, patches: &[Patch], now: i64) -> Result<bool, AutomergeError> {
    if patches.is_empty() {
        return Ok(false);
    }
    let done = document.transact_with::<_, _, AutomergeError, _>(
        |_| CommitOptions::default().with_time(now),
        |tx| {
            let mut anew: BTreeMap<ObjId, ObjId> = BTreeMap::new();
            for patch in patches {
                let object = anew.get(&patch.obj).unwrap_or(&patch.obj).clone();
                match &patch.action {
                    PatchAction::PutMap { key, value: (value, id), .. } => {
                        put(tx, &mut anew, &object, Prop::from(key.as_str()), value, id)?;
                    }
                    PatchAction::PutSeq { index, value: (value, id), .. } => {
                        put(tx, &mut anew, &object, Prop::from(*index), value, id)?;
                    }
                    PatchAction::Insert { index, values } => {
                        for (i, (value, id, _)) in values.iter().enumerate() {
                            match value {
                                Value::Object(kind) => {
                                    let made = tx.insert_object(&object, index + i, *kind)?;
                                    anew.insert(id.clone(), made);
                                }
                                Value::Scalar(scalar) => tx.insert(&object, index + i, scalar.as_ref().clone())?,
                            }
                        }
                    }
                    PatchAction::SpliceText { index, value, .. } => {
                        tx.splice_text(&object, *index, 0, &value.make_string())?;
                    }
                    PatchAction::DeleteSeq { index, length } => {
                        if tx.object_type(&object)? == automerge::ObjType::Text {
                            tx.splice_text(&object, *index, isize::try_from(*length).unwrap_or(0), "")?;
                        } else {
                            for _ in 0..*length {
                                tx.delete(&object, *index)?;
                            }
                        }
                    }
                    PatchAction::DeleteMap { key } => tx.delete(&object, key.as_str())?,
                    PatchAction::Increment { prop, value } => tx.increment(&object, prop.clone(), *value)?,
                    PatchAction::Conflict { .. } | PatchAction::Mark { .. } => {}
                }
            }
            Ok(())
        },
    );
    done.map(|_| true).map_err(|failed| failed.error)
}

fn put(
    tx: &mut automerge::transaction::Transaction<'_>,
    anew: &mut BTreeMap<ObjId, ObjId>,
    object: &ObjId,
    prop: Prop,
    value: &Value<'_>,
    id: &ObjId,
) -> Result<(), AutomergeError> {
    match value {
        Value::Object(kind) => {
            // Where others have made the same meanwhile (a row of the same key), what is written again goes into that: put in
            // its place, it would take theirs away.
            let there = match (&prop, tx.get(object, prop.clone())?) {
                (Prop::Map(_), Some((Value::Object(found), there))) if found == *kind => Some(there),
                _ => None,
            };
            let place = there.map_or_else(|| tx.put_object(object, prop, *kind), Ok)?;
            anew.insert(id.clone(), place);
        }
        Value::Scalar(scalar) => tx.put(object, prop, scalar.as_ref().clone())?,
    }
    Ok(())
}
