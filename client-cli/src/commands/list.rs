//! `pep list`.

use std::collections::BTreeMap;

use chrono::NaiveDate;
use participant::{
    error::Error,
    lists::{self, Listed},
    words::{self, counted},
};

use crate::{context::Context, json::plan as json};

/// List your plans: how far each is, its next date, and what is still to be answered
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Only plans of which something is due in 15 working days or fewer, or overdue; says what, and whether the child has a
    /// current PEP
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
        let mut lines = lists::plans(device, now)?;
        lines.retain(|line| (!due || line.is_due(now.day())) && (!mine || line.tasks(now.day()).next().is_some()));
        let could = if bring { lists::could_bring(device, &lines)? } else { BTreeMap::new() };
        let newer = if due || mine { Vec::new() } else { device.newer_plans() };
        Ok((now.day(), lines, could, (device.children()?, newer)))
    })?;
    let (children, newer) = others;
    let names: BTreeMap<_, _> = children.into_iter().map(|child| (child.id, child.name)).collect();
    let named = |line: &Listed| names.get(line.pep.child.as_bytes()).cloned();
    if context.global.json {
        let all: Vec<json::Listed> = lines.iter().map(|line| json::Listed::of(line, named(line))).collect();
        context.json(&all);
        return Ok(());
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
    if lines.is_empty() && newer.is_empty() {
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
