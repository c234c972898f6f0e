//! Returning a plan to the designated teacher or the social worker, with what to put right.

use chrono::NaiveDate;
use plan::{Applied, Cells, Edit, Role, Value};
use uuid::Uuid;

use crate::{Device, Error, Kind, Mine, Now, mine, select};

const RETURNED: &str = "qa.returnedFor";

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

/// Returns a plan. Only whom it is returned to is asked to say “complete” again. On the disk when this returns.
pub fn give_back(device: &mut Device, mine: &Mine, back: Return, now: &Now) -> Result<Applied, Error> {
    let what = back.what.trim();
    if what.is_empty() {
        return Err(Error::new(Kind::Usage, "Say what must be put right: --reason \"…\""));
    }
    if mine.view(device)?.signed_off() {
        return Err(Error::new(Kind::Failed, "This plan is signed off, so nothing of it is returned.")
            .hint("What is written now is the living plan and goes into the next PEP; `pep comment` says what you would change."));
    }
    let page = back.page.as_deref().map(|page| select::page(mine, page)).transpose()?;
    let text = |text: &str| Some(Value::Text(text.to_owned()));
    let mut cells = Cells::from([("owner".to_owned(), text(back.to.slug())), ("what".to_owned(), text(what))]);
    cells.extend(page.map(|page| ("section".to_owned(), text(&page.id))));
    cells.extend(back.by.map(|by| ("byWhen".to_owned(), Some(Value::Date(by)))));
    let edit = Edit::PutRow { question: RETURNED.into(), key: back.key.to_string(), cells };
    mine.edit(device, mine::question(RETURNED)?, &[edit], now)
}
