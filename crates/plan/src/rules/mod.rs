//! What follows from a plan and its process: by when, what is missing or doubtful, the meeting, the quality check, who has signed
//! and whether it stands, what nobody can name the author of, and what the next PEP begins with.

pub(crate) mod alike;
pub(crate) mod carry;
pub(crate) mod checks;
pub(crate) mod clock;
pub(crate) mod content;
pub(crate) mod decision;
pub(crate) mod directory;
pub(crate) mod dues;
pub(crate) mod duty;
pub(crate) mod events;
pub(crate) mod meeting;
pub(crate) mod plausible;
pub(crate) mod quality;
pub(crate) mod remarks;
pub(crate) mod signoff;
pub(crate) mod task;
pub(crate) mod unnamed;
