//! Child mode, from an address to a page while the device is with a child: the child's own pages, and from everywhere else back to them.

use super::{
    address::HOME,
    kit,
    model::{Given, pep_href},
    page::{child, readers, views},
    reply::{Reply, TRIES_MAX},
    request::{Leaf, Outcome, Request},
    turn::{NotWritten, Tried, Turn},
};
use participant::{
    error::Error,
    settings::{ChildMode, TextSize},
};

/// Answers a request. What asks for anything but the child's own pages is not looked at.
pub fn answer(turn: &mut Turn<'_>, request: &Request, child_mode: ChildMode) -> Reply {
    let path: Vec<&str> = request.path.iter().map(String::as_str).collect();
    let outcome = match path.as_slice() {
        ["views", rest @ ..] => of_child(turn, request, child_mode, rest),
        _ => return Reply::Go(request.href(HOME)),
    };
    match outcome {
        Ok(Some(Outcome::Page(leaf))) => page(turn, &leaf),
        Ok(Some(Outcome::Go(to))) => Reply::Go(to),
        Ok(Some(Outcome::Picture(picture))) => Reply::Picture(picture),
        Ok(Some(Outcome::Host(intent))) => Reply::Host(intent),
        // No child's page asks for anything else; whatever was written is written already.
        Ok(_) => Reply::Go(request.href(HOME)),
        Err(_) => page(turn, &child::trouble(&request.base)),
    }
}

/// A page of the child's, with nothing around it.
pub fn page(turn: &mut Turn<'_>, leaf: &Leaf) -> Reply {
    let text = turn.settings().map_or(TextSize::Usual, |settings| settings.text);
    Reply::Page { status: leaf.status, html: kit::childs(&turn.env.base, text, leaf).into_string() }
}

fn of_child(
    turn: &mut Turn<'_>,
    request: &Request,
    child_mode: ChildMode,
    rest: &[&str],
) -> Result<Option<Outcome>, Error> {
    if rest == ["leave"] {
        // Where the plan cannot be read nobody can tell that the device is the child's own: the PIN is asked for.
        let is_own = matches!(turn.given(child_mode, None), Ok(Some(given)) if given.is_own());
        return Ok(Some(leave(turn, request, child_mode, is_own)?));
    }
    let mut refused = None;
    for _ in 0..TRIES_MAX {
        let Some(given) = turn.given(child_mode, refused.take())? else {
            return Ok(Some(Outcome::page(child::trouble(&request.base))));
        };
        let (done, then) = match of(request, &given, rest) {
            Some(Outcome::Write { lots, then }) => (turn.write(&given.plan, lots), then),
            Some(Outcome::Readers { roles, then }) => (turn.choose_readers(&given.plan, roles), then),
            other => return Ok(other),
        };
        match done {
            Ok(()) => return Ok(Some(Outcome::Go(then))),
            Err(NotWritten::Moved) => {}
            Err(NotWritten::Refused(why)) => refused = Some(why),
            Err(NotWritten::Failed(e)) => return Err(e),
        }
    }
    Ok(Some(Outcome::page(child::trouble(&request.base))))
}

fn of(request: &Request, given: &Given, rest: &[&str]) -> Option<Outcome> {
    match rest {
        [] => Some(child::hello(request, given)),
        ["check"] => Some(child::check(given)),
        ["picture"] if !request.post => views::picture(&given.plan).map(Outcome::Picture),
        ["readers"] => readers::childs(request, given),
        ["thanks"] => Some(child::thanks(given)),
        [number] => child::one(request, given, number.parse().ok()?),
        _ => None,
    }
}

fn leave(turn: &mut Turn<'_>, request: &Request, child_mode: ChildMode, is_own: bool) -> Result<Outcome, Error> {
    if !request.post {
        return Ok(child::leave(&request.base, is_own, None));
    }
    let tried = match is_own {
        true => Tried::Right,
        false => turn.try_pin(request.form.get("pin").unwrap_or_default().trim())?,
    };
    match tried {
        Tried::Right => turn.hand(None).map(|()| Outcome::Go(pep_href(&request.base, &child_mode.pep, "/views"))),
        Tried::Wrong(not) => Ok(child::leave(&request.base, is_own, Some(&not))),
        Tried::Ask(intent) => Ok(Outcome::Host(intent)),
    }
}
