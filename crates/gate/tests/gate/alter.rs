//! Random alterations of a genuine change. The fuzz targets of the package `harness` take this file in, too.

use automerge::legacy::{ElementId, Key, ObjectId, Op, OpId, OpType};
use automerge::{Change, ChangeHash, ExpandedChange, ObjType, ScalarValue};

/// What alterations draw on: the genuine changes, their operations, and the ids of these.
pub struct Material {
    pub changes: Vec<Change>,
    pub ops: Vec<Op>,
    pub ids: Vec<OpId>,
}

impl Material {
    /// Of these changes, and whatever ids there are beside theirs.
    pub fn of(changes: Vec<Change>, mut ids: Vec<OpId>) -> Material {
        let decoded: Vec<ExpandedChange> = changes.iter().map(Change::decode).collect();
        for change in &decoded {
            let counters = change.start_op.get()..;
            ids.extend(counters.zip(&change.operations).map(|(counter, _)| OpId(counter, change.actor_id.clone())));
        }
        let ops = decoded.into_iter().flat_map(|change| change.operations).collect();
        Material { changes, ops, ids }
    }
}

/// Choices, one after another; nought when they are used up.
pub struct Picks(pub std::vec::IntoIter<u32>);

impl Picks {
    pub fn below(&mut self, bound: usize) -> usize {
        self.0.next().unwrap_or(0) as usize % bound
    }

    fn of<T: Clone>(&mut self, list: &[T]) -> T {
        list[self.below(list.len())].clone()
    }
}

/// One alteration.
pub fn alter(change: &mut ExpandedChange, material: &Material, picks: &mut Picks) {
    let ops = change.operations.len();
    let at = picks.below(ops.max(1)).min(ops.saturating_sub(1));
    let own = OpId(change.start_op.get() + picks.below(ops + 1) as u64, change.actor_id.clone());
    let any_id = match picks.below(5) {
        0 => own,
        _ => picks.of(&material.ids),
    };
    match (picks.below(15), change.operations.get_mut(at)) {
        (0, Some(op)) => op.obj = ObjectId::Id(any_id),
        (1, Some(op)) => op.obj = picks.of(&material.ops).obj,
        (2, Some(op)) => op.key = picks.of(&material.ops).key,
        (3, Some(op)) => op.key = Key::Seq(ElementId::Id(any_id)),
        (4, Some(op)) => op.insert = !op.insert,
        (5, Some(op)) => op.pred = vec![any_id].into(),
        (6, Some(op)) => op.pred = op.pred.iter().cloned().chain([any_id]).collect(),
        (7, Some(op)) => op.pred = op.pred.iter().skip(1).cloned().collect(),
        (8, Some(op)) => op.action = picks.of(&material.ops).action,
        (9, Some(op)) => {
            op.action = picks.of(&[
                OpType::Make(ObjType::Map),
                OpType::Make(ObjType::Text),
                OpType::Make(ObjType::List),
                OpType::Delete,
                OpType::Increment(i64::from(i32::MIN)),
                OpType::Put(ScalarValue::counter(1)),
                OpType::Put("".into()),
                OpType::Put("🙂".into()),
                OpType::Put(f64::NAN.into()),
            ]);
        }
        (10, Some(_)) => change.operations.insert(at, picks.of(&material.ops)),
        (11, Some(_)) => change.operations.swap(0, at),
        (12, Some(_)) => drop(change.operations.remove(at)),
        (13, _) => match picks.below(4) {
            0 => change.deps = change.deps.iter().rev().copied().collect(),
            1 => change.deps.truncate(1),
            2 => change.deps.push(picks.of(&material.changes).hash()),
            _ => change.deps.push(ChangeHash([1; 32])),
        },
        _ => match picks.below(4) {
            0 => change.seq += 1,
            1 => change.start_op = change.start_op.saturating_add(1),
            2 => change.actor_id = picks.of(&material.changes).actor_id().clone(),
            _ => change.time = i64::from(picks.below(usize::MAX) as u32) * 2,
        },
    }
}
