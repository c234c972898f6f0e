//! The agenda of the meeting, as a process has it (PEP.md 4.9): what is spoken of, for how long, and which questions it opens.

use std::collections::{BTreeMap, BTreeSet};
use std::num::NonZeroU8;

use serde::{Deserialize, Serialize};

use crate::bank::bank;
use crate::pep::{Phase, Role};
use crate::practice::Fault;

/// The block of the child's own words.
const VOICE: &str = "voice";

/// What a meeting speaks of, in order.
#[derive(Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Agenda {
    /// The items, in the order in which they come unless `order` says otherwise.
    pub items: Vec<AgendaItem>,
    /// Another order of all items, by phase; a primary child often joins for the end (R000-16).
    pub order: BTreeMap<Phase, Vec<String>>,
}

/// Something a meeting speaks of.
#[derive(Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct AgendaItem {
    /// Its id, within this agenda.
    pub id: String,
    /// Its name, for people. What makes two people's agendas the same row.
    pub label: String,
    /// For how long.
    pub minutes: NonZeroU8,
    /// Whose it is to begin; `None`: whoever chairs.
    pub lead: Option<Role>,
    /// The blocks and questions it is about.
    pub opens: Vec<String>,
}

impl Agenda {
    /// How long all items take, in minutes.
    pub fn minutes(&self) -> u16 {
        self.items.iter().map(|item| u16::from(item.minutes.get())).sum()
    }

    /// The items as they come for a child of this phase who takes part in this way (a choice of `voice.meetingChoice`). A child
    /// who comes for the last ten minutes is heard at the end; who chose otherwise is heard where the agenda has it.
    pub fn for_child(&self, phase: Option<Phase>, own_choice: Option<&str>) -> Vec<&AgendaItem> {
        let mut items: Vec<&AgendaItem> = self.items.iter().collect();
        match (own_choice, phase.and_then(|phase| self.order.get(&phase))) {
            (Some("last_10_minutes"), _) => items.sort_by_key(|item| item.hears_the_child()),
            (None, Some(order)) => items.sort_by_key(|item| order.iter().position(|id| *id == item.id)),
            _ => {}
        }
        items
    }

    /// What the types cannot say.
    pub(crate) fn fault(&self) -> Option<Fault> {
        let fault = |word: &str, reason: String| Some((word.to_owned(), reason));
        let (mut ids, mut labels) = (BTreeSet::new(), BTreeSet::new());
        for item in &self.items {
            if !ids.insert(item.id.as_str()) {
                return fault(&item.id, format!("two items of the agenda have the id {}", item.id));
            }
            let label: String =
                item.label.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect();
            if label.is_empty() || !labels.insert(label) {
                return fault(&item.label, format!("the item {} needs a name of its own", item.id));
            }
            if item.opens.is_empty() {
                return fault(&item.id, format!("the item {} opens nothing", item.id));
            }
            let known = |name: &&String| {
                bank().question(name).is_some() || bank().blocks().iter().any(|(block, _)| block == *name)
            };
            if let Some(unknown) = item.opens.iter().find(|name| !known(name)) {
                return fault(unknown, format!("{unknown} is neither a question nor a block of the bank"));
            }
        }
        if !self.items.iter().any(AgendaItem::hears_the_child) {
            return fault("agenda", format!("no item of the agenda opens `{VOICE}`: the child is always heard"));
        }
        let all = |order: &Vec<String>| {
            order.len() == ids.len() && order.iter().map(String::as_str).collect::<BTreeSet<_>>() == ids
        };
        let (phase, _) = self.order.iter().find(|(_, order)| !all(order))?;
        fault("agenda", format!("the order for {phase} does not name every item of the agenda once"))
    }
}

impl AgendaItem {
    /// True of the item in which the child's own words are heard (R000-15).
    pub fn hears_the_child(&self) -> bool {
        self.opens.iter().any(|name| name == VOICE)
    }
}
