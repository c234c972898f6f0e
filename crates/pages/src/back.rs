//! Where a person came from and goes back to: a row, a target or a choice that was opened from the meeting leads back to the
//! meeting, and not to the section it stands in.

use super::{model::Plan, request::Request};

/// A page that others lead back to, as an address names it: `?back=meeting`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Back {
    /// The page on which a meeting is arranged.
    Meeting,
    /// The page from which it is run.
    Live,
}

impl Back {
    /// Where this request says that its person came from.
    pub fn of(request: &Request) -> Option<Back> {
        match request.query.get("back")? {
            "meeting" => Some(Back::Meeting),
            "live" => Some(Back::Live),
            _ => None,
        }
    }

    /// What an address ends with so that its page leads back there.
    pub fn query(self) -> &'static str {
        match self {
            Back::Meeting => "?back=meeting",
            Back::Live => "?back=live",
        }
    }

    /// An address that leads back there: before the place within its page.
    pub fn via(self, href: &str) -> String {
        match href.split_once('#') {
            Some((page, place)) => format!("{page}{}#{place}", self.query()),
            None => format!("{href}{}", self.query()),
        }
    }

    /// The page, and the words of a link to it.
    pub fn link(self, plan: &Plan) -> (String, &'static str) {
        match self {
            Back::Meeting => (plan.href("/meeting"), "Back to the meeting"),
            Back::Live => (plan.href("/meeting/live"), "Back to the meeting"),
        }
    }

    /// The page when something at this question has been saved: it says so beside it.
    pub fn saved(self, plan: &Plan, question: &str) -> String {
        format!("{}?saved={question}", self.link(plan).0)
    }
}

/// What an address ends with; nothing where the person came from nowhere else.
pub fn query(back: Option<Back>) -> &'static str {
    back.map_or("", Back::query)
}
