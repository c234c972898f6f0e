//! From an address to a page, and from a page's answer to what is sent back.

use crate::{desk::Tried, env::Intent};
use uuid::Uuid;

use super::{
    address::HOME,
    answer::{Answer, TRIES_MAX},
    desk::{Desk, NotWritten},
    forms::{DRAFT, STAMP},
    handed, kit,
    lent::{ChildLine, Plan, pep_href},
    locked::{self, AtLock},
    page::{
        blank, checks, child, children, choose, comments, errors, held, help, history, meeting, new, plan, print,
        quality, readers, restore, section, settings, sign_off, since, sync, table, targets, tasks, views,
    },
    region::Regions,
    request::{Leaf, Outcome, Request},
    tips,
};
use participant::error::Error;

/// Answers a request.
pub fn answer(desk: &mut Desk<'_>, request: &Request) -> Answer {
    if let Some(revoked) = desk.device.is_revoked() {
        let revoked = revoked.error(desk.env.now.zone);
        let words = [Some(revoked.message), revoked.hint].into_iter().flatten().collect::<Vec<_>>().join(" ");
        let html = kit::bare(&desk.env.base, "This device can no longer be used", &words).into_string();
        return Answer::Page { status: 403, html };
    }
    match locked::answer(desk, request) {
        AtLock::Open => {}
        AtLock::Answered(answer) => return answer,
        // No form that waits asks to be unlocked itself, so this goes one deep.
        AtLock::Waited(waited) => return answer(desk, &waited),
    }
    match desk.handed() {
        Ok(None) => {}
        Ok(Some(handed)) => return handed::answer(desk, request, handed),
        Err(e) => return broken(desk, &e),
    }
    let outcome = outcome(desk, request)
        .unwrap_or_else(|e| Some(Outcome::page(errors::failed(&request.base, &e, &request.form))));
    match outcome.unwrap_or_else(|| Outcome::page(errors::not_found(&request.base))) {
        Outcome::Go(address) => Answer::Go(address),
        Outcome::Host(intent) => Answer::Host(intent),
        Outcome::File { name, kind, bytes } => Answer::File { name, kind, bytes },
        Outcome::Page(leaf) => {
            let mut leaf = Leaf { tip: tips::of(&request.path), ..*leaf };
            if request.post && leaf.status >= 400 {
                leaf.main.0.push_str(&errors::typed(&request.form).0);
            }
            page(desk, &leaf)
        }
        // Every edit was written, or answered with a page, before it came here.
        Outcome::Write { then, .. } | Outcome::Sign { then, .. } | Outcome::Readers { then, .. } => Answer::Go(then),
        // It was started before it came here.
        Outcome::Start { pep, .. } => Answer::Go(pep_href(&request.base, &pep.id(), "")),
        Outcome::Give(_) => Answer::Given,
        Outcome::Picture(picture) => Answer::Picture(picture),
        Outcome::Settings { settings, then } => match desk.keep_settings(settings) {
            Ok(()) => Answer::Host(Intent::LockAfter(settings.idle_minutes, then)),
            Err(e) => page(desk, &errors::failed(&request.base, &e, &request.form)),
        },
    }
}

/// To an address that cannot be one of ours.
pub fn nowhere(desk: &mut Desk<'_>) -> Answer {
    if desk.env.locked {
        return locked::home(desk);
    }
    match desk.handed() {
        Ok(None) => page(desk, &errors::not_found(&desk.env.base)),
        Ok(Some(_)) => Answer::Go(desk.env.base.to(HOME)),
        Err(e) => broken(desk, &e),
    }
}

/// To a form that was larger than any form of ours.
pub fn too_large(desk: &mut Desk<'_>) -> Answer {
    if desk.env.locked {
        return locked::home(desk);
    }
    match desk.handed() {
        Ok(None) => page(desk, &errors::too_large()),
        Ok(Some(_)) => handed::page(desk, &child::too_large(&desk.env.base)),
        Err(e) => broken(desk, &e),
    }
}

/// The parts of a page that stay up to date, as they are now: ids and contents. None where the address is no page any more.
pub fn regions(desk: &mut Desk<'_>, request: &Request) -> Vec<(String, String)> {
    // While the device is with a child nothing of these pages is sent.
    if desk.env.locked || !matches!(desk.handed(), Ok(None)) {
        return Vec::new();
    }
    let around = desk.site().map(|site| kit::around(&site));
    let of_page = of_page(desk, request);
    around.into_iter().chain(of_page).flat_map(Regions::parts).collect()
}

/// The regions of one page, and nothing else of it; none where it has none.
fn of_page(desk: &mut Desk<'_>, request: &Request) -> Result<Regions, Error> {
    let path: Vec<&str> = request.path.iter().map(String::as_str).collect();
    let (id, rest) = match path.as_slice() {
        [] => return Ok(tasks::regions(&desk.site()?, &desk.digests()?)),
        ["sync"] => return Ok(sync::regions(&desk.site()?, &desk.sharing()?)),
        ["pep", id, rest @ ..] => (id.parse::<Uuid>(), rest),
        _ => return Ok(Regions::default()),
    };
    let plan = match id {
        Ok(id) => desk.plan(&id, None, None)?,
        Err(_) => None,
    };
    let Some(plan) = plan else { return Ok(Regions::default()) };
    Ok(match rest {
        [] => plan::regions(&plan),
        ["page", page, block] => {
            let page = section::page_of(&plan, page);
            page.map(|page| section::regions(&plan, page, block)).unwrap_or_default()
        }
        ["targets", key] => targets::regions(&plan, Plan::target(&plan.view, key)),
        ["meeting", "live"] => meeting::live::regions(&plan, &desk.gathering(&plan)?),
        ["meeting", "wall"] => meeting::wall::regions(request, &plan, &desk.gathering(&plan)?),
        _ => Regions::default(),
    })
}

fn page(desk: &mut Desk<'_>, leaf: &Leaf) -> Answer {
    match desk.site() {
        Ok(site) => Answer::Page { status: leaf.status, html: kit::whole(&site, leaf).into_string() },
        Err(e) => broken(desk, &e),
    }
}

fn broken(desk: &Desk<'_>, e: &Error) -> Answer {
    Answer::Page { status: 500, html: kit::bare(&desk.env.base, "The pages cannot be shown", &e.message).into_string() }
}

fn outcome(desk: &mut Desk<'_>, request: &Request) -> Result<Option<Outcome>, Error> {
    let path: Vec<&str> = request.path.iter().map(String::as_str).collect();
    let only_shown = |outcome: Outcome| if request.post { None } else { Some(outcome) };
    Ok(match path.as_slice() {
        [] => only_shown(tasks::tasks(&desk.site()?, &desk.digests()?)),
        ["children"] => only_shown(children::children(request, &desk.site()?, desk.children()?)),
        ["children", id, "new"] => match id.parse::<Uuid>().ok().map(|id| desk.child(&id)) {
            Some(child) => of_child(desk, request, child?)?,
            None => None,
        },
        ["meetings"] => only_shown(meeting::coming(&desk.site()?, &desk.digests()?)),
        ["sync"] => Some(sync::sync(request, &desk.site()?, &desk.sharing()?)),
        ["held"] => undecided(desk, request, None)?.and_then(only_shown),
        ["held", change, decision @ ("accept" | "discard")] if request.post => {
            decide(desk, request, change, *decision == "accept")?
        }
        ["views", ..] if request.post => Some(Outcome::page(child::ended(&request.base))),
        ["views", ..] => Some(Outcome::Go(request.href("/"))),
        ["settings"] => Some(settings::settings(request, &desk.site()?, desk.has_pin()?)),
        ["settings", "pin"] => Some(of_pin(desk, request)?),
        ["help"] => only_shown(help::help()),
        ["accessibility"] => only_shown(help::accessibility(&desk.site()?)),
        ["blank-form"] => only_shown(blank::blank(request, &desk.site()?)),
        ["about"] => only_shown(help::about(&desk.site()?)),
        ["pep", id, rest @ ..] => match id.parse::<Uuid>() {
            Ok(id) => of_plan(desk, request, &id, rest)?,
            Err(_) => None,
        },
        _ => None,
    })
}

fn undecided(desk: &mut Desk<'_>, request: &Request, wrong: Option<&str>) -> Result<Option<Outcome>, Error> {
    let zone = desk.env.now.zone;
    Ok(Some(match desk.undecided() {
        Ok(Some(waiting)) => held::held(request, zone, &waiting, None, wrong),
        Ok(None) => Outcome::Host(Intent::FetchHeld),
        Err(e) => held::held(request, zone, &[], Some(&(e.message, e.hint)), wrong),
    }))
}

fn decide(desk: &mut Desk<'_>, request: &Request, change: &str, accept: bool) -> Result<Option<Outcome>, Error> {
    match &desk.env.found.decided {
        Some(Ok(())) => {
            let done = if accept { "accepted" } else { "discarded" };
            return Ok(Some(Outcome::Go(request.href(&format!("/held?done={done}")))));
        }
        Some(Err(e)) => return undecided(desk, request, Some(&e.message)),
        None => {}
    }
    let waiting = match desk.undecided() {
        Ok(Some(waiting)) => waiting,
        Ok(None) => return Ok(Some(Outcome::Host(Intent::FetchHeld))),
        Err(e) => return undecided(desk, request, Some(&e.message)),
    };
    match waiting.into_iter().find(|(_, one)| hex::encode(one.change.hash) == change) {
        Some((_, one)) => Ok(Some(Outcome::Host(Intent::Decide { change: Box::new(one.change), accept }))),
        None => undecided(desk, request, Some("Somebody has decided about that change already.")),
    }
}

fn of_pin(desk: &mut Desk<'_>, request: &Request) -> Result<Outcome, Error> {
    let is_set = desk.has_pin()?;
    if !request.post {
        return Ok(settings::pin(&request.base, is_set, &Ok(())));
    }
    let new = match settings::new_pin(request, *(desk.env.fresh)().as_bytes()) {
        Ok(new) => new,
        Err(wrong) => return Ok(settings::pin(&request.base, is_set, &Err(wrong))),
    };
    // Tries count only where the new one would do, so that a mistake in it costs none.
    let allowed = if is_set { desk.try_pin(settings::present_pin(request))? } else { Tried::Right };
    match allowed {
        Tried::Right => desk.keep_pin(&new).map(|()| Outcome::Go(request.href("/settings?done=pin"))),
        Tried::Wrong(not) => Ok(settings::pin(&request.base, is_set, &Err(settings::WrongPin::Present(not)))),
        Tried::Ask(intent) => Ok(Outcome::Host(intent)),
    }
}

fn of_child(desk: &mut Desk<'_>, request: &Request, child: Option<ChildLine>) -> Result<Option<Outcome>, Error> {
    let Some(child) = child else { return Ok(None) };
    let wanted = request.post.then(|| new::wanted(request, &child, desk.device.processes()));
    let doubts = match &wanted {
        Some(Ok(pep)) => desk.doubts(pep)?,
        _ => Vec::new(),
    };
    Ok(Some(match new::new(request, &desk.site()?, &child, wanted, &doubts) {
        Outcome::Start { pep, blank } => Outcome::Go(desk.start(pep, blank)?),
        other => other,
    }))
}

fn of_plan(desk: &mut Desk<'_>, request: &Request, id: &Uuid, rest: &[&str]) -> Result<Option<Outcome>, Error> {
    // A draft only fills a form in, whatever the page showed that it comes from.
    let draft = matches!(rest, ["comments", _]) && request.form.get(DRAFT).is_some();
    let stamp = (request.post && !draft).then(|| request.form.get(STAMP).unwrap_or_default());
    let form = request.post.then(|| request.fingerprint());
    if let Some(then) = form.and_then(|form| desk.env.memory.written(&form)) {
        return Ok(Some(Outcome::Go(then)));
    }
    let mut refused = None;
    for _ in 0..TRIES_MAX {
        let Some(plan) = desk.plan(id, stamp, refused.take())? else {
            return Ok(Some(Outcome::page(errors::no_such_plan(&request.base))));
        };
        let (done, then) = match within(desk, request, &plan, rest)? {
            Some(Outcome::Write { lots, then }) => (desk.write(&plan, lots), then),
            Some(Outcome::Sign { signature, then }) => (desk.sign(&plan, signature), then),
            Some(Outcome::Readers { roles, then }) => (desk.choose_readers(&plan, roles), then),
            other => return Ok(other),
        };
        match done {
            Ok(()) => {
                if let Some(form) = form {
                    desk.env.memory.was_written(form, &then);
                }
                return Ok(Some(Outcome::Go(then)));
            }
            Err(NotWritten::Moved) => {}
            Err(NotWritten::Refused(why)) => refused = Some(why),
            Err(NotWritten::Failed(e)) => return Err(e),
        }
    }
    Ok(Some(Outcome::page(errors::too_busy())))
}

fn within(desk: &mut Desk<'_>, request: &Request, lent: &Plan, rest: &[&str]) -> Result<Option<Outcome>, Error> {
    let outcome = match rest {
        // These take forms.
        ["page", page, block] => section::section(request, lent, page, block),
        ["table", question, row] => table::row(request, lent, question, row),
        ["table", question, row, "withdraw"] => table::withdraw(request, lent, question, row),
        ["targets", key] => targets::one(request, lent, key),
        ["targets", key, "withdraw"] => targets::withdraw(request, lent, key),
        ["targets", key, column, row] => table::row(request, lent, &within_target(key, column), row),
        ["targets", key, column, row, "withdraw"] => table::withdraw(request, lent, &within_target(key, column), row),
        ["choose", place] => choose::choose(request, lent, &desk.disputes(lent)?, place),
        ["comments", question] => comments::on(request, lent, question),
        ["views", "give"] => Some(match views::give(request, lent, &desk.team(lent), desk.has_pin()?) {
            Outcome::Give(handed) => desk.hand(Some(handed)).map(|()| Outcome::Give(handed))?,
            other => other,
        }),
        ["views", "readers"] => readers::readers(request, lent, &desk.team(lent)),
        ["history", question, change, word] => match ::plan::bank().question(question) {
            Some(question) => desk
                .was(lent, &question.id, change, word)?
                .and_then(|was| restore::restore(request, lent, question, &was)),
            None => None,
        },
        ["meeting"] => Some(meeting::meeting(request, lent, &desk.meeting(lent)?)),
        ["meeting", "live"] => Some(meeting::live::live(request, lent, &desk.gathering(lent)?)),
        ["quality"] => quality::quality(request, lent, desk.sampled(lent)?),
        ["send-back"] => quality::send_back(request, lent),
        ["sign-off"] => Some(sign_off::sign_off(request, lent, desk.offer(lent)?.as_ref())),
        // These are only shown.
        _ if request.post => None,
        [] => Some(plan::overview(request, lent)),
        ["targets"] => targets::list(request, lent),
        ["choose"] => Some(choose::list(request, lent, &desk.disputes(lent)?)),
        ["comments"] => Some(comments::all(lent)),
        ["views"] => Some(views::views(lent, &desk.team(lent))),
        ["views", "picture"] => views::picture(lent).map(Outcome::Picture),
        ["meeting", "meeting.ics"] => Some(meeting::calendar(lent, desk.calendar(lent))),
        ["meeting", "wall"] => Some(meeting::wall::wall(request, lent, &desk.gathering(lent)?)),
        ["checks"] => Some(checks::checks(lent, &desk.findings(lent)?)),
        ["history"] => Some(past(desk, request, lent, None)?),
        ["print"] => Some(print::choose(request, lent)),
        ["print", "copy"] => copied(desk, request, lent, false)?,
        ["print", "file"] => copied(desk, request, lent, true)?,
        ["print", "table", name] => print::spreadsheet(lent, name),
        ["since", word] => match since::signature(lent, word) {
            Some(made) => desk.version(lent, made.change)?.map(|then| since::since(lent, made, &then)),
            None => None,
        },
        ["history", question] => match ::plan::bank().question(question) {
            Some(question) => Some(past(desk, request, lent, Some(&question.id))?),
            None => None,
        },
        _ => None,
    };
    Ok(outcome)
}

fn copied(desk: &mut Desk<'_>, request: &Request, lent: &Plan, as_file: bool) -> Result<Option<Outcome>, Error> {
    let signed = match print::signed(request, lent) {
        Some(None) => return Ok(None),
        Some(Some(made)) => match desk.version(lent, made.change)? {
            Some(then) => Some((made, then)),
            None => return Ok(None),
        },
        None => None,
    };
    let then = signed.as_ref().map(|(made, then)| (*made, then));
    let site = desk.site()?;
    Ok(Some(print::copied(request, &site, lent, then, &desk.env.now, as_file)))
}

fn past(desk: &mut Desk<'_>, request: &Request, lent: &Plan, question: Option<&'static str>) -> Result<Outcome, Error> {
    let (looked, errors) = history::looked(request, lent, question);
    Ok(history::history(request, lent, &looked, &errors, &desk.past(lent, &looked)?))
}

fn within_target(key: &str, column: &str) -> String {
    format!("targets.list/{key}/{column}")
}
