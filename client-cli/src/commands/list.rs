//! `pep list`.

use std::collections::BTreeMap;

use chrono::{Days, NaiveDate};
use plan::{Pep, Role, View};
use replica::Trouble;
use serde_json::json;

use crate::{
    clock,
    context::{Context, Mine},
    error::CommandError,
    json, words,
};

/// Calendar days within which a plan counts as due: about 15 working days.
const DUE_DAYS: u64 = 21;

/// List your plans: how far each is, its next date, and what is still to be answered
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Only plans whose term ends or whose next meeting comes within three weeks
    #[arg(long)]
    due: bool,
    /// Only plans in which something is still yours to answer
    #[arg(long)]
    mine: bool,
}

/// Carries it out.
pub fn run(context: &mut Context, args: Args) -> Result<(), CommandError> {
    context.me()?;
    let day = clock::today();
    let (views, children) = context.with(move |core| {
        let mine: Vec<Mine> = core
            .peps()
            .filter_map(|pep| Some(Mine { pep: pep.clone(), role: core.role_for(&pep.child, &day)? }))
            .collect();
        let views = mine.into_iter().map(|mine| Ok((core.view(&mine.pep, mine.role)?, mine)));
        Ok::<_, Trouble>((views.collect::<Result<Vec<(View, Mine)>, Trouble>>()?, core.children()?))
    })?;
    let soon = clock::today().parse::<NaiveDate>().ok().and_then(|today| today.checked_add_days(Days::new(DUE_DAYS)));
    let mut all = Vec::new();
    for (view, mine) in views {
        let outstanding = outstanding(&view);
        let wanted = (!args.due || is_due(&mine.pep, &view, soon))
            && (!args.mine || outstanding.keys().any(|owner| mine.role.counts_as(*owner)));
        if !wanted {
            continue;
        }
        let child = children.iter().find(|c| c.id == *mine.pep.child.as_bytes()).map(|c| c.name.clone());
        if context.global.json {
            let mut item = json::about(&mine.pep);
            item.insert("childName".into(), json!(child));
            item.insert("state".into(), view.state.to_string().into());
            item.insert("nextDate".into(), json!(view.next_date.map(|next| next.date.to_string())));
            let outstanding = outstanding.iter().map(|(role, n)| (role.to_string(), json!(n)));
            item.insert("outstanding".into(), outstanding.collect::<serde_json::Map<_, _>>().into());
            all.push(item.into());
            continue;
        }
        let next = view.next_date.map_or(String::new(), |next| {
            format!("; next PEP {}{}", words::date(next.date), if next.provisional { " (provisional)" } else { "" })
        });
        context.data(format!(
            "{}  {}, {}: {}{next}",
            mine.pep.id(),
            child.unwrap_or("A child".into()),
            words::sitting(&mine.pep),
            view.state
        ));
        for (role, n) in outstanding {
            context.data(format!("    {}: {n} to answer", role.label()));
        }
        all.push(json!(null));
    }
    if context.global.json {
        context.json(&all.into());
    } else if all.is_empty() {
        context.talk("No plan to show. `pep sync` fetches those of your teams; `pep new` starts one.");
    }
    Ok(())
}

fn outstanding(view: &View) -> BTreeMap<Role, usize> {
    let mut outstanding = BTreeMap::new();
    for gap in &view.gaps {
        *outstanding.entry(gap.owner).or_default() += 1;
    }
    outstanding
}

fn is_due(pep: &Pep, view: &View, soon: Option<NaiveDate>) -> bool {
    let term = pep.process().calendar.terms.iter().find(|t| t.year == pep.year && t.term == pep.term);
    let dates = [term.map(|t| t.complete_by), view.next_date.map(|next| next.date)];
    dates.into_iter().flatten().any(|date| soon.is_some_and(|soon| date <= soon))
}
