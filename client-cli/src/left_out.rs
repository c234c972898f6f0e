//! What was left out of what was brought into a plan, in words.

use participant::bring::Done;

use crate::context::Context;

/// The file read and said: what was left out, a line each.
pub fn say(context: &mut Context, done: &Done) {
    if !done.left_out.is_empty() {
        context.talk("Left out:");
    }
    for (place, why) in &done.left_out {
        context.talk(format!("  {}: {why}", label(place)));
    }
}

/// A place in words: the question's label and the place.
fn label(place: &str) -> String {
    let id = place.split('/').next().unwrap_or_default();
    plan::bank().question(id).map_or(place.to_owned(), |question| format!("{} [{place}]", question.label))
}
