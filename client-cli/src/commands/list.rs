//! `pep list`.

use std::collections::{BTreeMap, BTreeSet};

use chrono::NaiveDate;
use participant::{
    duties::{self, OfChild},
    error::Error,
    lists::{self, Listed},
    words::{self, counted},
};

use super::due;
use crate::{context::Context, json::plan as json};

/// List your plans: how far each is, its next date, and what is still to be answered
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Only plans of which something is due in 15 working days or fewer, or overdue, and children without a plan of whom
    /// something is; says what, and whether the child has a current PEP
    #[arg(long)]
    due: bool,
    /// Only plans in which something waits for you, as `pep tasks` says it
    #[arg(long)]
    mine: bool,
}

/// Carries it out.
pub fn run(context: &mut Context, args: Args) -> Result<(), Error> {
    context.me()?;
    let Args { due, mine } = args;
    // Programs are told what there is, not what could be brought.
    let bring = !context.global.json;
    let (today, lines, could, others) = context.turn(move |device, now| {
        let (mut lines, mut children) = lists::plans_and_children(device, now)?;
        // A child of whom something is due, or whose team lacks somebody, stands in the list with a plan or without.
        let planned: BTreeSet<_> = lines.iter().filter(|line| line.pep.counts()).map(|line| line.pep.child).collect();
        let waits = |of: &OfChild| !of.tasks(of.role, now.day()).is_empty();
        let asks = |of: &OfChild| match (due, mine) {
            (true, mine) => of.is_due(now.day()) && (!mine || waits(of)),
            (false, true) => waits(of),
            (false, false) => !of.lacks.is_empty(),
        };
        children.retain(|of| asks(of) && !planned.contains(&of.id()));
        children.sort_by_cached_key(|of| duties::urgency(of, now.day()));
        lines.retain(|line| {
            (!due || line.is_due(now.day()))
                && (!mine
                    || line.tasks(now.day()).next().is_some()
                    || (line.is_newest && line.pep.counts() && waits(&line.of_child)))
        });
        if due {
            lines.sort_by_cached_key(|line| duties::urgency(&line.of_child, now.day()));
        }
        let could = if bring { lists::could_bring(device, &lines)? } else { BTreeMap::new() };
        let newer = if due || mine { Vec::new() } else { device.newer_plans() };
        Ok((now.day(), lines, could, (device.children()?, newer, children)))
    })?;
    let (children, newer, without) = others;
    let names: BTreeMap<_, _> = children.into_iter().map(|child| (child.id, child.name)).collect();
    let named = |line: &Listed| names.get(line.pep.child.as_bytes()).cloned();
    if context.global.json {
        let plans = lines.iter().map(|line| json::InList::Plan(Box::new(json::Listed::of(line, named(line)))));
        // Without --due programs are told of plans.
        let without =
            without.iter().filter(|_| due).filter_map(|of| json::WithoutPlan::of(of)).map(json::InList::Child);
        context.json(&plans.chain(without).collect::<Vec<_>>());
        return Ok(());
    }
    for of in &without {
        let current = words::currency(&of.duties);
        context.data(format!("{}  {}, no plan yet: {current}. As at {}:", of.id(), of.child.name, words::date(today)));
        due::print_duties(context, of, today);
    }
    for line in &lines {
        let could = could.get(&line.pep.id()).copied().unwrap_or_default();
        print(context, line, named(line), could, due.then_some(today));
    }
    for start in &newer {
        let child = names.get(&start.child).map_or("A child", String::as_str);
        let id = uuid::Uuid::from_bytes(start.pep);
        context.data(format!(
            "{id}  {child}, {}: made by a newer version of this program; update it to open it",
            start.term
        ));
    }
    if lines.is_empty() && newer.is_empty() && without.is_empty() {
        context.talk("No plan to show. `pep sync` fetches those of your teams; `pep new` starts one.");
    }
    Ok(())
}

/// A plan, for people; `due`: with what is due, seen from this day.
fn print(context: &mut Context, line: &Listed, child: Option<String>, could: usize, due: Option<NaiveDate>) {
    let next = line.next_date.map_or(String::new(), |(day, provisional)| {
        format!("; next PEP {}{}", words::date(day), if provisional { " (provisional)" } else { "" })
    });
    let (id, child, sitting) = (line.pep.id(), child.unwrap_or("A child".into()), words::sitting(&line.pep));
    context.data(format!("{id}  {child}, {sitting}: {}{next}", line.state));
    if let Some(today) = due {
        let current = words::currency(&line.of_child.duties);
        context.data(format!("    This child's PEP: {current}. As at {}:", words::date(today)));
        for due in line.undone() {
            context.data(format!("    Due: {}", words::due(&line.pep, due, Some(today))));
        }
        if line.is_newest {
            due::print_duties(context, &line.of_child, today);
        }
    } else if line.is_newest {
        due::print_lacks(context, &line.of_child);
    }
    line.put_right.sentences(&line.pep).iter().for_each(|said| context.data(format!("    {said}")));
    if could > 0 {
        let answers = counted(could, "answer");
        context.data(format!("    {answers} of yours could be brought from the last PEP: pep show {id}"));
    }
    if line.changed_since > 0 {
        context.data(format!("    Changed since it was signed off: {}", counted(line.changed_since, "answer")));
    }
    for (role, n) in &line.gaps {
        context.data(format!("    {}: {n} to answer", role.label()));
    }
}
