//! What everybody works out for a plan before anybody has written in it: first changes, moves to a newer version, the gate's tables.
//! As a ratio to an empty change of Automerge's, made in the same round on the same machine.

use std::{collections::BTreeMap, hint::black_box, time::Instant};

use automerge::{Automerge, ROOT, transaction::Transactable};
use gate::Rules;
use plan::{DocumentKind, Pep, Processes};
use serde_json::{Value, json};

use crate::{joined::IDRIS, load::spring_review};

/// How many are made in a second, and how many small changes one of them costs.
pub fn measure(rounds: usize) -> Result<Value, String> {
    let processes = Processes::built_in();
    let mut seconds: BTreeMap<&str, f64> = BTreeMap::new();
    let mut made: BTreeMap<&str, usize> = BTreeMap::new();
    let mut time = |name: &'static str, work: &mut dyn FnMut() -> usize| {
        let begun = Instant::now();
        let count = work();
        *seconds.entry(name).or_default() += begun.elapsed().as_secs_f64();
        *made.entry(name).or_default() += count;
    };
    let review = spring_review(IDRIS)?;
    for process in (0..rounds).flat_map(|_| processes.newest()) {
        let began = processes.get(&process.id, 1).map_err(|e| e.to_string())?;
        let pep = Pep { process: began.clone(), ..review.clone() };
        let moved = processes.after(&began).pop().ok_or("there is no newer version")?;
        let moved = Pep { process: moved, ..pep.clone() };
        time("smallChange", &mut small_change);
        time("firstChange", &mut || {
            DocumentKind::ALL.iter().filter(|kind| !black_box(pep.genesis(**kind)).is_empty()).count()
        });
        time("moves", &mut || {
            DocumentKind::ALL.iter().filter(|kind| !black_box(moved.extensions(**kind)).is_empty()).count()
        });
        time("table", &mut || {
            let tables = DocumentKind::ALL.iter().map(|kind| moved.process.write_table(*kind));
            tables.filter_map(|table| table.parse::<Rules>().ok()).map(black_box).count()
        });
    }
    let each = |name: &str| match (seconds.get(name), made.get(name)) {
        (Some(seconds), Some(made)) if *made > 0 => seconds / *made as f64,
        _ => f64::NAN,
    };
    let small = each("smallChange");
    let line = |name: &str| json!({ "aSecond": (1.0 / each(name)).round(), "ratio": each(name) / small });
    Ok(
        json!({ "firstChange": line("firstChange"), "moves": line("moves"), "table": line("table"), "smallChange": line("smallChange") }),
    )
}

/// A change of one value in an empty document.
fn small_change() -> usize {
    let mut document = Automerge::new();
    let mut tx = document.transaction();
    if tx.put(ROOT, "value", 1).is_err() {
        return 0;
    }
    tx.commit();
    usize::from(document.get_last_local_change().map(black_box).is_some())
}
