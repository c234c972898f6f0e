//! Returning a plan to the designated teacher or the social worker, with what to put right.

use chrono::NaiveDate;
use plan::{Applied, Cells, Edit, Role, Value, View};
use uuid::Uuid;

use crate::{Device, Error, Kind, Mine, Now, mine, select};

const RETURNED: &str = "qa.returnedFor";
/// Who can be asked to put something right.
pub const PUT_RIGHT: [Role; 2] = [Role::DesignatedTeacher, Role::SocialWorker];

/// What is returned, and to whom.
#[derive(Debug, Clone)]
pub struct Return {
    /// Who puts it right.
    pub to: Role,
    /// What must be put right.
    pub what: String,
    /// The page it is on.
    pub page: Option<String>,
    /// By when.
    pub by: Option<NaiveDate>,
    /// The key of the entry, nobody's yet.
    pub key: Uuid,
}

/// Why a plan is not returned.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NotReturned {
    /// Nobody says what must be put right.
    NoWords,
    /// It is signed off.
    SignedOff,
    /// It is returned to nobody who signs a part of it.
    ToNobody,
}

impl NotReturned {
    fn error(self) -> Error {
        match self {
            NotReturned::NoWords => Error::new(Kind::Usage, "Say what must be put right: --reason \"…\""),
            NotReturned::SignedOff => Error::new(Kind::Failed, "This plan is signed off, so nothing of it is returned.")
                .hint("What is written now is the living plan and goes into the next PEP; `pep comment` says what you would change."),
            NotReturned::ToNobody => Error::new(Kind::Usage, "A plan is returned to whoever said that a part of it is complete.")
                .hint("Say one of: --to designated-teacher, --to social-worker"),
        }
    }
}

/// The edit that returns a plan; `view` is the plan as it is now.
pub fn returned(view: &View, back: &Return) -> Result<Edit, NotReturned> {
    // One line: it is a cell of a table.
    let what = back.what.split_whitespace().collect::<Vec<_>>().join(" ");
    if what.is_empty() {
        return Err(NotReturned::NoWords);
    }
    if view.signed_off() {
        return Err(NotReturned::SignedOff);
    }
    if !PUT_RIGHT.contains(&back.to) {
        return Err(NotReturned::ToNobody);
    }
    let text = |text: &str| Some(Value::Text(text.to_owned()));
    let mut cells = Cells::from([("owner".to_owned(), text(back.to.slug())), ("what".to_owned(), text(&what))]);
    cells.extend(back.page.as_deref().map(|page| ("section".to_owned(), text(page))));
    cells.extend(back.by.map(|by| ("byWhen".to_owned(), Some(Value::Date(by)))));
    Ok(Edit::PutRow { question: RETURNED.into(), key: back.key.to_string(), cells })
}

/// Returns a plan. Only whom it is returned to is asked to say “complete” again. On the disk when this returns.
pub fn give_back(device: &mut Device, mine: &Mine, mut back: Return, now: &Now) -> Result<Applied, Error> {
    if let Some(page) = &back.page {
        back.page = Some(select::page(mine, page)?.id.clone());
    }
    let edit = returned(&*mine.view(device)?, &back).map_err(NotReturned::error)?;
    mine.edit(device, mine::question(RETURNED)?, &[edit], now)
}
