//! While the pages are locked: whatever is asked for, a page that asks for the passphrase. A form that comes meanwhile waits in that
//! page, and is taken in once the passphrase is right.

use replica::Secret;

use super::{
    desk::Desk,
    kit,
    pages::locked::{self, Asked},
    request::{Pairs, Request},
    routes::{self, Answer},
};
use crate::unlock::LockError;

/// Where the passphrase goes.
pub const UNLOCK: &str = "/unlock";
/// What the names of fields of a form that waits begin with.
const KEPT: &str = "kept.";
/// Forms with a PIN: no page sends one back, so they are to be filled in again.
const WITH_A_PIN: [[&str; 2]; 2] = [["settings", "pin"], ["views", "leave"]];

/// Answers a request where the pages are locked, and whatever locks and unlocks them; `None`: it is a page's to answer.
pub fn answer(desk: &Desk, request: &Request) -> Option<Answer> {
    let path: Vec<&str> = request.path.iter().map(String::as_str).collect();
    match path.as_slice() {
        ["lock"] if request.post => {
            desk.lock();
            Some(Answer::Go("/".to_owned()))
        }
        ["unlock"] if request.post => Some(unlock(desk, request)),
        ["unlock"] if !desk.is_locked() => Some(Answer::Go("/".to_owned())),
        ["unlock"] => Some(home(desk)),
        _ if desk.person_came() => None,
        _ => {
            let waits = request.post && !WITH_A_PIN.iter().any(|with| path == with);
            Some(page(desk, &request.target(), waits.then_some(&request.form), None))
        }
    }
}

/// The page that asks for the passphrase and leads to the tasks.
pub fn home(desk: &Desk) -> Answer {
    page(desk, "/", None, None)
}

fn unlock(desk: &Desk, request: &Request) -> Answer {
    let (to, kept) = (request.form.get("to").unwrap_or("/"), request.form.within(KEPT));
    let kept = request.form.get("form").map(|_| &kept);
    if desk.is_locked() {
        // What a browser adds to a pasted line is not part of it.
        let given = request.form.get("passphrase").unwrap_or_default().trim_end_matches('\n');
        let wrong = match given {
            "" => Some("Enter your passphrase".to_owned()),
            given => desk.unlock(&Secret::new(given.into())).err().map(|e| words(&e)),
        };
        if wrong.is_some() {
            return page(desk, to, kept, wrong.as_deref());
        }
    }
    let form = kept.map(Pairs::write).unwrap_or_default();
    match Request::new(kept.is_some(), to, form.as_bytes()).filter(|waited| !is_ours(waited)) {
        Some(waited) if waited.post => routes::answer(desk, &waited),
        Some(waited) => Answer::Go(waited.target()),
        None => Answer::Go("/".to_owned()),
    }
}

fn is_ours(request: &Request) -> bool {
    request.path.first().is_some_and(|first| ["lock", "unlock"].contains(&first.as_str()))
}

fn page(desk: &Desk, to: &str, kept: Option<&Pairs>, wrong: Option<&str>) -> Answer {
    let kept = kept.map(|form| form.iter().map(|(name, value)| (format!("{KEPT}{name}"), value.to_owned())).collect());
    let asked = Asked { to, kept, wrong, with_a_child: !matches!(desk.handed(), Ok(None)) };
    let leaf = locked::locked(&asked);
    Answer::Page { status: leaf.status, html: kit::bare_form(&leaf).into_string() }
}

/// As the page says them at the field, where nothing ends with a full stop.
fn words(why: &LockError) -> String {
    match why {
        LockError::Wrong => "That is not your passphrase".to_owned(),
        LockError::Wait { seconds: 1 } => "The passphrase was wrong too often. Try again in 1 second".to_owned(),
        LockError::Wait { seconds } => format!("The passphrase was wrong too often. Try again in {seconds} seconds"),
        LockError::Locked | LockError::Unfit | LockError::Lost(_) | LockError::Newer | LockError::Io(_) => {
            why.to_string()
        }
    }
}
