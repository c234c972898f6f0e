use crate::*;

const GOOD: &str = include_str!("../../processes/ten-page.json");
/// A process that this program does not come with, as a council writes one.
pub const SIXTH: &str = include_str!("../../../../fixtures/processes/harrowmere.json");

/// What is changed in a good file, into what, what the reason says, and where: the text whose line is named, or "" for the
/// line that was changed.
const BAD: [(&str, &str, &str, &str); 56] = [
    ("\"child.dob\"", "\"child.birthday\"", "not a question", ""),
    ("\"child.dob\"", "\"child.sex\"", "placed twice", ""),
    ("\"child.dob\", ", "", "child.dob is on no page", "\"pages\""),
    ("\"owner\": \"social-worker\"", "\"owner\": \"head\"", "not a role", ""),
    ("\"alternateOwner\": \"social-worker\"", "\"alternateOwner\": \"designated-teacher\"", "is its owner", ""),
    ("\"ownerWhenNotOnRoll\": [\"social-worker\"", "\"ownerWhenNotOnRoll\": [\"nobody\"", "not a role", ""),
    ("{\"id\": \"2\", \"title\"", "{\"id\": \"1\", \"title\"", "same id", "{\"id\": \"1\""),
    ("\"id\": \"ten-page\"", "\"id\": \"Ten page\"", "lower-case", ""),
    ("\"version\": 1", "\"version\": 0", "begin with 1", ""),
    ("\"effectiveFrom\": \"2025-09-01\"", "\"effectiveFrom\": \"2025-09-31\"", "out of range", ""),
    ("\"receptionUses\": \"primary\"", "\"receptionUses\": \"infants\"", "not a phase", ""),
    ("\"name\":", "\"nmae\":", "unknown field", ""),
    ("\"funding.tuition\": [", "\"funding.requested\": [", "more writers", ""),
    ("\"primary\": 52000", "\"primary\": -1", "no amount of pence", ""),
    ("\"2025-10-24\"", "\"2025-09-01\"", "ends before it begins", "\"calendar\""),
    ("\"2026-02-13\"", "\"2026-02-30\"", "out of range", ""),
    ("[\"2026-01-05\", \"2026-02-13\"]", "[\"2025-12-05\", \"2026-02-13\"]", "overlap", "\"calendar\""),
    ("\"completeBy\": \"2026-03-20\"", "\"completeBy\": \"2026-09-20\"", "not in that term", "\"calendar\""),
    ("\"2027-12-27\", ", "", "fewer than 8", "\"calendar\""),
    ("\"year\": \"2025/26\"", "\"year\": \"2025/27\"", "academic year", ""),
    (
        "\"firstPep\": []",
        "\"firstPep\": [{\"event\": \"held\", \"dayKind\": \"working\", \"from\": \"came-into-care\"}]",
        "missing field `days`",
        "",
    ),
    (
        "\"firstPep\": []",
        "\"firstPep\": [{\"event\": \"held\", \"days\": 0, \"dayKind\": \"working\", \"from\": \"came-into-care\"}]",
        "nonzero",
        "",
    ),
    (
        "\"firstPep\": []",
        "\"firstPep\": [{\"event\": \"held\", \"days\": -20, \"dayKind\": \"working\", \"from\": \"came-into-care\"}]",
        "nonzero",
        "",
    ),
    (
        "\"firstPep\": []",
        "\"firstPep\": [{\"event\": \"held\", \"days\": 20, \"dayKind\": \"bank\", \"from\": \"came-into-care\"}]",
        "not a kind of day",
        "",
    ),
    (
        "\"firstPep\": []",
        "\"firstPep\": [{\"event\": \"held\", \"days\": 20, \"dayKind\": \"school\", \"from\": \"birth\"}]",
        "not a start of a clock",
        "",
    ),
    (
        "\"firstPep\": []",
        "\"firstPep\": [{\"event\": \"held\", \"days\": 20, \"dayKind\": \"school\", \"from\": \"came-into-care\"}, {\"event\": \"held\", \"days\": 10, \"dayKind\": \"school\", \"from\": \"came-into-care\"}]",
        "two deadlines",
        "",
    ),
    ("\"post_16\": 3}, \"kind\"", "\"post_16\": 0}, \"kind\"", "nonzero", ""),
    (", \"post_16\": 3}, \"kind\"", "}, \"kind\"", "no number for post_16", ""),
    ("\"triggers\": [\"school-move\"]", "\"triggers\": [\"rain\"]", "not a trigger", ""),
    (
        "\"from\": \"social-worker\", \"to\": [",
        "\"from\": \"social-worker\", \"to\": [\"social-worker\", ",
        "or themselves",
        "",
    ),
    ("\"default\": \"social-worker\", \"fallback\"", "\"fallback\"", "has no default", ""),
    ("\"nonMaterial\": [\"people.socialWorker\"", "\"nonMaterial\": [\"people.dog\"", "not a question of the bank", ""),
    ("\"people.carers/dayToDay\"", "\"people.carers/phone\"", "not a column of that question", ""),
    ("\"people.carers/dayToDay\"", "\"people.carers/relationship\"", "listed twice in `nonMaterial`", ""),
    ("\"people.carers/dayToDay\"", "\"people.parentalResponsibility\"", "covered by no signature", ""),
    ("\"people.carers/dayToDay\"", "\"targets.list\"", "always covers the targets", "\"targets.list\""),
    ("\"recorders\": [\"designated-teacher\", \"social-worker\"]", "\"recorders\": []", "names nobody", ""),
    ("\"recorders\": [\"designated-teacher\", ", "\"recorders\": [\"social-worker\", ", "a role twice", ""),
    ("\"come_for_part\", \"last", "\"come_on_a_horse\", \"last", "not a choice of voice.meetingChoice", ""),
    ("\"come_for_part\", \"last", "\"last", "not among `meetingOptions`", ""),
    (
        "\"order\": [\"designated-teacher\", \"social-worker\"",
        "\"order\": [\"social-worker\", \"designated-teacher\"",
        "wait for somebody before",
        "",
    ),
    (
        "\"order\": [\"designated-teacher\", \"social-worker\", \"virtual-school-officer\"]",
        "\"order\": [\"designated-teacher\", \"social-worker\"]",
        "not in `order`",
        "",
    ),
    ("{\"grade\": \"gold\", \"when\"", "{\"grade\": \"platinum\", \"when\"", "not among `grades`", ""),
    ("\"of\": \"amber\", \"op\": \"=\"", "\"of\": \"purple\", \"op\": \"=\"", "not among `grades`", ""),
    (
        "{\"grade\": \"amber\", \"when\": []}",
        "{\"grade\": \"amber\", \"when\": [{\"of\": \"red\", \"op\": \"=\", \"n\": 0}]}",
        "no grade",
        "\"aggregate\"",
    ),
    ("\"blocksSignoffAt\": [\"red\"]", "\"blocksSignoffAt\": [\"crimson\"]", "not among `grades`", ""),
    ("\"meta\": \"blank\", ", "", "the block meta", "\"carryForward\""),
    ("\"meta\": \"blank\"", "\"meat\": \"blank\"", "not a block", ""),
    ("\"id\": \"views\"", "\"id\": \"school\"", "two items of the agenda have the id school", "{\"id\": \"school\""),
    (
        "\"label\": \"Previous targets\"",
        "\"label\": \"New targets, and actions\"",
        "a name of its own",
        "New targets and actions",
    ),
    ("\"opens\": [\"funding\"]", "\"opens\": [\"fees\"]", "neither a question nor a block", ""),
    ("\"opens\": [\"voice\", \"carer\"]", "\"opens\": [\"carer\"]", "the child is always heard", "\"agenda\""),
    ("\"order\": {}", "\"order\": {\"primary\": [\"welcome\"]}", "every item of the agenda once", "\"agenda\""),
    (
        "\"label\": \"Previous targets\", \"minutes\": 6",
        "\"label\": \"Previous targets\", \"minutes\": 0",
        "nonzero",
        "",
    ),
    ("\"recordedOnPage\": \"10\"", "\"recordedOnPage\": \"11\"", "is on page 10", ""),
    ("\"setBy\": [\"social-worker\"]", "\"setBy\": [\"carer\"]", "cannot write meeting.nextDate", ""),
];

#[test]
fn a_bad_file_is_refused_with_line_and_reason() {
    for (from, to, reason, place) in BAD {
        assert!(GOOD.contains(from), "the good file has no {from}");
        let bad = GOOD.replacen(from, to, 1);
        let error = Process::parse(&bad).expect_err(reason);
        assert!(error.reason.contains(reason), "{to}: {error} does not say `{reason}`");
        let changed = GOOD.lines().zip(bad.lines()).position(|(good, bad)| good != bad);
        let named = bad.lines().position(|line| line.contains(place));
        let line = if place.is_empty() { changed } else { named };
        assert_eq!(Some(error.line), line.map(|line| line + 1), "{to}: {error}");
    }
}

#[test]
fn a_further_condition_must_be_sound_and_may_not_take_away_what_the_law_asks_for() {
    let with = |conditions: &str| {
        let text = GOOD.replacen(" \"targets\":", &format!(" \"visibleIf\": {{{conditions}}},\n \"targets\":"), 1);
        Process::parse(&text).map_err(|error| (error.line, error.reason))
    };
    assert!(with(r#""health.medication": "care.placedOutOfArea = yes""#).is_ok());
    let refused = |conditions: &str, reason: &str| {
        let (line, said) = with(conditions).expect_err(reason);
        assert!(said.contains(reason), "{said}");
        let written = GOOD.lines().position(|line| line.starts_with(" \"targets\":")).map(|before| before + 1);
        assert_eq!(Some(line), written, "{said}");
    };
    refused(r#""setting.journey": "always""#, "not a question");
    refused(r#""child.religion": "child.faith = yes""#, "not in the bank");
    refused(r#""child.religion": "child.uasc maybe""#, "");
    refused(r#""child.uasc": "child.uascNotes exists""#, "depends on itself");
    refused(r#""activities.leisure": "child.uasc = yes""#, "what the law says");
}

#[test]
fn a_bank_whose_conditions_lead_in_a_circle_is_refused() {
    let good = include_str!("../../bank.json");
    let question = good.lines().find(|line| line.contains("\"id\": \"child.uasc\"")).unwrap();
    let circle = question.replace("\"visibleIf\": \"always\"", "\"visibleIf\": \"child.uascNotes exists\"");
    let error = Bank::parse(&good.replacen(question, &circle, 1)).expect_err("a circle");
    assert!(error.reason.contains("depends on itself") && error.line > 1, "{error}");
}

#[test]
fn five_councils_processes_are_here_with_the_pages_they_have() {
    let five: Vec<(&str, &str, usize)> = Processes::built_in()
        .newest()
        .map(|process| (process.code.as_str(), process.id.as_str(), process.pages.len()))
        .collect();
    let pages = [("T-001", "sections", 5), ("T-000", "portal", 8), ("T-002", "rolling", 9), ("T-003", "ten-page", 10)];
    assert_eq!(five, [&pages[..], &[("T-004", "web", 10)]].concat());
    for process in Processes::built_in().iter() {
        assert_eq!(
            (process.form, process.bank, process.schema),
            [(1, 1, 1), (2, 2, 1), (2, 2, 2)][process.version as usize - 1],
            "{}",
            process.id
        );
        for question in bank().questions() {
            let times = process.questions().filter(|placed| placed.id == question.id).count();
            assert_eq!(times, usize::from(process.places(question)), "{} in {}", question.id, process.id);
        }
    }
}

#[test]
fn one_program_may_know_the_processes_of_several_councils() {
    let sixth = Processes::new(vec![Process::parse(SIXTH).unwrap()]);
    let id = sixth.iter().next().unwrap().id.clone();
    let pep = Pep { process: sixth.latest(&id).unwrap(), ..idris() };
    assert_eq!((pep.process().id.as_str(), pep.process.version()), (id.as_str(), 1));
    assert_ne!(
        pep.genesis(DocumentKind::Main),
        idris().genesis(DocumentKind::Main),
        "each has first changes of its own"
    );
    assert_eq!(sixth.latest("sections").unwrap_err().known, format!("{id} 1"));
    assert!(Processes::built_in().get(&id, 1).is_err(), "what one knows, another does not");
}

#[test]
fn every_process_covers_the_five_items_of_schedule_1_paragraph_2() {
    let sixth = Process::parse(SIXTH).unwrap();
    for process in Processes::built_in().iter().chain([&sixth]) {
        for (item, names) in SCHEDULE_1 {
            for name in names {
                let questions: Vec<&Question> = process
                    .questions()
                    .filter(|question| question.id == *name || (name.ends_with('.') && question.id.starts_with(name)))
                    .collect();
                assert!(!questions.is_empty(), "{}: {item} has no {name}", process.id);
                for question in questions {
                    let somebody = question.computed || !process.writers_of(question).is_empty();
                    assert!(somebody, "{}: nobody can answer {}", process.id, question.id);
                    assert!(!process.visible_if.contains_key(&question.id), "{}: {}", process.id, question.id);
                }
            }
        }
    }
}

#[test]
fn r000_08_to_r004_07_each_process_says_what_its_council_does() {
    let of = |id: &str| {
        let process = Processes::built_in().latest(id).unwrap();
        let process = Processes::built_in().iter().find(|other| other.id == process.id()).unwrap();
        (&process.practice, process)
    };
    let (portal, process) = of("portal");
    let day = "2025-09-02".parse().unwrap();
    assert_eq!(process.funding.allocation(Phase::Primary, day), Some(50_000), "PEP.md 8.1");
    assert_eq!(portal.initiation.by, [Role::VirtualSchoolOfficer], "r000_08");
    assert_eq!(
        (portal.meeting.chair.mode, portal.meeting.chair.default),
        (PostMode::Fixed, Some(Role::DesignatedTeacher))
    );
    assert_eq!(portal.meeting.chair.fallback, [Role::VirtualSchoolOfficer], "r000_17");
    assert_eq!(portal.voice.default_option[&Phase::Primary], "last_10_minutes", "r000_16");
    let first = portal.first_pep[0];
    assert_eq!(
        (first.event, first.days.get(), first.when_emergency.unwrap().get()),
        (Step::Arranged, 20, 10),
        "r000_18"
    );
    let (sections, process) = of("sections");
    assert_eq!(process.pages[1].alternate_owner, Some(Role::SocialWorker), "r001_04");
    assert_eq!(process.pages[1].due.unwrap().side, DueSide::Before, "r001_10");
    assert_eq!(sections.meeting.attendance[&Role::VirtualSchoolOfficer], Attendance::WhenInitial, "r001_11");
    assert_eq!(sections.carry_forward["send"], Carry::Manual, "r001_14");
    assert_eq!(sections.meeting.chair.mode, PostMode::Agreed, "r001_19");
    let (rolling, _) = of("rolling");
    assert_eq!(rolling.initiation.by, [Role::SocialWorker, Role::DesignatedTeacher], "r002_07");
    assert_eq!((rolling.eligibility.not_in_education, rolling.editing), (true, Editing::Rolling), "r002_05, r002_11");
    assert_eq!(rolling.first_pep[0].event, Step::Initiated, "r002_06");
    let (ten_page, process) = of("ten-page");
    assert_eq!(ten_page.meeting.chair.default, Some(Role::SocialWorker), "r003_10");
    assert_eq!(ten_page.meeting.attendance[&Role::VirtualSchoolOfficer], Attendance::OnRequest, "r003_09");
    let owner = |page: &Page| page.owner == Role::SocialWorker;
    let social_workers: Vec<&str> =
        process.pages.iter().filter(|page| owner(page)).map(|page| page.id.as_str()).collect();
    assert_eq!(social_workers, ["1", "2", "8", "10"], "r003_12");
    let gate = &ten_page.completion.gates[0];
    assert_eq!((gate.role, &gate.requires[..]), (Role::SocialWorker, &[Role::DesignatedTeacher][..]), "r003_27");
    assert_eq!(ten_page.case_transfer.approved_by, Some(Role::VirtualSchoolOfficer), "r003_34");
    let (web, process) = of("web");
    assert_eq!(web.access.young_person, Account::Full, "r004_07");
    assert_eq!(process.pages[0].owner, Role::YoungPerson, "r004_10");
    assert!(web.review.triggers.contains(&Trigger::SchoolMove), "r004_05");
}

#[test]
fn the_overall_grade_is_the_first_rule_that_fits() {
    let process = Process::parse(GOOD).unwrap();
    let qa = &process.practice.qa;
    let overall = |others: &str, changed: &[(&str, &str)]| {
        let mut graded: BTreeMap<String, String> =
            qa.areas.iter().map(|area| (area.id.clone(), others.to_owned())).collect();
        graded.extend(changed.iter().map(|(area, grade)| ((*area).to_owned(), (*grade).to_owned())));
        qa.overall(&graded).map(str::to_owned)
    };
    let is = |grade: &str| Some(grade.to_owned());
    assert_eq!(overall("gold", &[]), is("gold"));
    assert_eq!(overall("gold", &[("voice", "green")]), is("gold"));
    assert_eq!(overall("gold", &[("voice", "amber")]), is("green"));
    assert_eq!(overall("green", &[("voice", "amber")]), is("green"));
    assert_eq!(overall("green", &[("voice", "amber"), ("carer", "amber")]), is("amber"));
    assert_eq!(overall("gold", &[("voice", "red")]), is("red"));
    assert_eq!(overall("gold", &[("attainment", "red")]), is("gold"), "attainment does not count here");
    assert_eq!(qa.overall(&BTreeMap::new()), None, "not while an area has no grade");
}

#[test]
fn the_sixth_process_of_the_tutorial_can_be_used() {
    let sixth = Process::parse(SIXTH).unwrap();
    assert_eq!((sixth.id.as_str(), sixth.pages.len()), ("harrowmere", 4));
    assert_eq!(sixth.practice.review.kind_of(Phase::Post16, Term::Spring), ReviewKind::Desk);
    assert_eq!(sixth.practice.review.kind_of(Phase::Primary, Term::Spring), ReviewKind::Meeting);
    let on_paper = |kind, phase, term| sixth.practice.review.on_paper(kind, phase, term);
    assert!(on_paper(PepType::Review, Some(Phase::Post16), Term::Spring));
    assert!(!on_paper(PepType::Initial, Some(Phase::Post16), Term::Spring), "a first PEP has a meeting");
    assert!(!on_paper(PepType::Review, Some(Phase::Post16), Term::Autumn));
    assert!(!on_paper(PepType::Review, None, Term::Spring), "nobody knows the phase yet");
    // What the tutorial quotes is what the file says.
    let tutorial = include_str!("../../PROCESSES.md");
    let quoted: Vec<&str> = tutorial.split("```json\n").skip(1).filter_map(|rest| rest.split("```").next()).collect();
    assert!(quoted.len() >= 6, "the tutorial shows its steps");
    let squeezed = |text: &str| text.split_whitespace().collect::<String>();
    for part in quoted {
        assert!(squeezed(SIXTH).contains(&squeezed(part)), "not in the file:\n{part}");
    }
}
