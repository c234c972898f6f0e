//! `pep delegate`.

use chrono::NaiveDate;

use crate::context::Context;
use crate::given;
use participant::{act, error::Error};

/// Have a colleague answer pages of a plan for the designated teacher (needs the relay now)
///
/// They write there what the designated teacher may, until the last day, and sign nothing; the teacher stays accountable. Whoever is not
/// on the child's team joins it for as long, as a professional, and reads what professionals read. What was delegated to them of this plan
/// before is replaced.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The PEP's id, or its beginning (4 characters or more)
    pep: String,
    /// The colleague: a name or id; of somebody you do not work with yet the whole id, which `pep whoami` shows them
    person: String,
    /// The pages, such as 2,8
    #[arg(long, value_name = "PAGE", value_delimiter = ',', num_args = 1.., required_unless_present = "end")]
    sections: Vec<String>,
    /// Their last day
    #[arg(long, value_parser = given::day, value_name = "DATE", required_unless_present = "end")]
    until: Option<NaiveDate>,
    /// End it: today is the last day of all that was delegated to them of this plan
    #[arg(long, conflicts_with_all = ["sections", "until"])]
    end: bool,
    /// Why
    #[arg(long, value_name = "TEXT")]
    reason: Option<String>,
}

/// Carries it out.
pub fn run(context: &mut Context, args: Args) -> Result<(), Error> {
    let Args { pep, person, sections, until, end: _, reason } = args;
    let Some(until) = until else {
        let said = context.turn(move |device, now| act::end_delegation(device, (&pep, &person), reason, now))?;
        return context.has_done(said, "Ended: today is their last day.");
    };
    let said =
        context.turn(move |device, now| act::delegate(device, (&pep, &person), (&sections, until), reason, now))?;
    context.has_done(said, "Delegated. They can answer those pages once their device has synced.")
}
