//! `pep contacts`.

use plan::Role;

use crate::{context::Context, json::acts};
use participant::{act, error::Error};

/// Whom to ring: the people of a child's team, or everybody you work with
///
/// With --phone or --email you say how you can be reached yourself; everybody on your teams sees it. That needs the relay now.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The child's id, its beginning (4 characters or more), or the exact name
    child: Option<String>,
    /// Your own telephone number; empty takes it away
    #[arg(long, value_name = "NUMBER", conflicts_with = "child")]
    phone: Option<String>,
    /// Your own e-mail address; empty takes it away
    #[arg(long, value_name = "ADDRESS", conflicts_with = "child")]
    email: Option<String>,
}

/// Carries it out.
pub fn run(context: &mut Context, args: Args) -> Result<(), Error> {
    let Args { child, phone, email } = args;
    if phone.is_some() || email.is_some() {
        let said =
            context.turn(move |device, now| act::set_contact(device, (phone.as_deref(), email.as_deref()), now))?;
        context.does(said)?;
    }
    let found = context.turn(move |device, now| act::contacts(device, child.as_deref(), now))?;
    if context.global.json {
        let contact = |one: act::Reachable| acts::Contact {
            person: one.person,
            name: one.name,
            organisation: one.organisation,
            role: one.role,
            phone: one.contact.phone,
            email: one.contact.email,
        };
        context.json(&found.into_iter().map(contact).collect::<Vec<_>>());
        return Ok(());
    }
    for one in &found {
        let role = one.role.parse::<Role>().map_or(one.role.clone(), |role| role.label().to_string());
        let organisation = one.organisation.as_ref().map(|o| format!(", {o}")).unwrap_or_default();
        let reached: Vec<&str> =
            [&one.contact.phone, &one.contact.email].into_iter().filter_map(|way| way.as_deref()).collect();
        let reached = if reached.is_empty() { "nothing said".to_owned() } else { reached.join(", ") };
        context.data(format!("{role}: {}{organisation}: {reached}", one.name));
    }
    Ok(())
}
