//! While the pages are locked: whatever is asked for, a page that asks for the passphrase. A form that comes meanwhile waits in that
//! page, and is taken in once the passphrase is right.

use participant::Secret;

use super::{
    address::UNLOCK,
    env::Intent,
    kit,
    page::locked::{self, Asked},
    reply::Reply,
    request::{Pairs, Request},
    turn::Turn,
};

/// What the names of fields of a form that waits begin with.
const KEPT: &str = "kept.";
/// Forms with a PIN: no page sends one back, so they are to be filled in again.
const WITH_A_PIN: [[&str; 2]; 2] = [["settings", "pin"], ["views", "leave"]];

/// What comes of a request at the lock.
pub enum AtLock {
    /// It is answered: the pages are locked, or it locks or unlocks them.
    Answered(Reply),
    /// It is a page's to answer.
    Open,
    /// The pages are unlocked, and this form, which waited for that, is to be answered instead.
    Waited(Request),
}

/// Answers a request where the pages are locked, and whatever locks and unlocks them.
pub fn answer(turn: &mut Turn<'_>, request: &Request) -> AtLock {
    let path: Vec<&str> = request.path.iter().map(String::as_str).collect();
    match path.as_slice() {
        ["lock"] if request.post => AtLock::Answered(Reply::Host(Intent::Lock)),
        ["unlock"] if request.post => unlock(turn, request),
        ["unlock"] if !turn.env.locked => AtLock::Answered(Reply::Go(turn.env.base.to("/"))),
        ["unlock"] => AtLock::Answered(home(turn)),
        _ if !turn.env.locked => AtLock::Open,
        _ => {
            let waits = request.post && !WITH_A_PIN.iter().any(|with| path == with);
            AtLock::Answered(page(turn, &request.target(), waits.then_some(&request.form), None))
        }
    }
}

/// The page that asks for the passphrase and leads to the tasks.
pub fn home(turn: &mut Turn<'_>) -> Reply {
    let to = turn.env.base.to("/");
    page(turn, &to, None, None)
}

fn unlock(turn: &mut Turn<'_>, request: &Request) -> AtLock {
    let first = turn.env.base.to("/");
    let (to, kept) = (request.form.get("to").unwrap_or(&first), request.form.within(KEPT));
    let kept = request.form.get("form").map(|_| &kept);
    if turn.env.locked {
        // What a browser adds to a pasted line is not part of it.
        let given = request.form.get("passphrase").unwrap_or_default().trim_end_matches('\n');
        let wrong = match (given, &turn.env.found.unlocked) {
            ("", _) => Some("Enter your passphrase"),
            (given, None) => return AtLock::Answered(Reply::Host(Intent::Unlock(Secret::new(given.into())))),
            (_, Some(Err(wrong))) => Some(wrong.as_str()),
            (_, Some(Ok(()))) => None,
        };
        if wrong.is_some() {
            return AtLock::Answered(page(turn, to, kept, wrong));
        }
    }
    let form = kept.map(Pairs::write).unwrap_or_default();
    match Request::new(&turn.env.base, kept.is_some(), to, form.as_bytes()).filter(|waited| !is_ours(waited)) {
        Some(waited) if waited.post => AtLock::Waited(waited),
        Some(waited) => AtLock::Answered(Reply::Go(waited.target())),
        None => AtLock::Answered(Reply::Go(first)),
    }
}

fn is_ours(request: &Request) -> bool {
    request.path.first().is_some_and(|first| ["lock", "unlock"].contains(&first.as_str()))
}

fn page(turn: &mut Turn<'_>, to: &str, kept: Option<&Pairs>, wrong: Option<&str>) -> Reply {
    let kept = kept.map(|form| form.iter().map(|(name, value)| (format!("{KEPT}{name}"), value.to_owned())).collect());
    let unlock = turn.env.base.to(UNLOCK);
    let asked = Asked { unlock: &unlock, to, kept, wrong, with_a_child: !matches!(turn.child_mode(), Ok(None)) };
    let leaf = locked::locked(&asked);
    Reply::Page { status: leaf.status, html: kit::bare_form(&turn.env.base, &leaf).into_string() }
}
