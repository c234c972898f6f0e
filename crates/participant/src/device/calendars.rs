//! The council's term dates: by them, and not by those that the program was built with, plans on this device count.

use std::{collections::BTreeMap, sync::Arc};

use plan::{Calendar, CalendarFile, Pep};
use sync::directory::Given;
use uuid::Uuid;

use super::Device;
use crate::words::told;

/// The calendars that the council gave, read.
#[derive(Default)]
pub struct Calendars {
    /// Which they are: their numbers.
    numbers: Vec<u64>,
    all: Option<Arc<Calendar>>,
    by_school: BTreeMap<String, Arc<Calendar>>,
}

impl Calendars {
    /// What cannot be read, of a newer program, is left out.
    fn of(given: &[Given]) -> Calendars {
        let mut calendars = Calendars { numbers: numbers(given), ..Calendars::default() };
        let base = Calendar::newest();
        let read = |one: &Given| {
            let file = CalendarFile::parse(&one.file).ok()?;
            let name = if file.name.is_empty() { told::TERM_DATES } else { file.name.as_str() };
            Some(Arc::new(Calendar { name: format!("{name}, number {}", one.number), ..file.over(&base) }))
        };
        for (one, calendar) in given.iter().filter_map(|one| Some((one, read(one)?))) {
            match one.schools.is_empty() {
                true => calendars.all = Some(calendar),
                false => {
                    calendars.by_school.extend(one.schools.iter().map(|school| (school.clone(), calendar.clone())));
                }
            }
        }
        calendars
    }
}

fn numbers(given: &[Given]) -> Vec<u64> {
    given.iter().map(|one| one.number).collect()
}

impl Device {
    /// The council's term dates for a child: those of their school, or those of all; `None` where it has given none.
    pub fn calendar_of(&self, child: &Uuid) -> Option<Arc<Calendar>> {
        let school = self.roster.child(child.as_bytes()).and_then(|child| child.school.as_ref());
        let own = school.and_then(|school| self.calendars.by_school.get(&school.name));
        own.or(self.calendars.all.as_ref()).cloned()
    }

    /// Puts a plan among those of this device, as the directory has it and by the days of its child.
    pub(super) fn put_pep(&mut self, id: gate::Id, pep: Pep) {
        let pep = self.as_filed(pep);
        let calendar = self.calendar_of(&pep.child);
        let process = pep.process.clone().by(calendar);
        self.peps.insert(id, Pep { process, ..pep });
    }

    /// The directory has changed, and perhaps the calendars.
    pub(super) fn take_calendars(&mut self) {
        if self.calendars.numbers != numbers(self.roster.calendars()) {
            self.calendars = Calendars::of(self.roster.calendars());
        }
    }
}
