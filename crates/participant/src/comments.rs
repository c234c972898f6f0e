//! Remarks beside answers, also by those who may not write the answer.

use plan::{Applied, Edit, Question};
use uuid::Uuid;

use crate::{Device, Error, Mine, Now};

/// The edit that leaves a remark; `key` is nobody's yet. Made again with the same key it changes nothing.
pub fn comment(question: &Question, key: Uuid, text: &str) -> Edit {
    Edit::Comment { key: key.to_string(), question: question.id.clone(), text: text.trim().to_owned() }
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
    mine.edit(device, question, &[comment(question, key, text)], now)
}
