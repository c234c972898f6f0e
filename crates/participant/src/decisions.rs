//! Refused changes of others: who decides about them, and what that person is told. What waits is fetched by the host.

use plan::Role;
use uuid::Uuid;

pub use sync::held::{Change, List};

use crate::{Device, Error, Now, device::Waiting, words::counted};

/// Whether this person is of the Virtual School for a child today.
pub fn decides(device: &Device, now: &Now) -> Result<bool, Error> {
    let today = now.today();
    let children = device.children()?;
    let mut roles = children.iter().filter_map(|child| device.role_for(&Uuid::from_bytes(child.id), &today));
    Ok(roles.any(Role::is_virtual_school))
}

/// Why a change was refused, for those who decide.
pub fn reason(one: &Waiting) -> String {
    let change = &one.change;
    let why = match change.code.as_str() {
        "left" => "It came when its author was no longer on the child’s team.".to_string(),
        "right" => "Its author’s role may not write there.".to_string(),
        _ => format!("It could not be taken in ({}).", change.code),
    };
    let can = match (change.acceptable, change.follows, change.with.len()) {
        (true, _, 0) => "It can be accepted.".to_string(),
        (true, _, n) => format!("It can be accepted, with {} that it builds on.", counted(n, "change")),
        (false, true, _) => "It is held only because it builds on one that was refused: its author’s device writes it again, so it cannot be accepted.".to_string(),
        (false, false, _) => "It cannot be accepted: other devices would refuse it, or it builds on one that stays out. Its author can write it again.".to_string(),
    };
    let told = if change.heard {
        "Its author has been told."
    } else {
        "Its author has not been told yet, so it cannot be discarded."
    };
    format!("{why} {can} {told}")
}
