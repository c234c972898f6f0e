use std::{fs, path::PathBuf};

use clap::{Args, Subcommand};
use plan::{CALENDAR_BYTES_MAX, CalendarFile};

use super::{Desk, Output, columns, cwd};
use crate::{
    error::Error,
    json::{CalendarChecked, CalendarGiven, CalendarHalf, CalendarTerm},
    now,
};

/// Give the terms, deadlines, closures and bank holidays of the council, or of schools that differ
///
/// They stand beside the process: nothing is rebuilt, and no signature is asked for again. A file is JSON:
/// {"name": "Harrowmere 2027 to 2030", "schools": [], "terms": [{"year": "2027/28", "term": "autumn",
/// "open": [["2027-09-02", "2027-10-22"], ["2027-11-01", "2027-12-17"]], "completeBy": "2027-11-26"}],
/// "bankHolidays": ["2027-12-27"], "closures": [["2027-10-04", "2027-10-04"]]}
#[derive(Args)]
pub(super) struct Calendar {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Bring a file in: for every child, or for the schools that it names, in the place of what they had
    Import {
        /// The file
        file: PathBuf,
    },
    /// Show what has been given
    Show,
    /// Say whether a file can be used, and if not, in which line and why; needs no relay
    Check {
        /// The file
        file: PathBuf,
    },
}

impl Calendar {
    /// Whether it only looks at a file.
    pub fn is_check(&self) -> bool {
        matches!(self.command, Command::Check { .. })
    }

    /// Looks at a file, without a relay.
    pub fn check(self) -> Result<Output, Error> {
        match self.command {
            Command::Check { file } => {
                let text = read(&cwd().join(file))?;
                Ok(checked(&text))
            }
            Command::Import { .. } | Command::Show => Err(Error::Locked),
        }
    }

    pub fn run(self, desk: &Desk) -> Result<Output, Error> {
        match self.command {
            Command::Check { file } => Ok(checked(&read(&desk.cwd.join(file))?)),
            Command::Import { file } => {
                let text = read(&desk.cwd.join(file))?;
                let file = CalendarFile::parse(&text).map_err(|bad| Error::Usage(bad.to_string()))?;
                desk.with(move |relay| {
                    let schools = file.schools.clone();
                    let number = relay.administer(|directory| directory.give_calendar(schools, text, now()))?;
                    Ok(Output::new(format!("{number}\n"), &given(number, &file)))
                })
            }
            Command::Show => desk.with(|relay| {
                let all: Vec<CalendarGiven> = relay
                    .directory()
                    .calendars()
                    .iter()
                    .filter_map(|one| Some(given(one.number, &CalendarFile::parse(&one.file).ok()?)))
                    .collect();
                let mut text = String::new();
                for one in &all {
                    let whom = if one.schools.is_empty() { "every child".to_owned() } else { one.schools.join(", ") };
                    text += &format!("{}  {}, for {whom}\n", one.number, one.name);
                    let rows: Vec<Vec<String>> = one.terms.iter().map(CalendarTerm::row).collect();
                    text += &columns(&rows);
                }
                if all.is_empty() {
                    text += "None has been given: the days that the program was built with count.\n";
                }
                Ok(Output::new(text, &all))
            }),
        }
    }
}

impl CalendarTerm {
    fn row(&self) -> Vec<String> {
        let open: Vec<String> = self.open.iter().map(|half| format!("{} to {}", half.first, half.last)).collect();
        vec![format!("{}-{}", self.year, self.term), open.join(", "), format!("complete by {}", self.complete_by)]
    }
}

fn checked(text: &str) -> Output {
    match CalendarFile::parse(text) {
        Ok(file) => {
            let terms = file.terms.len();
            Output::new(
                format!("It can be used: {terms} terms.\n"),
                &CalendarChecked { usable: true, line: None, reason: None },
            )
        }
        Err(bad) => {
            let json = CalendarChecked { usable: false, line: Some(bad.line), reason: Some(bad.reason.clone()) };
            Output { code: 5, ..Output::new(format!("{bad}\n"), &json) }
        }
    }
}

fn given(number: u64, file: &CalendarFile) -> CalendarGiven {
    let term = |term: &plan::TermDates| CalendarTerm {
        year: term.year.to_string(),
        term: term.term.slug(),
        open: term.open.iter().map(|(first, last)| CalendarHalf { first: *first, last: *last }).collect(),
        complete_by: term.complete_by,
    };
    CalendarGiven {
        number,
        name: file.name.clone(),
        schools: file.schools.clone(),
        terms: file.terms.iter().map(term).collect(),
    }
}

fn read(path: &std::path::Path) -> Result<String, Error> {
    let what = Error::file("The calendar");
    let long = fs::metadata(path).map_err(&what)?.len() > CALENDAR_BYTES_MAX as u64;
    if long {
        return Err(Error::Usage(format!("A calendar has at most {CALENDAR_BYTES_MAX} bytes. This file is longer.")));
    }
    fs::read_to_string(path).map_err(&what)
}
