use std::sync::Arc;

use crate::*;
use plan::{Calendar, CalendarFile, Played, SAMPLES, Sample};

const GIVEN: &str = r#"{
 "name": "Harrowmere 2027/28",
 "terms": [
  {"year": "2027/28", "term": "autumn", "open": [["2027-09-02", "2027-10-22"], ["2027-11-01", "2027-12-17"]], "completeBy": "2027-11-26"},
  {"year": "2027/28", "term": "spring", "open": [["2028-01-04", "2028-02-11"], ["2028-02-21", "2028-03-31"]], "completeBy": "2028-03-17"}
 ],
 "bankHolidays": ["2028-01-03", "2028-04-14", "2028-04-17", "2028-05-01", "2028-05-29", "2028-08-28", "2028-12-25", "2028-12-26"],
 "closures": [["2027-10-04", "2027-10-04"]]
}"#;

fn day(text: &str) -> chrono::NaiveDate {
    text.parse().unwrap()
}

#[test]
fn what_a_council_gives_takes_the_place_of_what_the_program_knows_and_leaves_earlier_terms() {
    let given = CalendarFile::parse(GIVEN).unwrap().over(&Calendar::newest());
    assert_eq!(
        given.term_at(day("2027-10-01")).map(|term| (term.term, term.complete_by)),
        Some((Term::Autumn, day("2027-11-26")))
    );
    assert_eq!(given.term_at(day("2026-10-01")).map(|term| term.complete_by), Some(day("2026-11-27")));
    assert!(given.is_school_day(day("2027-10-05")) && !given.is_school_day(day("2027-10-04")), "shut on one day");
    assert_eq!(given.is_working_day(day("2028-01-03")), Ok(false));
    assert_eq!(
        (given.name.as_str(), given.ends_by(day("2027-04-01"))),
        ("Harrowmere 2027/28", Some(day("2028-03-31")))
    );
    // The years that it corrects, and nothing later of another calendar.
    let corrected = GIVEN
        .replace("2027/28", "2026/27")
        .replace("2028-", "2029-")
        .replace("2027-", "2026-")
        .replace("2029-", "2027-");
    let corrected = CalendarFile::parse(&corrected).unwrap().over(&Calendar::newest());
    assert_eq!(
        corrected.terms.last().map(|term| (term.year.to_string(), term.term)),
        Some(("2026/27".to_owned(), Term::Spring))
    );
}

#[test]
fn a_bad_calendar_is_refused_with_line_and_reason() {
    for (from, to, line, reason) in [
        ("\"2027-09-02\", \"2027-10-22\"", "\"2027-10-22\", \"2027-09-02\"", 4, "ends before it begins"),
        ("2028-01-04", "2027-12-10", 5, "overlap"),
        ("\"term\": \"spring\"", "\"term\": \"summer\"", 5, "gap"),
        ("2027-11-26", "2028-11-26", 4, "not in that term"),
        ("[[\"2027-10-04\", \"2027-10-04\"]]", "[[\"2027-10-04\", \"2027-10-01\"]]", 8, "closure"),
        ("\"2028-01-03\", ", "", 7, "fewer than 8 bank holidays"),
        ("\"2027/28\", \"term\": \"autumn\"", "\"2027/29\", \"term\": \"autumn\"", 4, ""),
        ("\"name\"", "\"title\"", 2, "unknown field"),
        ("2027-10-22", "2027-10-32", 4, ""),
    ] {
        let bad = CalendarFile::parse(&GIVEN.replacen(from, to, 1)).expect_err(reason);
        assert!(bad.reason.contains(reason), "{bad} does not say {reason}");
        assert_eq!(bad.line, line, "{bad}");
    }
    for bad in ["", "[]", "{}", r#"{"terms": []}"#, &format!("{GIVEN}{}", " ".repeat(plan::CALENDAR_BYTES_MAX))] {
        assert!(CalendarFile::parse(bad).is_err());
    }
}

#[test]
fn a_changed_calendar_moves_days_and_makes_no_signature_stale() {
    let (_, text) = SAMPLES.iter().find(|(name, _)| *name == "idris").unwrap();
    let played = |calendar: Option<Arc<Calendar>>| {
        let mut sample = Sample::parse(text, Processes::built_in()).unwrap();
        let sitting = sample.peps.iter().position(|pep| pep.term == Term::Spring).unwrap();
        let process = sample.peps[sitting].process.clone();
        sample.peps[sitting].process = process.clone().by(calendar);
        assert_eq!(sample.peps[sitting].process, process, "it is the same PEP under the same process");
        let sitting = &sample.peps[sitting];
        let mut played = Played::begin(&sample, sitting, Uuid::from_u128(0x5A3));
        sitting.steps.iter().for_each(|step| drop(played.take(step).unwrap()));
        played.view().unwrap()
    };
    let mut other = Calendar::newest();
    for term in &mut other.terms {
        term.complete_by = term.open[0].1;
    }
    let (before, after) = (played(None), played(Some(Arc::new(other))));
    assert!(before.signed_off() && after.signed_off());
    let signed = |view: &View| {
        view.sign_offs.iter().map(|made| (made.question, made.hash.clone(), made.stands)).collect::<Vec<_>>()
    };
    assert_eq!(signed(&after), signed(&before), "what is signed does not depend on the days");
    let term = |view: &View| view.dues.iter().find(|due| due.duty == Duty::Term).map(|due| due.by);
    assert_ne!(term(&after), term(&before));
}
