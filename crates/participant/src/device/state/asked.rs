use gate::Id;
use sync::{Frame, frame::NotDone};

/// What was asked, and what became of it.
pub(in crate::device) struct Asked {
    pub(in crate::device) id: Id,
    pub(in crate::device) frame: Frame,
    /// On the present connection.
    pub(in crate::device) sent: bool,
    pub(in crate::device) became: Option<Became>,
}

/// What became of an act.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Became {
    /// It is done, and on the relay's disk.
    Done,
    /// It was not, and nothing was changed.
    Refused(NotDone),
    /// This relay knows of no acts.
    Unknown,
}
