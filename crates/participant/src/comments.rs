//! Remarks beside answers, also by those who may not write the answer.

use plan::{Applied, Edit, Question, View};
use uuid::Uuid;

use crate::{Device, Error, Mine, Now};

/// The edit that leaves a remark; `key` is nobody's yet, and `view` the plan as it is now. Made again with the same key and words it
/// changes nothing; with other words it is a remark of its own, for a remark does not change.
pub fn comment(view: &View, question: &Question, key: Uuid, text: &str) -> Edit {
    let text = text.trim().to_owned();
    let there = view.comments.iter().find(|comment| comment.key == key.to_string());
    let key = match there.is_some_and(|there| there.text != text || there.question != question.id) {
        // It follows from the words: sent once more, the other words are one remark too.
        true => Uuid::new_v5(&key, format!("{} {text}", question.id).as_bytes()),
        false => key,
    };
    Edit::Comment { key: key.to_string(), question: question.id.clone(), text }
}

/// Leaves a remark. On the disk when this returns.
pub fn leave(
    device: &mut Device,
    mine: &Mine,
    question: &Question,
    key: Uuid,
    text: &str,
    now: &Now,
) -> Result<Applied, Error> {
    let edit = comment(&*mine.view(device)?, question, key, text);
    mine.edit(device, question, &[edit], now)
}
