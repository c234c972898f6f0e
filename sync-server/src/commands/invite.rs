use clap::{Args, builder::PossibleValuesParser};
use uuid::Uuid;

use super::{Desk, Output, find_child};
use crate::{
    directory,
    error::Error,
    json::{Invited, Moment},
    now, pep,
};

/// Longest life of an invitation, in days: it is a key to a child's plans, lying in somebody's mail.
const DAYS_MAX: i64 = 90;

/// Make an invitation link for one device of a person
///
/// The person is new, or the one of that name and organisation, who then gets another device. The link can be used once.
/// It is printed alone on standard output: send it to the person by a way you trust.
#[derive(Args)]
pub(super) struct Invite {
    /// The person's name
    #[arg(long)]
    name: String,
    /// The person's role
    #[arg(long, value_parser = PossibleValuesParser::new(pep::roles()))]
    role: String,
    /// School, council or agency
    #[arg(long)]
    organisation: Option<String>,
    /// A child whose team the person joins today, in this role: id, beginning of an id, or exact name (repeatable)
    #[arg(long)]
    child: Vec<String>,
    /// How long the link can be used: days, hours or minutes
    #[arg(long, default_value = "7d", value_parser = seconds)]
    expires: i64,
}

impl Invite {
    pub fn run(self, desk: &Desk) -> Result<Output, Error> {
        let at = now();
        let expires = at + self.expires;
        desk.with(move |relay| {
            let children = self.child.iter().map(|said| find_child(relay, said)).collect::<Result<Vec<_>, _>>()?;
            let invite =
                directory::Invite { name: self.name, role: self.role, organisation: self.organisation, children, expires };
            let (secret, fresh) = (relay.new_secret(), relay.new_id());
            let link = relay.link(secret).ok_or_else(|| {
                Error::Find("It is not known where participants reach this relay. Start it once with `pep-relay serve`.".into())
            })?;
            let person = relay.administer(|directory| directory.invite(&invite, &secret, fresh, at))?;
            let lasting = relay.address().is_some_and(|a| a.lasting);
            let link = link.to_string();
            let note = if lasting || relay.is_serving() {
                String::new()
            } else {
                "The relay chose its port anew at its last start and may choose another. Make invitations while it serves.\n".into()
            };
            let said = format!("{link}\n");
            let json = Invited { link, person: Uuid::from_bytes(person), expires: Moment::at(expires) };
            Ok(Output { note, ..Output::new(said, &json) })
        })
    }
}

fn seconds(text: &str) -> Result<i64, String> {
    let wrong = || format!("write a number and d, h or m, such as 7d, 12h or 30m; {DAYS_MAX}d at the most");
    let unit = match text.chars().last() {
        Some('d') => 24 * 60 * 60,
        Some('h') => 60 * 60,
        Some('m') => 60,
        _ => return Err(wrong()),
    };
    let count: i64 = text.get(..text.len() - 1).and_then(|n| n.parse().ok()).ok_or_else(wrong)?;
    match count.checked_mul(unit) {
        Some(seconds) if count > 0 && seconds <= DAYS_MAX * 24 * 60 * 60 => Ok(seconds),
        _ => Err(wrong()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_life_is_a_number_and_a_unit() {
        assert_eq!(seconds("7d"), Ok(7 * 86_400));
        assert_eq!(seconds("12h"), Ok(43_200));
        assert_eq!(seconds("30m"), Ok(1_800));
        for wrong in ["", "d", "0d", "-1d", "7", "91d", "7w", "9999999999999999999d", "7é"] {
            assert!(seconds(wrong).is_err(), "{wrong}");
        }
    }
}
