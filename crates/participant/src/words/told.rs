//! What a device tells its person by itself: what was refused, removed, taken in or not, and what follows. The core asks here for every
//! sentence, and has none of its own.

use chrono::NaiveDate;
use plan::{Pep, Role};

use super::{counted, date, moment};
use crate::now::Zone;

/// To somebody who would choose between what the young person said about their own part and what others entered.
pub const THEIRS_TO_SETTLE: &str =
    "That is the young person's own choice: it stands, and only they change it. What others entered is kept beside it.";
/// Term dates of the council that have no name.
pub const TERM_DATES: &str = "the council’s term dates";
/// The relay is another one than this device joined.
pub const ANOTHER_RELAY: &str = "The relay at this address is not the one this device joined. Ask the Virtual School for a new link if it has changed its relay.";
/// The relay cannot read what this device writes.
pub const RELAY_IS_OLDER: &str = "The relay is older than this program and cannot read what it writes: whoever keeps the relay must update it. Your words are kept on this device until then.";
/// The relay knows nothing of acts.
pub const RELAY_KNOWS_NO_ACTS: &str = "The relay is older than this program and cannot do this; nothing was done. Whoever keeps the relay must update it, or do it there.";
/// There is no line, and the directory is changed by the relay alone.
pub const ACT_OFFLINE: &str = "The relay could not be reached, so nothing was done.";
/// It was sent, and the line ended before the answer.
pub const ACT_UNANSWERED: &str =
    "The connection ended before the relay answered: it is not known here whether it was done.";
/// A list of people was not taken.
pub const ROSTER_NOT_SIGNED: &str = "The relay sent a list of people that its own key did not sign. It was not taken.";
/// A plan was moved to a version of its process that this program does not have.
pub const MOVED_BEYOND: &str = "A plan was moved to a newer version of its process, which this program does not have yet. What you hold of it is kept and stays as it is; update the program to go on with it.";
/// Changes of an older copy of this device were written again.
pub const WRITTEN_AGAIN: &str =
    "Some of your changes were made on an older copy of this device's files. They were written again; nothing is lost.";
/// Why a change is kept apart with one that was refused.
pub const STANDS_IN_REFUSED: &str =
    "It stands in something that was not accepted, so it could not be kept in the plan by itself.";
/// A plan that cannot be shared for now.
pub const WAITS_FOR_DECISION: &str =
    "A plan cannot be shared from this device until the Virtual School has decided about what was not accepted in it.";
/// Two chose the readers of the private words at once.
pub const BOTH_CHOSE: &str =
    "Somebody else chose as well who sees the child's private words. Only those see them now whom both of you chose.";
/// The young person chose, and another choice was not taken.
pub const CHILD_CHOSE: &str = "The young person has chosen who sees their private words. That stands, and what was chosen on this device was not taken.";
/// This person reads the private words no more.
pub const NOT_AMONG_READERS: &str =
    "It was chosen who sees a child's private words, and you are not among them. This device's copy is gone.";
/// What had not been shared of one's own private words is kept.
pub const PRIVATE_KEPT: &str = "What you wrote there and had not shared is kept for you: `pep private PEP` shows it.";
/// What is said of an answer that was changed and changed back.
pub const AS_BEFORE: &str = "An answer that is as it was before";
/// An author whom the list of people does not have.
pub const NOBODY_KNOWN: &str = "Somebody not on the list of people";
/// How a revoked device comes back.
pub const COME_BACK: &str = "If the device is yours and you have it, ask the Virtual School for a new invitation link, and run `pep join LINK`. What was shared comes back.";

/// What a newer version made and this one does not know; `None` where there is nothing.
pub fn newer<'a>(newer: impl Iterator<Item = (u64, &'static str, &'a str)>) -> Option<String> {
    let said =
        |(count, what, word)| format!("{} ({word})", counted(usize::try_from(count).unwrap_or(usize::MAX), what));
    let each: Vec<String> = newer.map(said).collect();
    (!each.is_empty()).then(|| {
        format!(
            "Made by a newer version of pep, and not shown here: {}. Nothing of it is lost. Update pep, or ask whoever keeps your device to.",
            each.join(", ")
        )
    })
}

/// Changes were refused, for the reason that the relay gave.
pub fn not_accepted(changes: usize, detail: &str) -> String {
    let (they, them) = if changes == 1 { ("it is", "it") } else { ("they are", "them") };
    format!(
        "{} could not be accepted: {detail} Your text is kept here, and pep held shows it; {they} with the Virtual School, who can accept {them}.",
        counted(changes, "change")
    )
}

/// Changes after a refused one were written again.
pub fn stay(changes: usize) -> String {
    format!("{} after it stay in the plan.", counted(changes, "change"))
}

/// Held changes were accepted.
pub fn accepted(changes: usize) -> String {
    let was = if changes == 1 { "was" } else { "were" };
    format!("{} of yours that {was} held {was} accepted by the Virtual School.", counted(changes, "change"))
}

/// Plans of a team that this person has left were removed.
pub fn removed(plans: usize) -> String {
    let were = if plans == 1 { "was" } else { "were" };
    format!(
        "You are not on a child’s team any more, so {} of theirs {were} removed from this device. A copy that was made before, such as a backup or an export, cannot be called back: remove it, too.",
        counted(plans, "plan")
    )
}

/// A frame could not be read.
pub fn unreadable(why: &str) -> String {
    format!("The relay sent something this program cannot read ({why}). It will connect again.")
}

/// A snapshot did not pass the gate of this device.
pub fn copy_not_taken(code: &str) -> String {
    format!(
        "The relay's copy of a plan did not pass this device's own checks ({code}). It was not taken; whoever keeps the relay should run `pep-relay check`."
    )
}

/// A change did not pass the gate of this device.
pub fn change_not_taken(code: &str) -> String {
    format!(
        "A change that the relay sent did not pass this device's own checks ({code}). It was not taken; whoever keeps the relay should run `pep-relay check`."
    )
}

/// The same PEP was started under two processes.
pub fn two_processes(pep: &Pep) -> String {
    format!(
        "PEP {} was started under another process elsewhere. What was written here is kept on this device; ask the Virtual School which one stands.",
        pep.id()
    )
}

/// Another generation of a PEP stands than the one that was begun here.
pub fn gives_way(ours: &Pep, standing: &Pep) -> String {
    format!(
        "This PEP was begun here under “{}” and elsewhere under “{}”, which the Virtual School’s relay has: that one stands. What you entered is being written into it.",
        ours.process().name,
        standing.process().name
    )
}

/// What this person entered in a generation that does not stand was written into the one that does. `answers` were, `beside` stand as
/// remarks beside other answers; `signed`: they had signed the one that does not stand.
pub fn took_over(aside: &Pep, standing: &Pep, answers: usize, beside: usize, signed: bool) -> String {
    let mut words = format!(
        "PEP {}: what you entered under “{}” stands in the plan under “{}” now: {}",
        standing.id(),
        aside.process().name,
        standing.process().name,
        counted(answers, "question")
    );
    if beside > 0 {
        let remarks = counted(beside, "remark");
        words.push_str(&format!(", and {remarks} beside what somebody else answered or you may not write there"));
    }
    words.push_str(". Your copy is kept: `pep show --aside` shows it.");
    if signed {
        words.push_str(" You had signed your copy; sign the plan that stands.");
    }
    words
}

/// A remark beside an answer: what somebody said in a copy that does not stand.
pub fn said_aside(process: &str, said: &str) -> String {
    format!("In the copy of this plan that I began under “{process}”, this says: {said}")
}

/// Who made a change: name, role, and the last day in it.
pub fn author(name: &str, role: Role, until: Option<NaiveDate>) -> String {
    let until = until.map_or(String::new(), |last| format!(" until {}", date(last)));
    format!("{name}, {}{until}", role.label().to_lowercase())
}

/// This device was revoked: by which relay, when, and how many changes are lost with it.
pub fn revoked(relay: &str, at: i64, unshared: usize, zone: Zone) -> String {
    let lost = match unshared {
        0 => "Everything on it had been shared, so nothing is lost.".to_owned(),
        1 => "1 change had never been shared, and is gone with it.".to_owned(),
        n => format!("{} had never been shared, and are gone with it.", counted(n, "change")),
    };
    format!(
        "This device was revoked by {relay}. On {} all plans were erased from it. {lost} A copy that was made before, such as a backup or an export, cannot be called back: remove it, too.",
        moment(at, zone)
    )
}
