//! `pep list`.

use participant::bring;
use std::{collections::BTreeMap, sync::Arc};

use chrono::NaiveDate;
use plan::{Currency, Duty, Pep, PepType, Role, Sitting, Standing, State, View, currency};
use replica::Trouble;

use crate::{
    clock,
    context::Context,
    json::plan::{About, Listed},
};
use participant::{
    Mine,
    error::Error,
    words::{self, counted},
};

/// List your plans: how far each is, its next date, and what is still to be answered
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Only plans of which something is due in 15 working days or fewer, or overdue; says what, and whether the child has a
    /// current PEP
    #[arg(long)]
    due: bool,
    /// Only plans in which something is still yours to answer
    #[arg(long)]
    mine: bool,
}

/// Carries it out.
pub fn run(context: &mut Context, args: Args) -> Result<(), Error> {
    context.me()?;
    let day = clock::now().today();
    let (views, children) = context.with(move |device| {
        let mine: Vec<Mine> = device
            .peps()
            .filter_map(|pep| Some(Mine { pep: pep.clone(), role: device.role_for(&pep.child, &day)? }))
            .collect();
        let views = mine.into_iter().map(|mine| Ok((device.view(&mine.pep, mine.role)?, mine)));
        Ok::<_, Trouble>((views.collect::<Result<Vec<(Arc<View>, Mine)>, Trouble>>()?, device.children()?))
    })?;
    let today = Some(clock::now().day());
    let currencies: Vec<Option<Currency>> =
        views.iter().map(|(_, mine)| today.map(|today| currency_of(&views, &mine.pep, today))).collect();
    let could: Vec<usize> = views.iter().map(|(view, mine)| could_bring(&views, view, mine)).collect();
    let states: Vec<State> = views.iter().map(|(view, mine)| state_of(&views, view, &mine.pep)).collect();
    // Where there is a closing PEP, none is due.
    let closings: Vec<_> =
        views.iter().filter(|(_, mine)| mine.pep.kind == PepType::Closing).map(|(_, mine)| mine.pep.child).collect();
    let (mut all, mut printed) = (Vec::new(), false);
    for ((((view, mine), currency), state), could) in views.into_iter().zip(currencies).zip(states).zip(could) {
        let outstanding = outstanding(&view);
        let wanted = (!args.due || is_due(&mine.pep, &view, today))
            && (!args.mine || outstanding.keys().any(|owner| mine.role.counts_as(*owner)));
        if !wanted {
            continue;
        }
        let child = children.iter().find(|c| c.id == *mine.pep.child.as_bytes()).map(|c| c.name.clone());
        if context.global.json {
            all.push(Listed {
                about: About::of(&mine.pep),
                child_name: child,
                state: state.into(),
                next_date: view.next_date.map(|next| next.date),
                due: view.dues.iter().filter(|due| !due.done).find_map(|due| due.by.ok()),
                currency: currency.map(Into::into),
                outstanding: outstanding.into_iter().map(|(role, n)| (role.into(), n)).collect(),
            });
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
            state
        ));
        if args.due {
            let closing = closings.contains(&mine.pep.child);
            let current =
                currency.map_or(String::new(), |currency| format!("    This child's PEP: {}.", currency.label()));
            context.data(format!("{current} As at {}:", today.map_or(String::new(), words::date)));
            let closed =
                |due: &&plan::Due| matches!(due.duty, Duty::Closing(_)) && mine.pep.kind != PepType::Closing && closing;
            for due in view.dues.iter().filter(|due| !due.done && !closed(due)) {
                context.data(format!("    Due: {}", words::due(&mine.pep, due, today)));
            }
        }
        if could > 0 {
            context.data(format!(
                "    {} of yours could be brought from the last PEP: pep show {}",
                counted(could, "answer"),
                mine.pep.id()
            ));
        }
        for (role, n) in outstanding {
            context.data(format!("    {}: {n} to answer", role.label()));
        }
        printed = true;
    }
    if context.global.json {
        context.json(&all);
    } else if !printed {
        context.talk("No plan to show. `pep sync` fetches those of your teams; `pep new` starts one.");
    }
    Ok(())
}

/// How many answers of this person's could be brought into this PEP from the one before it.
fn could_bring(views: &[(Arc<View>, Mine)], view: &View, mine: &Mine) -> usize {
    let when = |pep: &Pep| (pep.year, pep.term, pep.kind);
    let before =
        views.iter().filter(|(_, other)| other.pep.child == mine.pep.child && when(&other.pep) < when(&mine.pep));
    let last = before.max_by_key(|(_, other)| when(&other.pep));
    last.map_or(0, |(before, other)| bring::could_bring(mine, view, &other.pep, before))
}

/// How far a PEP has come, in the light of the child's other PEPs held here.
fn state_of(views: &[(Arc<View>, Mine)], view: &View, pep: &Pep) -> State {
    let signed_on =
        |view: &View| view.sign_offs.iter().filter(|made| made.question == "signoff.vs").map(|made| made.on).max();
    let when = |pep: &Pep, view: &View| (pep.year, pep.term, signed_on(view));
    let later = views.iter().any(|(other, mine)| {
        mine.pep.child == pep.child && other.signed_off() && when(&mine.pep, other) > when(pep, view)
    });
    view.state.superseded(later)
}

fn outstanding(view: &View) -> BTreeMap<Role, usize> {
    let mut outstanding = BTreeMap::new();
    for gap in &view.gaps {
        *outstanding.entry(gap.owner).or_default() += 1;
    }
    outstanding
}

fn is_due(pep: &Pep, view: &View, today: Option<NaiveDate>) -> bool {
    let Some(today) = today else { return true };
    let dues = view.dues.iter().filter(|due| !due.done).filter_map(|due| due.by.ok());
    let mut days = dues.chain(view.next_date.map(|next| next.date));
    days.any(|by| pep.process().calendar.standing(today, by) != Standing::Ahead)
}

/// Whether the child of this PEP has a current one, by all of the child's PEPs held here.
fn currency_of(views: &[(Arc<View>, Mine)], pep: &Pep, today: NaiveDate) -> Currency {
    let of_child = views.iter().filter(|(_, mine)| mine.pep.child == pep.child);
    let sittings: Vec<Sitting> = of_child
        .map(|(view, mine)| Sitting {
            year: mine.pep.year,
            term: mine.pep.term,
            signed_off: view.signed_off(),
            due: view.dues.iter().find(|due| due.duty == Duty::Term).and_then(|due| due.by.ok()),
        })
        .collect();
    currency(&sittings, &pep.process().calendar, today)
}
