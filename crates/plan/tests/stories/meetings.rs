use crate::*;
use chrono::{NaiveDate, NaiveTime};
use plan::{Around, Finding, MeetingView, Processes, Running, Severity, agenda_edits, check, meeting};

fn day(text: &str) -> NaiveDate {
    text.parse().unwrap()
}

fn around<'a>(today: &str) -> Around<'a> {
    Around { today: day(today), previous: None, others: &[] }
}

fn pep(process: &str, kind: PepType) -> Pep {
    let (year, term) = parse_term("2025/26-autumn").unwrap();
    Pep { year, term, kind, process: Processes::built_in().latest(process).unwrap(), ..idris() }
}

/// A device on which any of the team writes, for as many people as a story needs.
#[derive(Clone)]
struct Desk {
    pep: Pep,
    document: Automerge,
}

impl Desk {
    fn of(process: &str, kind: PepType, actor: u8) -> Desk {
        let pep = pep(process, kind);
        Desk { document: from_genesis(&pep, DocumentKind::Main, ActorId::from(&[actor, 1][..])), pep }
    }

    fn edits(&mut self, name: &str, edits: &[Edit]) -> Result<Applied, Refused> {
        apply(&mut self.document, &self.pep, DocumentKind::Main, &person(name).1, edits, TUESDAY)
    }

    fn set(&mut self, name: &str, question: &str, text: &str) {
        let value = parse_value(question, text).unwrap();
        self.edits(name, &[Edit::Choose { question: question.into(), value }]).unwrap();
    }

    fn row(&mut self, name: &str, table: &str, cells: &[(&str, &str)]) -> String {
        let cells = cells_of(table, cells);
        let number = u8::try_from(self.document.get_changes_meta(&[]).len()).unwrap();
        let key = row_key(table, &cells, &person(name).1, &mut || [number; 16]).unwrap();
        self.edits(name, &[Edit::PutRow { question: table.into(), key: key.clone(), cells }]).unwrap();
        key
    }

    fn invite(&mut self, name: &str, role: &str) {
        self.row("Odile", "meeting.attendees", &[("person", name), ("role", role), ("invited", "yes")]);
    }

    fn view(&self) -> View {
        read(Documents::main(&self.document), &self.pep, &authors)
    }

    fn meeting(&self, today: &str) -> MeetingView {
        let team: Vec<Who> = (0..u8::try_from(TEAM.len()).unwrap()).filter_map(|index| authors(&[index])).collect();
        meeting(&self.view(), &self.pep, &team, around(today))
    }

    /// What the checks say of the meeting, beside what is simply not answered.
    fn found(&self, today: &str) -> Vec<(Severity, String, String)> {
        let about = |finding: &Finding| {
            let field = finding.field.as_deref().unwrap_or_default();
            field.starts_with("meeting.") || field == "voice.recordedOn"
        };
        let all = check(&self.view(), &self.pep, around(today)).into_iter();
        let said = all.filter(|finding| about(finding) && !finding.says.contains("not been answered"));
        said.map(|finding| (finding.severity, finding.field.unwrap_or_default(), finding.says)).collect()
    }

    #[track_caller]
    fn finds(&self, today: &str, field: &str, words: &str) {
        let found = self.found(today);
        assert!(found.iter().any(|(_, place, says)| place.starts_with(field) && says.contains(words)), "{found:?}");
    }

    #[track_caller]
    fn finds_nothing(&self, today: &str, words: &str) {
        let found = self.found(today);
        assert!(!found.iter().any(|(_, _, says)| says.contains(words)), "{found:?}");
    }
}

/// Wren's first meeting (PEP.md 8.1): Wednesday 17 September 2025, 14:30, in the professionals' portal.
fn wren() -> Desk {
    let mut desk = Desk::of("portal", PepType::Initial, 0);
    desk.set("Ottoline", "setting.yearGroup", "5");
    desk.set("Odile", "meeting.kind", "meeting");
    desk.set("Odile", "meeting.date", "2025-09-17");
    desk.set("Odile", "meeting.time", "14:30");
    desk.set("Odile", "meeting.place", "Larkrise Primary School");
    desk
}

fn ids(meeting: &MeetingView) -> Vec<&str> {
    meeting.agenda.iter().filter_map(|point| point.id.as_deref()).collect()
}

#[test]
fn r000_16_a_primary_child_is_heard_at_the_end_and_joins_for_the_last_ten_minutes() {
    let mut desk = wren();
    let meeting = desk.meeting("2025-09-15");
    assert_eq!(ids(&meeting).last(), Some(&"views"));
    assert_eq!((meeting.minutes, meeting.length_agreed), (39, false));
    assert_eq!((meeting.child.expected(), meeting.child.joins_after), (Some("last_10_minutes"), Some(29)));
    let clock = |point: &plan::AgendaPoint| point.at.map(|at: NaiveTime| at.format("%H:%M").to_string());
    assert_eq!(clock(&meeting.agenda[0]).as_deref(), Some("14:30"));
    assert_eq!((clock(&meeting.agenda[8]).as_deref(), meeting.agenda[8].after), (Some("15:03"), 33));
    desk.set("Odile", "meeting.time", "14:30, 45 minutes");
    assert_eq!(desk.meeting("2025-09-15").child.joins_after, Some(35));
}

#[test]
fn by_the_clock_a_meeting_is_at_a_point_of_its_agenda_and_never_on_another_day() {
    let mut desk = wren();
    let at = |desk: &Desk, day: &str, time: &str| {
        let now = crate::meetings::day(day).and_time(NaiveTime::parse_from_str(time, "%H:%M:%S").unwrap());
        desk.meeting(day).running(now)
    };
    let there = "2025-09-17";
    // Welcome from 14:30 for 2 minutes, then the school's view for 6; 39 minutes in all.
    assert_eq!(at(&desk, there, "14:21:00"), Some(Running::Before(9)));
    assert_eq!(at(&desk, there, "14:29:30"), Some(Running::Before(1)));
    assert_eq!(at(&desk, there, "14:30:00"), Some(Running::At(0, 2)));
    assert_eq!(at(&desk, there, "14:31:59"), Some(Running::At(0, 1)));
    assert_eq!(at(&desk, there, "14:32:00"), Some(Running::At(1, 6)));
    assert_eq!(at(&desk, there, "15:08:59"), Some(Running::At(8, 1)));
    assert_eq!(at(&desk, there, "15:09:00"), Some(Running::Over(0)));
    assert_eq!(at(&desk, there, "15:20:00"), Some(Running::Over(11)));
    for other in ["2025-09-16", "2025-09-18"] {
        assert_eq!(at(&desk, other, "14:40:00"), None);
    }
    // What was agreed beyond the agenda belongs to its last point.
    let longer = Edit::Rewrite { question: "meeting.time".into(), text: "14:30 for 45 minutes".into() };
    desk.edits("Odile", &[longer]).unwrap();
    assert_eq!(at(&desk, there, "15:12:00"), Some(Running::At(8, 3)));
    let vague = Edit::Rewrite { question: "meeting.time".into(), text: "after art".into() };
    let mut unknown = desk.clone();
    unknown.edits("Odile", &[vague]).unwrap();
    assert_eq!(at(&unknown, there, "14:40:00"), None);
    desk.set("Odile", "meeting.held", "yes");
    assert_eq!(at(&desk, there, "14:40:00"), None);
}

#[test]
fn r001_36_r002_09_the_child_s_own_choice_wins_over_the_default() {
    let mut desk = wren();
    desk.set("Idris", "voice.meetingChoice", "come_to_all");
    let meeting = desk.meeting("2025-09-15");
    assert_eq!((ids(&meeting)[1], meeting.child.joins_after), ("views", Some(0)), "heard where the agenda has it");
    desk.set("Idris", "voice.meetingChoice", "someone_speaks_for_me");
    desk.set("Idris", "voice.proxy", "Carys Wexcombe");
    let meeting = desk.meeting("2025-09-15");
    assert_eq!((meeting.child.joins_after, meeting.child.proxy.as_deref()), (None, Some("Carys Wexcombe")));
    assert!(!meeting.missing.iter().any(|missing| missing.role == Role::YoungPerson), "nobody makes them come");
    // Also where the process has no order of its own for it.
    let mut rolling = Desk::of("rolling", PepType::Review, 0);
    rolling.set("Idris", "voice.meetingChoice", "last_10_minutes");
    assert_eq!(ids(&rolling.meeting("2025-09-15")).last(), Some(&"views"));
}

#[test]
fn r000_17_r001_19_r003_10_the_chair_is_whoever_is_named_else_the_process_s() {
    let mut desk = wren();
    let chair = desk.meeting("2025-09-15").chair;
    assert_eq!((chair.named, chair.role), (None, Some(Role::DesignatedTeacher)));
    assert_eq!(chair.people, ["Ottoline Greaves-Penn", "Sunniva Dray"]);
    desk.finds("2025-09-15", "meeting.chair", "first the designated teacher");
    let lorcan = [authors(&[2]).unwrap()];
    let without = meeting(&desk.view(), &desk.pep, &lorcan, around("2025-09-15")).chair;
    assert_eq!((without.role, without.people), (Some(Role::VirtualSchoolOfficer), vec!["Lorcan Tidewell".to_owned()]));
    desk.set("Ottoline", "meeting.chair", "Hesper Vantage");
    assert_eq!(desk.meeting("2025-09-15").chair.named.as_deref(), Some("Hesper Vantage"));
    desk.finds_nothing("2025-09-15", "named to chair");
    let ten_page = Desk::of("ten-page", PepType::Review, 0).meeting("2025-09-15").chair;
    assert_eq!(ten_page.role, Some(Role::SocialWorker));
    assert_eq!(Desk::of("sections", PepType::Review, 0).meeting("2025-09-15").chair.role, None, "agreed at the start");
}

#[test]
fn r000_11_to_r000_14_r001_08_who_is_not_invited_is_said_and_stops_nothing() {
    let mut desk = wren();
    let roles = |desk: &Desk| desk.meeting("2025-09-15").missing.iter().map(|missing| missing.role).collect::<Vec<_>>();
    use Role::*;
    assert_eq!(roles(&desk), [SocialWorker, DesignatedTeacher, VirtualSchoolOfficer, Carer, YoungPerson]);
    desk.invite("Odile Marrowfield", "Social worker");
    desk.invite("Marguerite Oakhollow", "virtual-school-head");
    desk.invite("Jan Puddlecote", "carer");
    assert_eq!(roles(&desk), [DesignatedTeacher, YoungPerson]);
    assert_eq!(desk.meeting("2025-09-15").below_quorum, [DesignatedTeacher]);
    desk.finds("2025-09-15", "meeting.attendees", "needs this person in the meeting (designated teacher)");
    for (severity, _, says) in desk.found("2025-09-15") {
        assert!(severity == Severity::Doubtful && !says.contains("lawful"), "2.6: {says}");
    }
    desk.invite("Callum Brightwater-Finch", "designated teacher");
    assert!(desk.meeting("2025-09-15").below_quorum.is_empty());
    desk.row("Odile", "meeting.attendees", &[("person", "callum brightwater-finch"), ("apologies", "yes")]);
    assert_eq!(desk.meeting("2025-09-15").below_quorum, [DesignatedTeacher], "apologies from somebody who is needed");
    // R000-14: the portal keeps it small.
    for guest in ["Rhoda Quillane", "Odette Plume", "Perrin Puddlecote"] {
        desk.invite(guest, "guest");
    }
    desk.finds("2025-09-15", "meeting.attendees", "7 people are invited; this process keeps a meeting to 6");
}

#[test]
fn r001_11_the_virtual_school_comes_to_a_first_pep() {
    let missing = |kind: PepType| {
        let meeting = Desk::of("sections", kind, 0).meeting("2025-09-15");
        meeting.missing.iter().any(|missing| missing.role == Role::VirtualSchoolOfficer)
    };
    assert!(missing(PepType::Initial) && !missing(PepType::Review));
    let mut desk = Desk::of("sections", PepType::Initial, 0);
    desk.invite("Odile Marrowfield", "social-worker");
    desk.finds(
        "2025-09-15",
        "meeting.attendees",
        "first PEP this process expects this person (virtual school officer)",
    );
}

#[test]
fn r003_02_a_meeting_that_was_held_says_who_was_there() {
    let mut desk = wren();
    desk.invite("Odile Marrowfield", "Social worker");
    desk.invite("Callum Brightwater-Finch", "Designated teacher");
    desk.set("Odile", "meeting.held", "yes");
    desk.finds("2025-09-18", "meeting.attendees", "Who was there?");
    desk.row("Odile", "meeting.attendees", &[("person", "Odile Marrowfield"), ("attended", "all")]);
    desk.row("Odile", "meeting.attendees", &[("person", "Rhoda Quillane"), ("attended", "part")]);
    desk.finds_nothing("2025-09-18", "Who was there?");
    desk.finds("2025-09-18", "meeting.notes", "(designated teacher). Say why in the notes");
    assert!(desk.found("2025-09-18").iter().all(|(severity, ..)| *severity == Severity::Doubtful));
}

#[test]
fn r001_10_the_child_s_words_come_before_the_meeting_where_the_process_says_so() {
    let mut desk = Desk::of("sections", PepType::Review, 0);
    desk.set("Odile", "meeting.kind", "meeting");
    desk.set("Odile", "meeting.date", "2025-11-20");
    desk.finds_nothing("2025-11-19", "child's words");
    desk.finds("2025-11-20", "voice.recordedOn", "not written down yet");
    desk.set("Ottoline", "voice.recordedOn", "2025-11-21");
    desk.finds("2025-11-21", "voice.recordedOn", "after the meeting");
    let mut rolling = Desk::of("rolling", PepType::Review, 0);
    rolling.set("Odile", "meeting.kind", "meeting");
    rolling.set("Odile", "meeting.date", "2025-11-20");
    rolling.finds_nothing("2025-11-25", "child's words");
}

#[test]
fn r004_19_r004_31_an_action_has_somebody_and_a_day_and_is_overdue_after_it() {
    let mut desk = wren();
    let times = desk.row("Odile", "meeting.actions", &[("action", "Contact times to school")]);
    desk.finds("2025-09-18", &format!("meeting.actions/{times}/person"), "Nobody is named");
    desk.finds("2025-09-18", &format!("meeting.actions/{times}/byWhen"), "no day");
    let cells = cells_of("meeting.actions", &[("person", "Petra Lanternby"), ("byWhen", "2025-09-24")]);
    desk.edits("Odile", &[Edit::PutRow { question: "meeting.actions".into(), key: times.clone(), cells }]).unwrap();
    let overdue = |desk: &Desk, today: &str| desk.meeting(today).actions[0].overdue;
    assert!(!overdue(&desk, "2025-09-24") && overdue(&desk, "2025-09-25"));
    desk.finds("2025-09-25", &format!("meeting.actions/{times}/status"), "Has it been done?");
    let cells = cells_of("meeting.actions", &[("status", "done"), ("outcome", "Sent.")]);
    desk.edits("Odile", &[Edit::PutRow { question: "meeting.actions".into(), key: times, cells }]).unwrap();
    assert!(!overdue(&desk, "2025-09-25"));
    desk.finds_nothing("2025-09-25", "Has it been done?");
}

#[test]
fn r001_34_the_next_date_comes_after_this_meeting() {
    let mut desk = wren();
    desk.set("Lorcan", "meeting.nextDate", "2025-09-17");
    desk.finds("2025-09-15", "meeting.nextDate", "not after this meeting");
    desk.set("Lorcan", "meeting.nextDate", "2025-12-09");
    desk.set("Lorcan", "meeting.nextTime", "13:30, Larkrise");
    let meeting = desk.meeting("2025-09-18");
    assert_eq!((meeting.next_date, meeting.next_date_provisional), (Some(day("2025-12-09")), false));
    assert_eq!(meeting.next_time.as_deref(), Some("13:30, Larkrise"));
    assert_eq!(meeting.next_date_set_by, [Role::VirtualSchoolOfficer], "r000_08");
    desk.finds_nothing("2025-09-18", "not after this meeting");
}

#[test]
fn a_review_without_a_meeting_is_for_where_the_process_has_it() {
    let mut desk = Desk::of("portal", PepType::Review, 0);
    desk.set("Ottoline", "setting.yearGroup", "5");
    assert!(!desk.meeting("2025-09-15").desk_review_allowed);
    let on_paper =
        || Edit::Choose { question: "meeting.kind".into(), value: parse_value("meeting.kind", "desk_review").unwrap() };
    let heads = desk.document.get_heads();
    assert_eq!(desk.edits("Odile", &[on_paper()]), Err(Refused::NoDeskReview));
    // Nor as one of two answers, which stand there from before.
    let mut other = desk.clone();
    other.document.set_actor(ActorId::from(&[1, 1][..]));
    write_as_before(&mut other.document, "meeting.kind", "desk_review");
    desk.set("Odile", "meeting.kind", "meeting");
    desk.document.merge(&mut other.document).unwrap();
    let take = |word: &str| Edit::Resolve { question: "meeting.kind".into(), take: Value::Choice(word.into()) };
    assert_eq!(desk.edits("Odile", &[take("desk_review")]), Err(Refused::NoDeskReview));
    assert!(desk.edits("Odile", &[take("meeting")]).unwrap().change.is_some() && desk.document.get_heads() != heads);
}

#[test]
fn a_review_without_a_meeting_that_a_plan_holds_from_before_is_read_and_found() {
    let mut desk = Desk::of("portal", PepType::Review, 0);
    desk.set("Ottoline", "setting.yearGroup", "5");
    write_as_before(&mut desk.document, "meeting.kind", "desk_review");
    assert_eq!(desk.meeting("2025-09-15").kind, Some(ReviewKind::Desk));
    let found = desk.found("2025-09-15");
    assert!(
        found.iter().any(|(severity, place, _)| *severity == Severity::Blocks && place == "meeting.kind"),
        "{found:?}"
    );
}

#[test]
fn r001_23_two_people_who_fill_the_agenda_apart_have_one_and_what_they_changed_stays() {
    let (mut odile, mut ottoline) = (wren(), Desk::of("portal", PepType::Initial, 1));
    ottoline.document.merge(&mut odile.document).unwrap();
    for (desk, name) in [(&mut odile, "Odile"), (&mut ottoline, "Ottoline")] {
        let edits = agenda_edits(&desk.view(), &desk.pep);
        assert_eq!(edits.len(), 9);
        desk.edits(name, &edits).unwrap();
    }
    let extra = [("item", "Wren's map"), ("minutes", "4"), ("lead", "Odette Plume")];
    ottoline.row("Ottoline", "meeting.agenda", &extra);
    odile.document.merge(&mut ottoline.document).unwrap();
    let meeting = odile.meeting("2025-09-15");
    assert_eq!((meeting.agenda.len(), meeting.minutes, meeting.disputed), (10, 43, vec![]));
    assert_eq!(meeting.agenda[9].lead.as_deref(), Some("Odette Plume"));
    assert!(meeting.agenda_written && agenda_edits(&odile.view(), &odile.pep).is_empty());
    // What was taken off the agenda is not put on it again.
    let funding = ids(&odile.meeting("2025-09-15")).iter().position(|id| *id == "funding").unwrap();
    let key = cells_of("meeting.agenda", &[("item", &odile.meeting("2025-09-15").agenda[funding].label)]);
    let key = row_key("meeting.agenda", &key, &person("Odile").1, &mut || [0; 16]).unwrap();
    odile.edits("Odile", &[Edit::WithdrawRow { question: "meeting.agenda".into(), key }]).unwrap();
    assert!(agenda_edits(&odile.view(), &odile.pep).is_empty() && odile.meeting("2025-09-15").agenda.len() == 9);
}

#[test]
fn r001_24_to_r001_27_every_process_has_an_agenda_of_its_own_words() {
    for process in Processes::built_in().iter() {
        let agenda = &process.practice.meeting.agenda;
        assert_eq!((agenda.items.len(), agenda.minutes()), (9, 39), "{}", process.id);
        assert_eq!(agenda.items[0].id, "welcome");
        // R003-11: in this one the form is the running order.
        let heard = agenda.items.iter().position(|item| item.hears_the_child());
        assert_eq!(heard, Some(if process.id == "ten-page" { 3 } else { 1 }), "{}", process.id);
    }
}

#[test]
fn r000_22_r003_16_what_is_to_be_reviewed_are_the_targets_of_the_last_pep() {
    let mut before = Device::of("Ottoline");
    let essay = Uuid::from_u128(0xE55A);
    before.target(essay, &[("statement", "A four-paragraph essay"), ("status", "agreed")]);
    before.target(Uuid::from_u128(0x1DEA), &[("statement", "An idea"), ("status", "idea")]);
    let (before, mut desk) = (before.view(), Desk::of("sections", PepType::Review, 0));
    let with = Around { previous: Some(&before), ..around("2025-11-20") };
    let reviewed = |desk: &Desk| {
        let all = meeting(&desk.view(), &desk.pep, &[], with).review.into_iter();
        all.map(|target| (target.statement, target.result)).collect::<Vec<_>>()
    };
    assert_eq!(reviewed(&desk), [("A four-paragraph essay".to_owned(), None)]);
    let cells = cells_of("targets.review", &[("result", "partly")]);
    desk.edits("Ottoline", &[Edit::ReviewTarget { key: essay.to_string(), cells }]).unwrap();
    assert_eq!(reviewed(&desk), [("A four-paragraph essay".to_owned(), Some("partly".to_owned()))]);
}

#[test]
fn what_people_disagree_about_is_named_and_nothing_is_concluded_from_it() {
    let mut desk = wren();
    let mut other =
        Desk { document: from_genesis(&desk.pep, DocumentKind::Main, ActorId::from(&[2, 1][..])), ..desk.clone() };
    other.document.merge(&mut desk.document).unwrap();
    desk.set("Odile", "meeting.date", "2025-09-18");
    other.set("Lorcan", "meeting.date", "2025-09-19");
    desk.document.merge(&mut other.document).unwrap();
    let meeting = desk.meeting("2025-09-15");
    assert_eq!((meeting.date, meeting.disputed), (None, vec!["meeting.date".to_owned()]));
}
