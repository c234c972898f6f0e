//! `pep sign-off`.

use chrono::NaiveDate;
use plan::{Role, sign_off_of};

use crate::given;
use crate::{commands::complete, context::Context};
use participant::error::{Error, Kind};

/// Sign a plan off (Virtual School), or say that you have seen it (young person, carer)
///
/// The Virtual School's signature keeps this version as it is; what is written later is the living plan, and is shown as
/// changed since. "Seen" may come with words of your own, and never holds anything up.
#[derive(Debug, clap::Args)]
#[command(name = "sign-off")]
pub struct Args {
    /// The PEP's id, or its beginning (4 characters or more)
    pep: String,
    /// The day of it [default: today]
    #[arg(long, value_parser = given::day, value_name = "DATE")]
    on: Option<NaiveDate>,
    /// What you want to say with it: young person and carer
    #[arg(long, value_name = "T")]
    comment: Option<String>,
}

/// Carries it out.
pub fn run(context: &mut Context, args: Args) -> Result<(), Error> {
    let mine = context.mine(&args.pep)?;
    match (mine.role, sign_off_of(mine.role)) {
        (Role::YoungPerson | Role::Carer, _) => {
            complete::sign(context, &mine, args.on, args.comment.as_deref().unwrap_or_default())
        }
        (role, _) if role.is_virtual_school() && args.comment.is_some() => {
            Err(Error::new(Kind::Usage, "The Virtual School's words are its feedback.")
                .hint("pep quality PEP --feedback \"…\""))
        }
        (role, _) if role.is_virtual_school() => complete::sign(context, &mine, args.on, ""),
        (_, signs) => {
            let error = Error::new(
                Kind::NotPermitted,
                "The Virtual School signs plans off; the young person and the carer say that they have seen them.",
            );
            Err(match signs {
                Some(_) => error.hint("That your part is complete, you say with: pep complete PEP"),
                None => error.hint("`pep comment` leaves a remark for them."),
            })
        }
    }
}
