use clap::Args;
use plan::Role;

use super::{Output, columns};
use crate::{
    json::Right,
    rights::{Act, Rights},
};

/// Print who may have the directory do what: role by act, as this relay judges it
///
/// `own`: what is the person's own (their case, membership, contact, device); `team`: children on whose teams they are; `all`: every
/// child.
#[derive(Args)]
pub(super) struct Table {}

impl Table {
    pub fn run(self) -> Output {
        let rights = Rights::default();
        let head = std::iter::once(String::new()).chain(Act::ALL.map(|act| act.word().to_owned())).collect();
        let row = |role: &Role| {
            let reach = Act::ALL.map(|act| rights.reach(act, *role).word().to_owned());
            std::iter::once(role.slug().to_owned()).chain(reach).collect()
        };
        let rows: Vec<Vec<String>> = std::iter::once(head).chain(Role::ALL.iter().map(row)).collect();
        let list: Vec<Right> = rights
            .rows()
            .map(|(act, role, reach)| Right { act: act.word(), role: role.slug(), reach: reach.word() })
            .collect();
        Output::new(columns(&rows), &list)
    }
}
