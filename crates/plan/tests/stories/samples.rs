//! The sample children (PEP.md section 8): their files, played step by step.

use plan::{
    AcademicYear, Around, Duty, Finding, NextDate, Played, Processes, SAMPLES, Sample, SampleStep, Severity, check,
};

use crate::*;

/// What every id of these plans follows from.
const CHILD: Uuid = Uuid::from_u128(0x5A3);

fn sample(name: &str) -> Sample {
    let (_, text) = SAMPLES.iter().find(|(known, _)| *known == name).unwrap();
    Sample::parse(text, Processes::built_in()).unwrap()
}

/// The child's plan of a term, with the steps that `until` is true of. Nothing of what people wrote may be left out.
fn played(name: &str, term: Term, until: impl Fn(&SampleStep) -> bool) -> Played {
    let sample = sample(name);
    let sitting = sample.peps.iter().find(|pep| pep.term == term).unwrap();
    let mut played = Played::begin(&sample, sitting, CHILD);
    for step in sitting.steps.iter().filter(|step| until(step)) {
        let said = format!("{name}, {} on {}", step.by, step.on);
        let left_out = played.take(step).unwrap_or_else(|refused| panic!("{said}: {refused}"));
        assert!(left_out.is_empty(), "{said}: {left_out:#?}");
    }
    played
}

fn whole(name: &str, term: Term) -> View {
    played(name, term, |_| true).view().unwrap()
}

/// Everybody's steps up to a day, that day included.
fn as_of(name: &str, term: Term, last: &str) -> Played {
    let last = day(last);
    played(name, term, |step| step.on <= last)
}

fn findings(name: &str, term: Term, view: &View) -> Vec<Finding> {
    let sample = sample(name);
    let before = sample.peps.iter().take_while(|pep| pep.term != term).last();
    let previous = before.map(|pep| whole(name, pep.term));
    let sitting = sample.peps.iter().find(|pep| pep.term == term).unwrap();
    let Answer::Value(Value::Date(today)) = view.answers["meeting.date"] else { panic!("{name} has no meeting") };
    check(view, &sitting.pep(CHILD), Around { today, previous: previous.as_ref(), others: &[] })
}

fn day(text: &str) -> chrono::NaiveDate {
    text.parse().unwrap()
}

/// One column of a table, in the order of its rows.
fn column(view: &View, table: &str, column: &str) -> Vec<String> {
    let Answer::Table(rows) = &view.answers[table] else { panic!("{table} has no rows") };
    rows.iter().map(|row| row.to_json()[column].to_string()).collect()
}

fn gaps(view: &View) -> Vec<&str> {
    view.gaps.iter().map(|gap| gap.question).collect()
}

#[test]
fn r003_27_nothing_is_left_out_and_every_question_that_is_asked_is_answered_or_excused() {
    for (name, text) in SAMPLES {
        for sitting in Sample::parse(text, Processes::built_in()).unwrap().peps {
            assert_eq!(gaps(&whole(name, sitting.term)), [""; 0], "{name} {}", sitting.term);
        }
    }
}

#[test]
fn r003_29_nothing_that_blocks_is_found_in_a_plan_that_was_signed() {
    for (name, text) in SAMPLES {
        for sitting in Sample::parse(text, Processes::built_in()).unwrap().peps {
            let found = findings(name, sitting.term, &whole(name, sitting.term));
            let blocks = |finding: &&Finding| finding.severity == Severity::Blocks;
            let blocks: Vec<&str> = found.iter().filter(blocks).map(|finding| finding.says.as_str()).collect();
            assert!(blocks.is_empty(), "{name} {}: {blocks:#?}", sitting.term);
        }
    }
}

#[test]
fn the_year_group_and_the_form_follow_from_the_date_of_birth() {
    // PEP.md 4.1.
    for (name, group, phase) in [
        ("wren", 5, Phase::Primary),
        ("idris", 10, Phase::Secondary),
        ("amari", 12, Phase::Post16),
        ("bram", -1, Phase::EarlyYears),
        ("sorrel", 9, Phase::Secondary),
        ("linnet", 11, Phase::Secondary),
    ] {
        let sample = sample(name);
        assert_eq!(AcademicYear(2025).group_of(sample.child.born), group, "{name}");
        let term = sample.peps.last().unwrap().term;
        assert_eq!(whole(name, term).phase, Some(phase), "{name}");
    }
}

#[test]
fn wrens_figures_come_out() {
    let view = whole("wren", Term::Autumn);
    assert_eq!((view.funding.allocation, view.funding.requested), (Some(50_000), 43_000));
    assert_eq!((view.funding.remaining, view.funding.over()), (Some(7_000), 0));
    assert_eq!(view.targets.iter().map(|target| target.requested).collect::<Vec<_>>(), [15_400, 10_000, 17_600]);
    assert_eq!(column(&view, "attendance.terms", "percent"), ["90.9", "80"]);
    assert_eq!(column(&view, "wellbeing.sdq", "total"), ["20"]);
    assert_eq!(column(&view, "wellbeing.sdq", "band"), ["\"high\""]);
    assert_eq!(view.next_date, Some(NextDate { date: day("2025-12-09"), provisional: false }));
}

#[test]
fn r000_18_r000_19_wrens_clock_is_ten_working_days_because_it_was_an_emergency() {
    let mut wren = played("wren", Term::Autumn, |_| true);
    let arranged = |wren: &Played| {
        let view = wren.view().unwrap();
        view.dues.iter().find(|due| due.duty == Duty::FirstPep(Step::Arranged)).map(|due| due.by.unwrap())
    };
    assert_eq!(arranged(&wren), Some(day("2025-09-19")));
    let (_, petra) = wren.writer("petra").unwrap();
    let pep = wren.pep.clone();
    let calm = Edit::Choose { question: "care.emergency".into(), value: Value::YesNo(false) };
    apply(wren.document(DocumentKind::Main).unwrap(), &pep, DocumentKind::Main, &petra, &[calm], TUESDAY).unwrap();
    assert_eq!(arranged(&wren), Some(day("2025-10-03")));
}

#[test]
fn wrens_edges_are_there() {
    let sample = sample("wren");
    let view = whole("wren", Term::Autumn);
    assert!(!view.asked.contains("targets.review"), "there are no previous targets");
    let first = &sample.people[&sample.peps[0].steps[0].by];
    assert_eq!(first.role, Role::VirtualSchoolOfficer, "r000_08: the Virtual School begins");
    assert_eq!(shown(&view, "voice.meetingChoice"), "last_10_minutes", "r000_16");
    assert_eq!(shown(&view, "meeting.childPart"), "last_10_minutes", "r000_16");
    // r000_26: her targets were ideas before the meeting, and nothing was asked for yet.
    let before = as_of("wren", Term::Autumn, "2025-09-16").view().unwrap();
    assert_eq!((before.targets.len(), before.funding.requested), (3, 0));
    // What she wants only Petra to see is not in the plan that everybody holds.
    let mut wren = played("wren", Term::Autumn, |_| true);
    let main = wren.document(DocumentKind::Main).unwrap().clone();
    let everybody = read(Documents::main(&main), &wren.pep, &|actor| wren.who(actor));
    assert!(everybody.answers["voice.keepPrivate"] == Answer::Elsewhere);
    assert!(everybody.answers["care.collectAndContact"] == Answer::Elsewhere);
    assert!(matches!(view.answers["voice.keepPrivate"], Answer::Voices(_)));
}

#[test]
fn idriss_figures_come_out() {
    let view = whole("idris", Term::Spring);
    assert_eq!((view.funding.allocation, view.funding.requested), (Some(52_000), 21_600));
    assert_eq!((view.funding.retained, view.funding.remaining, view.funding.over()), (30_400, Some(0), 0));
    assert_eq!(column(&view, "attendance.terms", "percent"), ["81.8", "89.7"]);
    // Over the year to date: 182 of 216 is 84.3 per cent, persistent absence.
    let sum =
        |name: &str| column(&view, "attendance.terms", name).iter().map(|n| n.parse::<u32>().unwrap()).sum::<u32>();
    assert_eq!((sum("attended"), sum("possible")), (182, 216));
    assert_eq!((sum("attended") * 2_000 + sum("possible")) / (2 * sum("possible")), 843);
    assert_eq!(shown(&view, "attendance.band"), "persistent");
    assert_eq!(column(&view, "wellbeing.sdq", "total"), ["18", "21"]);
}

#[test]
fn r003_33_idriss_next_date_is_provisional_until_odile_sets_it() {
    let before = as_of("idris", Term::Spring, "2026-02-27").view().unwrap();
    let (date, provisional) = (day("2026-06-04"), true);
    assert_eq!(before.next_date, Some(NextDate { date, provisional }), "28 May is half-term");
    let after = as_of("idris", Term::Spring, "2026-03-02").view().unwrap();
    assert_eq!(after.next_date, Some(NextDate { date, provisional: false }));
}

#[test]
fn r003_16_idriss_three_targets_of_the_autumn_are_reviewed_and_one_is_carried_on() {
    let (autumn, spring) = (whole("idris", Term::Autumn), whole("idris", Term::Spring));
    let before: BTreeSet<&str> = autumn.targets.iter().map(|target| target.row.key.as_str()).collect();
    let reviewed: Vec<String> = column(&spring, "targets.review", "target");
    assert_eq!(reviewed.iter().map(|key| key.trim_matches('"')).collect::<BTreeSet<_>>(), before);
    let carried = spring.targets.iter().find_map(|target| target.row.cells.get("carriedFrom")).unwrap();
    assert!(before.contains(carried.to_json().as_str().unwrap()));
    assert_eq!(column(&spring, "targets.review", "nextStep"), ["\"carry_forward\"", "\"close\"", "\"replace\""]);
}

#[test]
fn r003_18_r003_34_idriss_edges_are_there() {
    let sample = sample("idris");
    // The case went from Petra to Odile, and both wrote in the same plan.
    assert_eq!(sample.people["petra"].until.unwrap().succ_opt(), sample.people["odile"].from);
    let spring = &sample.peps[1];
    for step in &spring.steps {
        let person = &sample.people[&step.by];
        let on_team = person.from.is_none_or(|from| from <= step.on) && person.until.is_none_or(|to| step.on <= to);
        assert!(on_team, "{} on {}", step.by, step.on);
    }
    assert!(["petra", "odile"].iter().all(|name| spring.steps.iter().any(|step| step.by == *name)));
    let view = whole("idris", Term::Spring);
    assert_eq!(shown(&view, "care.placedOutOfArea"), true);
    assert_eq!(shown(&view, "funding.tuition"), "vs_retains", "r003_24");
    assert!(plan::tuition_misfits(&view).is_empty());
    assert!(plan::shortfalls(&view, &spring.pep(CHILD).process().targets).is_empty(), "r003_18, r003_19");
    // The nominated officer had not answered by the day of the meeting; it is said, and mended on 6 March.
    let asked = as_of("idris", Term::Spring, "2026-03-04").view().unwrap();
    assert!(asked.answers["transfer.ks4Approval"] == Answer::Missing);
    assert_eq!(asked.excuses["transfer.ks4Approval"][0].why, plan::NoAnswer::NotKnown);
    assert_eq!(shown(&view, "transfer.ks4Approval"), "Ignatius Farthingale");
    assert!(!view.excuses.contains_key("transfer.ks4Approval"));
}

#[test]
fn r003_26_to_r003_32_idriss_plan_is_completed_returned_to_odile_alone_put_right_and_signed() {
    let told = |until: &str| {
        let view = as_of("idris", Term::Spring, until).view().unwrap();
        let newest = |question: &str| view.sign_offs.iter().rfind(|made| made.question == question);
        let stands = |question: &str| newest(question).is_some_and(|made| made.stands);
        let why = newest("signoff.sw").map_or(Vec::new(), |made| made.why.clone());
        (view.state, stands("signoff.dt"), stands("signoff.sw"), stands("signoff.vs"), why)
    };
    assert_eq!(told("2026-02-26"), (State::MeetingHeld, false, false, false, vec![]));
    assert_eq!(told("2026-02-27"), (State::DtComplete, true, false, false, vec![]));
    assert_eq!(told("2026-03-02"), (State::SwComplete, true, true, false, vec![]));
    assert_eq!(told("2026-03-04"), (State::Returned, true, false, false, vec![plan::Stale::Returned]));
    assert_eq!(told("2026-03-06"), (State::InQa, true, true, false, vec![]));
    assert_eq!(told("2026-03-09"), (State::SignedOff, true, true, true, vec![]));
    let grade = |until: &str| shown(&as_of("idris", Term::Spring, until).view().unwrap(), "qa.overall");
    assert_eq!((grade("2026-03-04"), grade("2026-03-09")), ("amber".into(), "green".into()));
}

#[test]
fn r003_30_every_sample_ends_signed_off_with_every_signature_of_a_professional_standing() {
    for (name, text) in SAMPLES {
        for sitting in Sample::parse(text, Processes::built_in()).unwrap().peps {
            let view = whole(name, sitting.term);
            assert_eq!(view.state, State::SignedOff, "{name} {}", sitting.term);
            for question in ["signoff.dt", "signoff.sw", "signoff.vs"] {
                let newest = view.sign_offs.iter().rfind(|made| made.question == question);
                // r002_05: who is on no roll has no designated teacher, and a plan all the same.
                let nobody = question == "signoff.dt" && shown(&view, "setting.rollStatus") == "not_on_roll";
                assert!(newest.map_or(nobody, |made| made.stands), "{name} {}: {question}", sitting.term);
            }
        }
    }
}

#[test]
fn amaris_figures_and_edges_come_out() {
    let view = whole("amari", Term::Spring);
    assert_eq!(column(&view, "attendance.terms", "percent"), ["93.8"], "of hours");
    assert_eq!((view.funding.requested, view.funding.allocation), (30_000, None));
    assert_eq!(shown(&view, "funding.stream"), "post_16_local", "no premium after Year 11");
    assert_eq!(view.next_date, Some(NextDate { date: day("2026-06-05"), provisional: false }));
    assert_eq!(shown(&view, "child.interpreterNeeded"), true);
    assert_eq!(shown(&view, "carer.parentViewStatus"), "not_appropriate");
    assert_eq!(view.excuses["wellbeing.sdq"][0].why, plan::NoAnswer::NotApplicable);
    let amari = sample("amari").child;
    assert_eq!(AcademicYear(2026).group_of(amari.born), 13, "18 in Year 13: a closing PEP is near");
    // His own words are his own entry.
    let Answer::Voices(words) = &view.answers["voice.p16Course"] else { panic!("no words") };
    assert_eq!(words.iter().map(|voice| voice.by.as_ref().unwrap().role).collect::<Vec<_>>(), [Role::YoungPerson]);
}

#[test]
fn r002_05_a_plan_of_a_child_without_a_school_waits_for_no_designated_teacher() {
    let signs = |step: &SampleStep| step.acts.contains(&plan::Act::SignOff);
    let autumn = played("amari", Term::Autumn, |step| !signs(step));
    let view = autumn.view().unwrap();
    assert!(view.not_on_roll);
    let found = findings("amari", Term::Autumn, &view);
    let offer = plan::offer(&view, &autumn.pep, Role::VirtualSchoolOfficer, &found).unwrap();
    assert!(offer.offered(), "waits for {:?}, {:?} missing", offer.waits, offer.missing);
}

#[test]
fn r002_10_linnet_writes_her_own_page_and_in_her_targets() {
    let view = whole("linnet", Term::Spring);
    for question in ["voice.secWell", "voice.secHard", "voice.secTargets", "voice.secFuture", "skills.aspiration"] {
        let Answer::Voices(words) = &view.answers[question] else { panic!("{question} has no words") };
        assert!(words.iter().all(|voice| voice.by.as_ref().unwrap().role == Role::YoungPerson), "{question}");
    }
    let own = |field: &str| view.targets.iter().filter(|target| target.row.cells.contains_key(field)).count();
    assert_eq!((own("childWords"), own("homeSupport")), (2, 1));
}

#[test]
fn r000_02_brams_plan_goes_on_while_he_is_placed_for_adoption_and_names_nobody_of_his_new_family() {
    let view = whole("bram", Term::Spring);
    assert_eq!(shown(&view, "care.placedForAdoption"), true);
    assert_eq!(shown(&view, "funding.stream"), "eypp");
    assert_eq!(column(&view, "ey.areas", "area").len(), 7);
    assert_eq!(shown(&view, "voice.method"), serde_json::json!(["observed"]));
    let carers = column(&view, "people.carers", "person");
    assert!(carers.iter().all(|carer| carer.contains("names with the social worker")), "{carers:?}");
}

#[test]
fn sorrels_plan_has_an_ehcp_kept_with_the_sections() {
    let view = whole("sorrel", Term::Spring);
    assert_eq!((shown(&view, "send.status"), shown(&view, "send.alignReview")), ("ehcp".into(), true.into()));
    assert_eq!((view.funding.requested, view.funding.remaining), (28_650, Some(23_350)));
}

#[test]
fn no_sample_breaks_the_conventions_of_fiction() {
    for (name, text) in SAMPLES {
        let found = unconventional(text);
        assert!(found.is_empty(), "{name}: {found:?}");
    }
    // The keeper would see it.
    for bad in [
        "call 01632 970001 now",
        "020 7946 0000",
        "07700900123",
        "odile@harrowmere.org",
        "https://harrowmere.gov.uk/x",
        "URN 100001",
        "A999400110002",
    ] {
        assert_eq!(unconventional(bad).len(), 1, "{bad}");
    }
}

/// What in a text could belong to somebody: telephone numbers outside the drama range 01632 960xxx, addresses outside
/// `.example`, URNs outside 9999xx, and pupil numbers that are not of authority 999 or fail their check letter.
fn unconventional(text: &str) -> Vec<String> {
    let mut found = Vec::new();
    for word in text.split(|c: char| c.is_whitespace() || matches!(c, '"' | ',' | '(' | ')' | ';')) {
        let host = word.split_once("://").map(|(_, rest)| rest.split('/').next().unwrap_or(rest));
        let host = host.or_else(|| word.split_once('@').map(|(_, host)| host));
        let of_ours = |host: &str| host.trim_end_matches('.').ends_with(".example");
        let upn = word.len() == 13 && word.is_ascii() && word.bytes().skip(1).all(|b| b.is_ascii_digit());
        let upn = upn && word.starts_with(|c: char| c.is_ascii_uppercase());
        if host.is_some_and(|host| !of_ours(host)) || (upn && !is_sound_upn(word)) {
            found.push(word.to_owned());
        }
    }
    // Runs of digits, with single spaces between.
    let mut runs = vec![String::new()];
    for c in text.chars() {
        match (c, runs.last_mut()) {
            (c, Some(run)) if c.is_ascii_digit() || (c == ' ' && !run.is_empty()) => run.push(c),
            (_, Some(run)) if run.is_empty() => {}
            _ => runs.push(String::new()),
        }
    }
    for run in &runs {
        let digits: String = run.chars().filter(char::is_ascii_digit).collect();
        let telephone = digits.starts_with('0') && (10..=11).contains(&digits.len()) && !digits.starts_with("01632960");
        let urn = digits.len() == 6 && !run.trim().contains(' ') && !digits.starts_with("9999");
        if telephone || urn {
            found.push(run.clone());
        }
    }
    found
}

fn is_sound_upn(upn: &str) -> bool {
    const LETTERS: &[u8; 23] = b"ABCDEFGHJKLMNPQRTUVWXYZ";
    let digits = upn.bytes().skip(1).map(|digit| usize::from(digit - b'0'));
    let sum: usize = digits.zip(2..).map(|(digit, weight)| digit * weight).sum();
    upn.as_bytes()[0] == LETTERS[sum % 23] && upn[1..].starts_with("999")
}
