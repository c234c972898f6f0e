//! From an address to a page, and from a page's answer to what is sent back.

use crate::{env::Intent, turn::Tried};
use uuid::Uuid;

use super::{
    address::HOME,
    back::Back,
    child_mode,
    forms::{DRAFT, STAMP},
    hints,
    keeping::{self, Keeping, is_act, leaves, leaves_pages},
    kit,
    locked::{self, AtLock},
    model::{ChildLine, Plan, pep_href},
    page::{
        aside, blank, checks, child, children, choose, comments, errors, filing, held, help, history, join_children,
        meeting, move_version, new, news, plan, print, quality, readers, restore, section, settings, sign_off, since,
        sync, table, targets, tasks, views,
    },
    region::Regions,
    reply::{Reply, TRIES_MAX},
    request::{Leaf, Outcome, Request},
    turn::{NotWritten, Turn},
};
use participant::{Kind, error::Error};

/// The status of the answer to a form that came by itself and could not be taken.
const NOT_TAKEN: u16 = 422;

/// Answers a request.
pub fn answer(turn: &mut Turn<'_>, request: &Request) -> Reply {
    if let Some(revoked) = turn.device.is_revoked() {
        let revoked = revoked.error(turn.env.now.zone);
        let words = [Some(revoked.message), revoked.hint].into_iter().flatten().collect::<Vec<_>>().join(" ");
        let html = kit::bare(&turn.env.base, "This device can no longer be used", &words).into_string();
        return Reply::Page { status: 403, html };
    }
    match locked::answer(turn, request) {
        AtLock::Open => {}
        AtLock::Answered(answer) => return answer,
        // No form that waits asks to be unlocked itself, so this goes one deep.
        AtLock::Waited(waited) => return answer(turn, &waited),
    }
    match turn.child_mode() {
        Ok(None) => {}
        Ok(Some(child_mode)) => return child_mode::answer(turn, request, child_mode),
        Err(e) => return broken(turn, &e),
    }
    let outcome = outcome(turn, request)
        .unwrap_or_else(|e| Some(Outcome::page(errors::failed(&request.base, &e, &request.form))));
    match outcome.unwrap_or_else(|| Outcome::page(errors::not_found(&request.base))) {
        Outcome::Go(address) => Reply::Go(address),
        Outcome::Kept(stamp) => Reply::Page { status: 200, html: keeping::kept(&stamp).into_string() },
        Outcome::Host(intent) => Reply::Host(intent),
        Outcome::File { name, kind, bytes } => Reply::File { name, kind, bytes },
        Outcome::Page(leaf) => {
            let mut leaf = Leaf { hint: hints::of(&request.path), ..*leaf };
            if request.post && leaf.status >= 400 && !leaf.error {
                leaf.main.0.push_str(&errors::typed(&request.form).0);
            }
            page(turn, &leaf)
        }
        Outcome::Partly { leaf, .. } => page(turn, &leaf),
        // Every edit was written, or answered with a page, before it came here.
        Outcome::Write { then, .. }
        | Outcome::Sign { then, .. }
        | Outcome::Readers { then, .. }
        | Outcome::Move { then, .. } => Reply::Go(then),
        // It was started before it came here.
        Outcome::Start { pep, .. } => Reply::Go(pep_href(&request.base, &pep.id(), "")),
        Outcome::Give(_) => Reply::Given,
        Outcome::Picture(picture) => Reply::Picture(picture),
        Outcome::Settings { settings, then } => match turn.keep_settings(settings) {
            Ok(()) => Reply::Host(Intent::LockAfter(settings.idle_minutes, then)),
            Err(e) => page(turn, &errors::failed(&request.base, &e, &request.form)),
        },
    }
}

/// To an address that cannot be one of ours.
pub fn nowhere(turn: &mut Turn<'_>) -> Reply {
    if turn.env.locked {
        return locked::home(turn);
    }
    match turn.child_mode() {
        Ok(None) => page(turn, &errors::not_found(&turn.env.base)),
        Ok(Some(_)) => Reply::Go(turn.env.base.to(HOME)),
        Err(e) => broken(turn, &e),
    }
}

/// To a form that was larger than any form of ours.
pub fn too_large(turn: &mut Turn<'_>) -> Reply {
    if turn.env.locked {
        return locked::home(turn);
    }
    match turn.child_mode() {
        Ok(None) => page(turn, &errors::too_large()),
        Ok(Some(_)) => child_mode::page(turn, &child::too_large(&turn.env.base)),
        Err(e) => broken(turn, &e),
    }
}

/// The parts of a page that stay up to date, as they are now: ids and contents. None where the address is no page any more.
pub fn regions(turn: &mut Turn<'_>, request: &Request) -> Vec<(String, String)> {
    // While the device is with a child nothing of these pages is sent.
    if turn.env.locked || !matches!(turn.child_mode(), Ok(None)) {
        return Vec::new();
    }
    let around = turn.site().map(|site| kit::around(&site));
    let of_page = of_page(turn, request);
    around.into_iter().chain(of_page).flat_map(Regions::parts).collect()
}

/// The regions of one page, and nothing else of it; none where it has none.
fn of_page(turn: &mut Turn<'_>, request: &Request) -> Result<Regions, Error> {
    let path: Vec<&str> = request.path.iter().map(String::as_str).collect();
    let (id, rest) = match path.as_slice() {
        [] => {
            let children = turn.children()?;
            return Ok(tasks::regions(&turn.site()?, &children, &turn.waiting(&children)?));
        }
        ["sync"] => return Ok(sync::regions(&turn.site()?, &turn.sharing()?)),
        ["pep", id, rest @ ..] => (id.parse::<Uuid>(), rest),
        _ => return Ok(Regions::default()),
    };
    let plan = match id {
        Ok(id) => turn.plan(&id, None, None)?,
        Err(_) => None,
    };
    let Some(plan) = plan else { return Ok(Regions::default()) };
    Ok(match rest {
        [] => plan::regions(&plan, turn.offer(&plan)?.as_ref(), &turn.news(&plan)?),
        ["page", page, block] => {
            let page = section::page_of(&plan, page);
            page.map(|page| section::regions(&plan, page, block)).unwrap_or_default()
        }
        ["table", question, word] => table::regions(&plan, question, word),
        ["targets", key, column, word] => table::regions(&plan, &within_target(key, column), word),
        ["quality"] => quality::regions(&plan),
        ["targets"] => targets::list_regions(&plan),
        ["targets", key] => targets::regions(&plan, Plan::target(&plan.view, key), Back::of(request)),
        ["meeting"] => meeting::regions(&plan, &turn.meeting(&plan)?),
        ["meeting", "live"] => meeting::live::regions(&plan, &turn.gathering(&plan)?),
        ["meeting", "wall"] => meeting::wall::regions(request, &plan, &turn.gathering(&plan)?),
        _ => Regions::default(),
    })
}

fn page(turn: &mut Turn<'_>, leaf: &Leaf) -> Reply {
    match turn.site() {
        Ok(site) => Reply::Page { status: leaf.status, html: kit::whole(&site, leaf).into_string() },
        Err(e) => broken(turn, &e),
    }
}

fn broken(turn: &Turn<'_>, e: &Error) -> Reply {
    Reply::Page { status: 500, html: kit::bare(&turn.env.base, "The pages cannot be shown", &e.message).into_string() }
}

fn outcome(turn: &mut Turn<'_>, request: &Request) -> Result<Option<Outcome>, Error> {
    let path: Vec<&str> = request.path.iter().map(String::as_str).collect();
    let only_shown = |outcome: Outcome| if request.post { None } else { Some(outcome) };
    Ok(match path.as_slice() {
        [] => {
            let children = turn.children()?;
            only_shown(tasks::your_tasks(&turn.site()?, &children, &turn.waiting(&children)?))
        }
        ["children"] => {
            only_shown(children::children(request, &turn.site()?, turn.children()?, turn.is_virtual_school()))
        }
        ["children", id, "new"] => match id.parse::<Uuid>().ok().map(|id| turn.child(&id)) {
            Some(child) => {
                let child = child?;
                keeps(turn, request, |turn, request| of_child(turn, request, child))?
            }
            None => None,
        },
        // What was joined is no child of its own any more.
        ["children", _, "join"] if request.post && matches!(turn.env.found.acted, Some(Ok(()))) => {
            Some(Outcome::Go(request.href("/children?joined=1")))
        }
        ["children", id, "join"] => match id.parse::<Uuid>().ok().map(|id| turn.child(&id)) {
            Some(child) => join_of(turn, request, child?)?,
            None => None,
        },
        ["meetings"] => only_shown(meeting::coming(&turn.site()?, &turn.children()?)),
        ["sync"] if request.post && request.form.get("discard").is_some() => {
            turn.discard(request.form.get("discard").unwrap_or_default())?;
            Some(Outcome::Go(request.href("/sync")))
        }
        ["sync"] => Some(sync::sync(request, &turn.site()?, &turn.sharing()?)),
        ["held"] => undecided(turn, request, None)?.and_then(only_shown),
        ["held", change, decision @ ("accept" | "discard")] if request.post => {
            decide(turn, request, change, *decision == "accept")?
        }
        ["views", ..] if request.post => Some(Outcome::page(child::ended(&request.base))),
        ["views", ..] => Some(Outcome::Go(request.href("/"))),
        ["settings"] => {
            keeps(turn, request, |turn, request| Ok(Some(settings::settings(request, &turn.site()?, turn.has_pin()?))))?
        }
        ["settings", "pin"] => Some(of_pin(turn, request)?),
        ["help"] => only_shown(help::help()),
        ["accessibility"] => only_shown(help::accessibility(&turn.site()?)),
        ["blank-form"] => only_shown(blank::blank(request, &turn.site()?)),
        ["about"] => only_shown(help::about(&turn.site()?)),
        ["pep", id, rest @ ..] => match id.parse::<Uuid>() {
            Ok(id) => of_plan(turn, request, &id, rest)?,
            Err(_) => None,
        },
        _ => None,
    })
}

/// A form that is of no plan: what was entered in it and is not saved is kept, as in those of plans.
fn keeps<'t>(
    turn: &mut Turn<'t>,
    request: &Request,
    page: impl FnOnce(&mut Turn<'t>, &Request) -> Result<Option<Outcome>, Error>,
) -> Result<Option<Outcome>, Error> {
    let Some(keeping) = Keeping::of(request, &Uuid::nil()) else {
        let drafted = match request.post {
            true => request.clone(),
            false => Request { form: turn.drafts(&Uuid::nil(), &request.path.join("/"))?, ..request.clone() },
        };
        return page(turn, &drafted);
    };
    if keeping.only {
        return keep_only(turn, request, &keeping).map(Some);
    }
    let leaving = leaves_pages(request);
    if let Some(to) = leaving.clone().filter(|_| is_act(request)) {
        turn.keep_draft(&keeping.place, keeping.entered(&request.form, ""))?;
        return Ok(Some(Outcome::Go(to)));
    }
    match page(turn, request)? {
        Some(Outcome::Page(leaf)) => stays(turn, request, Some(&keeping), vec![String::new()], leaf, leaving).map(Some),
        other => {
            turn.forget_draft(&keeping.place)?;
            Ok(other.map(|outcome| match (outcome, leaving) {
                (Outcome::Settings { settings, .. }, Some(then)) => Outcome::Settings { settings, then },
                (outcome, _) => outcome,
            }))
        }
    }
}

fn undecided(turn: &mut Turn<'_>, request: &Request, wrong: Option<&str>) -> Result<Option<Outcome>, Error> {
    let zone = turn.env.now.zone;
    Ok(Some(match turn.undecided() {
        Ok(Some(waiting)) => held::held(request, zone, &waiting, None, wrong),
        Ok(None) => Outcome::Host(Intent::FetchHeld),
        Err(e) => held::held(request, zone, &[], Some(&(e.message, e.hint)), wrong),
    }))
}

fn decide(turn: &mut Turn<'_>, request: &Request, change: &str, accept: bool) -> Result<Option<Outcome>, Error> {
    match &turn.env.found.decided {
        Some(Ok(())) => {
            let done = if accept { "accepted" } else { "discarded" };
            return Ok(Some(Outcome::Go(request.href(&format!("/held?done={done}")))));
        }
        Some(Err(e)) => return undecided(turn, request, Some(&e.message)),
        None => {}
    }
    let waiting = match turn.undecided() {
        Ok(Some(waiting)) => waiting,
        Ok(None) => return Ok(Some(Outcome::Host(Intent::FetchHeld))),
        Err(e) => return undecided(turn, request, Some(&e.message)),
    };
    match waiting.into_iter().find(|(_, one)| hex::encode(one.change.hash) == change) {
        Some((_, one)) => Ok(Some(Outcome::Host(Intent::Decide { change: Box::new(one.change), accept }))),
        None => undecided(turn, request, Some("Somebody has decided about that change already.")),
    }
}

fn of_pin(turn: &mut Turn<'_>, request: &Request) -> Result<Outcome, Error> {
    let is_set = turn.has_pin()?;
    if !request.post {
        return Ok(settings::pin(&request.base, is_set, &Ok(())));
    }
    let new = match settings::new_pin(request, *(turn.env.fresh)().as_bytes()) {
        Ok(new) => new,
        Err(wrong) => return Ok(settings::pin(&request.base, is_set, &Err(wrong))),
    };
    // Tries count only where the new one would do, so that a mistake in it costs none.
    let allowed = if is_set { turn.try_pin(settings::present_pin(request))? } else { Tried::Right };
    match allowed {
        Tried::Right => turn.keep_pin(&new).map(|()| Outcome::Go(request.href("/settings?done=pin"))),
        Tried::Wrong(not) => Ok(settings::pin(&request.base, is_set, &Err(settings::WrongPin::Present(not)))),
        Tried::Ask(intent) => Ok(Outcome::Host(intent)),
    }
}

fn of_child(turn: &mut Turn<'_>, request: &Request, child: Option<ChildLine>) -> Result<Option<Outcome>, Error> {
    let Some(child) = child else { return Ok(None) };
    let wanted = match request.post {
        true => Some(new::wanted(request, &child, |year, id| turn.process(&child.child, year, id), turn.env.now.day())),
        false => None,
    };
    let offered = turn.offered(&child.child)?;
    let (wanted, doubts) = match wanted {
        Some(Ok(pep)) => match turn.doubts(&pep) {
            Ok(doubts) => (Some(Ok(pep)), doubts),
            // One that was withdrawn, or is of another type now.
            Err(e) if e.kind == Kind::Failed => (Some(Err(vec![("type".to_owned(), e.message)])), Vec::new()),
            Err(e) => return Err(e),
        },
        other => (other, Vec::new()),
    };
    Ok(Some(match new::new(request, &turn.site()?, &child, wanted, &doubts, &offered) {
        Outcome::Start { pep, blank } => Outcome::Go(turn.start(pep, blank)?),
        other => other,
    }))
}

/// A child that was entered twice. The Virtual School alone is asked: it answers for the entries.
fn join_of(turn: &mut Turn<'_>, request: &Request, child: Option<ChildLine>) -> Result<Option<Outcome>, Error> {
    let Some(child) = child.filter(|_| turn.is_virtual_school()) else { return Ok(None) };
    let wrong = match (&turn.env.found.acted, request.post) {
        (Some(Err(e)), true) => Some(e.clone()),
        (_, true) => {
            let not_chosen = || Error::new(Kind::Usage, "Choose as which entry the child is to be known.");
            let wanted = join_children::wanted(request, &child).ok_or_else(not_chosen);
            match wanted.and_then(|(one, into, apart, why)| turn.joins((one, into), apart, &why)) {
                Ok(said) => return Ok(Some(Outcome::Host(Intent::Act(Box::new(said))))),
                Err(e) => Some(e),
            }
        }
        (_, false) => None,
    };
    let (others, joined) = turn.entries(&child.child);
    Ok(Some(join_children::join(request, &turn.site()?, &child, (&others, &joined), wrong.as_ref())))
}

/// How a plan is filed.
fn filing_of(turn: &mut Turn<'_>, request: &Request, plan: &Plan) -> Outcome {
    if !request.post {
        return filing::filing(request, plan, None);
    }
    match &turn.env.found.acted {
        Some(Ok(())) => Outcome::Go(plan.href("?filed=1")),
        Some(Err(e)) => filing::filing(request, plan, Some(e)),
        None => {
            let not_chosen = || Error::new(Kind::Usage, "Choose what kind of PEP it is.");
            match filing::wanted(request).ok_or_else(not_chosen).and_then(|wanted| turn.puts_right(plan, wanted)) {
                Ok(said) => Outcome::Host(Intent::Act(Box::new(said))),
                Err(e) => filing::filing(request, plan, Some(&e)),
            }
        }
    }
}

fn of_plan(turn: &mut Turn<'_>, request: &Request, id: &Uuid, rest: &[&str]) -> Result<Option<Outcome>, Error> {
    // A draft only fills a form in, whatever the page showed that it comes from.
    let draft = matches!(rest, ["comments", _]) && request.form.get(DRAFT).is_some();
    let stamp = (request.post && !draft).then(|| request.form.get(STAMP).unwrap_or_default());
    let form = request.post.then(|| request.fingerprint());
    let keeping = Keeping::of(request, id);
    if let Some(only) = keeping.as_ref().filter(|keeping| keeping.only) {
        return keep_only(turn, request, only).map(Some);
    }
    if let Some(then) = form.and_then(|form| turn.env.memory.written(&form)) {
        return went(turn, keeping.as_ref(), then).map(Some);
    }
    let drafted;
    let request = match request.post {
        true => request,
        false => {
            drafted = Request { form: turn.drafts(id, &request.path.join("/"))?, ..request.clone() };
            &drafted
        }
    };
    if rest.is_empty() && !request.post {
        turn.fill_in(id)?;
    }
    let mut refused = None;
    for _ in 0..TRIES_MAX {
        let Some(plan) = turn.plan(id, stamp, refused.take())? else {
            return Ok(Some(Outcome::page(errors::no_such_plan(&request.base))));
        };
        let leaving = keeping.as_ref().and_then(|_| leaves(request, &plan));
        if let (Some(to), Some(keeping)) = (&leaving, keeping.as_ref().filter(|_| is_act(request))) {
            turn.keep_draft(&keeping.place, keeping.entered(&request.form, ""))?;
            return Ok(Some(Outcome::Go(to.clone())));
        }
        let mut partly = None;
        let (done, then) = match within(turn, request, &plan, rest)? {
            Some(Outcome::Write { lots, then }) => (turn.write(&plan, lots), leaving.unwrap_or(then)),
            Some(Outcome::Go(then)) => return went(turn, keeping.as_ref(), leaving.unwrap_or(then)).map(Some),
            Some(Outcome::Partly { lots, wrong, leaf }) => {
                partly = Some((wrong, leaf, leaving));
                (turn.write(&plan, lots), String::new())
            }
            Some(Outcome::Sign { signature, then }) => (turn.sign(&plan, signature), then),
            Some(Outcome::Readers { roles, then }) => (turn.choose_readers(&plan, roles), then),
            Some(Outcome::Move { version, then }) => (turn.move_version(&plan, version), then),
            Some(Outcome::Page(leaf)) => {
                return stays(turn, request, keeping.as_ref(), vec![String::new()], leaf, leaving).map(Some);
            }
            other => return Ok(other),
        };
        match (done, partly) {
            (Ok(()), Some((wrong, leaf, leaving))) => {
                return stays(turn, request, keeping.as_ref(), wrong, leaf, leaving).map(Some);
            }
            (Ok(()), None) => {
                if let Some(form) = form {
                    turn.env.memory.was_written(form, &then);
                }
                return went(turn, keeping.as_ref(), then).map(Some);
            }
            (Err(NotWritten::Moved), _) => {}
            (Err(NotWritten::Refused(why)), _) => refused = Some(why),
            (Err(NotWritten::Failed(e)), _) => return Err(e),
        }
    }
    Ok(Some(Outcome::page(errors::too_busy())))
}

/// Keeps a form that is only to be kept; one in which nothing is entered any more is forgotten.
fn keep_only(turn: &mut Turn<'_>, request: &Request, keeping: &Keeping) -> Result<Outcome, Error> {
    let place = &keeping.place;
    match turn.keep_draft(place, keeping.entered(&request.form, &place.field))? {
        true => Ok(Outcome::Kept(request.form.get(STAMP).unwrap_or_default().to_owned())),
        false => Ok(Outcome::page(errors::too_large())),
    }
}

/// A form is saved: nothing of it is a draft any more.
fn went(turn: &mut Turn<'_>, keeping: Option<&Keeping>, then: String) -> Result<Outcome, Error> {
    let Some(keeping) = keeping else { return Ok(Outcome::Go(then)) };
    turn.forget_draft(&keeping.place)?;
    if !keeping.by_itself {
        return Ok(Outcome::Go(then));
    }
    let plan = turn.plan(&keeping.place.pep, None, None)?;
    Ok(Outcome::Kept(plan.map(|plan| plan.stamp_now()).unwrap_or_default()))
}

/// A form is not saved, or not at these fields: they are kept. `leaving`: where its person goes all the same.
fn stays(
    turn: &mut Turn<'_>,
    request: &Request,
    keeping: Option<&Keeping>,
    wrong: Vec<String>,
    leaf: Box<Leaf>,
    leaving: Option<String>,
) -> Result<Outcome, Error> {
    let Some(keeping) = keeping.filter(|_| leaf.error || leaf.status >= 400) else { return Ok(Outcome::Page(leaf)) };
    if keeping.by_itself {
        let field = &keeping.place.field;
        turn.keep_draft(&keeping.place, keeping.entered(&request.form, field))?;
        let status = if leaf.status >= 400 { leaf.status } else { NOT_TAKEN };
        return Ok(Outcome::Page(Box::new(leaf.status(status))));
    }
    // What was a draft before is saved, or is one of these.
    turn.forget_draft(&keeping.place)?;
    for field in wrong {
        turn.keep_draft(&keeping.at(&field), keeping.entered(&request.form, &field))?;
    }
    Ok(leaving.map_or(Outcome::Page(leaf), Outcome::Go))
}

fn within(turn: &mut Turn<'_>, request: &Request, plan: &Plan, rest: &[&str]) -> Result<Option<Outcome>, Error> {
    let outcome = match rest {
        // These take forms.
        ["page", page, block] => section::section(request, plan, page, block),
        ["table", question, row] => table::row(request, plan, question, row),
        ["table", question, row, "withdraw"] => table::withdraw(request, plan, question, row),
        ["targets", key] => targets::one(request, plan, key),
        ["targets", key, "withdraw"] => targets::withdraw(request, plan, key),
        ["targets", key, column, row] => table::row(request, plan, &within_target(key, column), row),
        ["targets", key, column, row, "withdraw"] => table::withdraw(request, plan, &within_target(key, column), row),
        ["choose", place] => choose::choose(request, plan, &turn.disputes(plan)?, place),
        ["comments", question] => comments::on(request, plan, question),
        ["views", "give"] => Some(match views::give(request, plan, &turn.team(plan), turn.has_pin()?) {
            Outcome::Give(child_mode) => turn.hand(Some(child_mode)).map(|()| Outcome::Give(child_mode))?,
            other => other,
        }),
        ["picture"] => views::add_picture(request, plan),
        ["views", "readers"] => readers::readers(request, plan, &turn.team(plan)),
        ["history", question, change, word] => match ::plan::bank().question(question) {
            Some(question) => turn
                .was(plan, &question.id, change, word)?
                .and_then(|was| restore::restore(request, plan, question, &was)),
            None => None,
        },
        ["meeting"] => Some(meeting::meeting(request, plan, &turn.meeting(plan)?)),
        ["meeting", "live"] => Some(meeting::live::live(request, plan, &turn.gathering(plan)?)),
        ["checks"] => Some(checks::checks(request, plan, &turn.findings(plan)?)),
        ["quality"] => quality::quality(request, plan, turn.sampled(plan)?),
        ["send-back"] => quality::send_back(request, plan),
        ["filing"] => Some(filing_of(turn, request, plan)),
        ["move"] => move_version::move_version(request, plan, turn.ahead(plan)?.as_ref()),
        ["sign-off"] => Some(sign_off::sign_off(request, plan, turn.offer(plan)?.as_ref())),
        ["news"] if request.post && plan.refused.is_none() => {
            turn.saw(plan)?;
            Some(Outcome::Go(plan.href("")))
        }
        ["news"] => Some(news::news(request, plan, &turn.news(plan)?)),
        // These are only shown.
        _ if request.post => None,
        [] => Some(plan::overview(request, plan, turn.offer(plan)?.as_ref(), &turn.news(plan)?)),
        ["targets"] => targets::list(request, plan),
        ["choose"] => Some(choose::list(request, plan, &turn.disputes(plan)?)),
        ["comments"] => Some(comments::all(plan)),
        ["views"] => Some(views::views(plan, &turn.team(plan))),
        ["views", "picture"] => views::picture(plan).map(Outcome::Picture),
        ["meeting", "meeting.ics"] => Some(meeting::calendar(plan, turn.calendar(plan))),
        ["meeting", "wall"] => Some(meeting::wall::wall(request, plan, &turn.gathering(plan)?)),
        ["aside"] => {
            let (site, now) = (turn.site()?, turn.env.now);
            turn.aside(plan)?.map(|copy| aside::aside(plan, &site, &copy, &now))
        }
        ["history"] => Some(history_of(turn, request, plan, None)?),
        ["print"] => Some(print::choose(request, plan)),
        ["print", "copy"] => copied(turn, request, plan, false)?,
        ["print", "file"] => copied(turn, request, plan, true)?,
        ["print", "table", name] => print::spreadsheet(plan, name),
        ["since", word] => match since::signature(plan, word) {
            Some(made) => turn.version(plan, made.change)?.map(|then| since::since(plan, made, &then)),
            None => None,
        },
        ["history", question] => match ::plan::bank().question(question) {
            Some(question) => Some(history_of(turn, request, plan, Some(&question.id))?),
            None => None,
        },
        _ => None,
    };
    Ok(outcome)
}

fn copied(turn: &mut Turn<'_>, request: &Request, plan: &Plan, as_file: bool) -> Result<Option<Outcome>, Error> {
    let signed = match print::signed(request, plan) {
        Some(None) => return Ok(None),
        Some(Some(made)) => match turn.version(plan, made.change)? {
            Some(then) => Some((made, then)),
            None => return Ok(None),
        },
        None => None,
    };
    let then = signed.as_ref().map(|(made, then)| (*made, then));
    let site = turn.site()?;
    Ok(Some(print::copied(request, &site, plan, then, &turn.env.now, as_file)))
}

fn history_of(
    turn: &mut Turn<'_>,
    request: &Request,
    plan: &Plan,
    question: Option<&'static str>,
) -> Result<Outcome, Error> {
    let (looked, errors) = history::looked(request, plan, question);
    Ok(history::history(request, plan, &looked, &errors, &turn.history(plan, &looked)?))
}

fn within_target(key: &str, column: &str) -> String {
    format!("targets.list/{key}/{column}")
}
