//! A PEP meeting as a calendar file (RFC 5545). Calendars are read by others, so it says when, where and how long, and names
//! no child.

use chrono::{DateTime, NaiveDate, NaiveTime, TimeDelta, TimeZone, Utc};
use chrono_tz::Europe::London;
use icalendar::{Calendar, Class, Component, Event, EventLike};
use uuid::Uuid;

/// What goes into a calendar.
#[derive(Debug, Clone, Copy)]
pub struct Appointment<'a> {
    /// The PEP, from which the event's own id follows: a file read in again moves the event and makes no second one.
    pub pep: Uuid,
    /// The day in England.
    pub date: NaiveDate,
    /// The time by the clocks in England.
    pub starts: NaiveTime,
    /// How long.
    pub minutes: u16,
    /// Where, or the link.
    pub place: Option<&'a str>,
    /// Rises with every change of the plan, so that a calendar knows which file is newer.
    pub sequence: u32,
    /// When the file is made, in Unix seconds.
    pub now: i64,
}

/// The file's text. `None` where the clocks of that night skip the time.
pub fn file(appointment: &Appointment<'_>) -> Option<String> {
    // Instants, not local times with the name of a zone: they need no description of the zone beside them, and a calendar
    // anywhere shows them right.
    let starts =
        London.from_local_datetime(&appointment.date.and_time(appointment.starts)).earliest()?.with_timezone(&Utc);
    let ends = starts.checked_add_signed(TimeDelta::minutes(appointment.minutes.into()))?;
    let now = DateTime::from_timestamp(appointment.now, 0)?;
    let mut event = Event::with_uid(&format!("{}@pep-meeting", appointment.pep));
    event.summary("PEP meeting").starts(starts).ends(ends).class(Class::Private);
    event.sequence(appointment.sequence).timestamp(now).last_modified(now);
    if let Some(place) = appointment.place {
        // On one line: what else is in it could read as lines of the file.
        event.location(&place.split_whitespace().collect::<Vec<_>>().join(" "));
    }
    let mut calendar = Calendar::empty();
    for line in [("VERSION", "2.0"), ("PRODID", "-//OpenPEP//EN"), ("METHOD", "PUBLISH")] {
        calendar.append_property(line);
    }
    calendar.push(event.done());
    Some(calendar.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(date: &str, time: &str, place: Option<&str>, sequence: u32) -> Vec<String> {
        let (date, starts) = (date.parse().unwrap(), time.parse().unwrap());
        let pep = Uuid::from_u128(7);
        let appointment = Appointment { pep, date, starts, minutes: 40, place, sequence, now: 1_758_000_000 };
        let text = file(&appointment).unwrap();
        assert!(text.ends_with("END:VCALENDAR\r\n") && !text.replace("\r\n", "").contains(['\r', '\n']), "{text}");
        text.replace("\r\n ", "").split("\r\n").map(str::to_owned).collect()
    }

    #[test]
    fn r003_08_a_time_in_england_is_right_in_summer_and_in_winter() {
        let summer = lines("2025-09-17", "14:30:00", Some("Larkrise Primary School"), 3);
        for line in ["DTSTART:20250917T133000Z", "DTEND:20250917T141000Z", "LOCATION:Larkrise Primary School"] {
            assert!(summer.iter().any(|said| said == line), "{line} is not in {summer:?}");
        }
        let winter = lines("2026-02-26", "15:15:00", None, 3);
        assert!(winter.iter().any(|line| line == "DTSTART:20260226T151500Z"), "{winter:?}");
        assert_eq!(winter.iter().filter(|line| *line == "BEGIN:VEVENT").count(), 1);
        for line in ["VERSION:2.0", "PRODID:-//OpenPEP//EN", "DTSTAMP:20250916T052000Z", "CLASS:PRIVATE"] {
            assert_eq!(winter.iter().filter(|said| *said == line).count(), 1, "{line}: {winter:?}");
        }
    }

    #[test]
    fn a_moved_meeting_is_the_same_event_and_newer() {
        let (before, after) = (lines("2025-09-17", "14:30:00", None, 3), lines("2025-09-18", "10:00:00", None, 4));
        let of = |lines: &[String], name: &str| lines.iter().find(|line| line.starts_with(name)).cloned().unwrap();
        assert_eq!(of(&before, "UID:"), of(&after, "UID:"));
        assert_eq!((of(&before, "SEQUENCE:").as_str(), of(&after, "SEQUENCE:").as_str()), ("SEQUENCE:3", "SEQUENCE:4"));
    }

    #[test]
    fn what_is_written_as_the_place_stays_the_place() {
        let place = "Room 1; the hall,\r\nEND:VEVENT\r\nupstairs \\ left, beside the very long corridor with the maps of the world";
        let said = lines("2025-09-17", "14:30:00", Some(place), 3);
        assert_eq!(said.iter().filter(|line| *line == "END:VEVENT").count(), 1);
        let location = said.iter().find(|line| line.starts_with("LOCATION:")).unwrap();
        assert!(location.starts_with("LOCATION:Room 1\\; the hall\\, END:VEVENT upstairs \\\\ left\\,"), "{location}");
    }

    #[test]
    fn a_time_that_the_clocks_skip_is_none() {
        let (date, starts) = ("2026-03-29".parse().unwrap(), "01:30:00".parse().unwrap());
        let skipped = Appointment { pep: Uuid::nil(), date, starts, minutes: 40, place: None, sequence: 0, now: 0 };
        assert_eq!(file(&skipped), None);
    }
}
