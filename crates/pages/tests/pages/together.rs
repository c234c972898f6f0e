//! What is done of a plan as a whole: starting it, meeting about it, grading it, sending it back, signing it.

use crate::prelude::*;

const DAY: [(&str, &str); 3] = [("on-day", "14"), ("on-month", "1"), ("on-year", "2025")];

fn signing<'a>(key: &'a str, comment: &'a str) -> Vec<(&'a str, &'a str)> {
    [&DAY[..], &[("key", key), ("comment", comment)]].concat()
}

/// Everything that a role still has to answer in `sections` gets an answer.
pub fn answer_all(device: &Device, pep: &Pep) {
    for _ in 0..6 {
        let view = device.view(pep);
        let mine = view.gaps.iter().filter(|gap| device.role.counts_as(gap.owner));
        let mine: BTreeSet<&str> = mine.map(|gap| gap.question).collect();
        if mine.is_empty() {
            return;
        }
        for id in mine {
            let question = plan::bank().question(id).unwrap();
            let place = id.to_owned();
            if id == "targets.list" {
                three_targets(device, pep);
                continue;
            }
            let choose = |value| Edit::Choose { question: place.clone(), value };
            let edit = match question.kind {
                _ if id == "meeting.attendees" => {
                    for (key, name) in [("odile-marrowfield", "Odile Marrowfield"), ("wren-tilbury", "Wren Tilbury")] {
                        let cells = plan::Cells::from([
                            ("person".to_owned(), Some(Value::Text(name.into()))),
                            ("attended".to_owned(), Some(Value::Choice("all".into()))),
                        ]);
                        device.edit(pep, Edit::PutRow { question: place.clone(), key: key.into(), cells });
                    }
                    continue;
                }
                _ if question.may_be_excused() && matches!(question.kind, Kind::Table | Kind::TargetList) => {
                    Edit::Excuse { question: place, excuse: Some((plan::NoAnswer::NothingToRecord, String::new())) }
                }
                Kind::Text | Kind::LongText => Edit::Rewrite { question: place, text: "As agreed.".into() },
                Kind::Date => {
                    let day = match id {
                        "meeting.nextDate" => "2026-06-26",
                        "child.dob" => "2022-10-02",
                        _ => "2025-01-10",
                    };
                    choose(plan::parse_value(id, day).unwrap())
                }
                Kind::Number => choose(plan::parse_value(id, "10").unwrap()),
                Kind::YesNo => choose(Value::YesNo(id == "meeting.held")),
                Kind::Choice => {
                    choose(Value::Choice(question.options.first().map_or("10".into(), |o| o.value.clone())))
                }
                Kind::MultiChoice => choose(Value::Set(BTreeSet::from([question.options[0].value.clone()]))),
                _ => choose(Value::Text("Ottoline Greaves-Penn".into())),
            };
            // What another answer has made superfluous is not taken.
            device.edit(pep, edit);
        }
    }
    let view = device.view(pep);
    let left: Vec<&str> = view.gaps.iter().filter(|g| device.role.counts_as(g.owner)).map(|g| g.question).collect();
    panic!("left: {left:?}");
}

/// Three agreed targets with what helps.
pub fn three_targets(device: &Device, pep: &Pep) {
    for (category, area) in [("academic", "Maths"), ("academic", "Reading"), ("emotional_wellbeing", "Sleep")] {
        let said = [
            ("category", category),
            ("area", area),
            ("statement", &format!("By May I will do better in {area}")),
            ("purpose", &format!("Because {area} opens doors for me")),
            ("baseline", "Two of ten"),
            ("measure", "Eight of ten in the weekly quiz"),
            ("dueDate", "2026-05-22"),
            ("responsible", "Ottoline Greaves-Penn"),
            ("status", "agreed"),
        ];
        let cell = |(column, text): (&str, &str)| {
            (column.to_owned(), Some(plan::parse_value(&format!("targets.list/{column}"), text).unwrap()))
        };
        let (fields, key) = (said.into_iter().map(cell).collect(), fresh().to_string());
        assert!(device.edit(pep, Edit::PutTarget { key: key.clone(), fields }), "{area}");
        let cells = plan::Cells::from([("what".to_owned(), Some(Value::Text(format!("{area} with Wren at lunch"))))]);
        let question = format!("targets.list/{key}/interventions");
        assert!(device.edit(pep, Edit::PutRow { question, key: fresh().to_string(), cells }), "{area}");
    }
}

#[test]
fn r003_28_what_a_signature_waits_for_is_always_said_each_thing_with_its_way_and_its_person() {
    for role in [Role::DesignatedTeacher, Role::SocialWorker, Role::VirtualSchoolOfficer] {
        let (device, pep) = Device::idris(role);
        let here = at(&pep, "/sign-off");
        assert!(device.page(&at(&pep, "")).contains(&format!("href=\"{here}\"")));
        let html = device.page(&here);
        let offer = plan::offer(&device.view(&pep), &pep, role, &[]).unwrap();
        let waited: Vec<&plan::Gap> = offer.missing.iter().chain(offer.waits.iter().flat_map(|w| &w.missing)).collect();
        assert!(waited.len() > 3, "{role}: {}", waited.len());
        for gap in waited {
            let line = format!("{}#at-{}", section(&pep, gap.question), gap.question);
            let after = html.split(&format!("href=\"{line}\"")).nth(1).unwrap_or_else(|| panic!("{role}: no {line}"));
            let line = after.split("</li>").next().unwrap();
            assert!(line.contains(&format!("For the {}", pages::model::small(gap.owner))), "{role}: {line}");
        }
        assert!(!html.contains("<form") && html.contains("waits for this") && html.contains("Nobody has signed yet."));
        // A form that was made up signs nothing, and says why.
        let html =
            device.wrong(&here, &hidden(&device.page(&section(&pep, "meeting.kind")), "made-from"), &signing("", ""));
        assert_eq!(errors(&html), ["Nothing was signed: what it waits for comes first"], "{role}");
        assert!(device.view(&pep).sign_offs.is_empty());
    }
}

#[test]
fn r003_28_who_has_answered_everything_says_my_part_is_complete_and_is_told_when_it_changes() {
    let (device, pep) = Device::idris(Role::SocialWorker);
    let here = at(&pep, "/sign-off");
    answer_all(&device, &pep);
    let html = device.page(&here);
    assert!(html.contains("My part is complete</button>"), "{html}");
    let (stamp, key) = (hidden(&html, "made-from"), hidden(&html, "key"));
    for _ in 0..2 {
        assert_eq!(device.send(&here, &stamp, &signing(&key, "not theirs to say")), format!("{here}?saved=1"));
    }
    let html = device.page(&here);
    assert!(!html.contains("<form"));
    assert!(device.page(&at(&pep, "")).contains("You have signed") && !html.contains("not theirs to say"));
    // An old page sends it once more: it stands already.
    assert_eq!(device.send(&here, &stamp, &signing(&fresh().to_string(), "")), here);
    assert_eq!(device.view(&pep).sign_offs.len(), 1);
    device.write(&pep, "care.story", "He cooks for everybody.");
    let html = device.page(&here);
    let changed =
        format!("Changed since: <a class=\"govuk-link\" href=\"{}#at-care.story\"", section(&pep, "care.story"));
    assert!(html.contains(&changed) && html.contains("My part is complete</button>"), "{html}");
}

#[test]
fn r003_27_the_virtual_school_does_not_sign_off_before_those_it_waits_for_have_said_complete() {
    let (mut device, pep) = Device::idris(Role::VirtualSchoolOfficer);
    let here = at(&pep, "/sign-off");
    for role in [Role::SocialWorker, Role::DesignatedTeacher] {
        device.role = role;
        answer_all(&device, &pep);
    }
    device.role = Role::VirtualSchoolOfficer;
    answer_all(&device, &pep);
    let html = device.page(&here);
    assert!(!html.contains("<form") && html.matches("Has not said “complete”").count() == 2, "{html}");
    let heads = hidden(&device.page(&at(&pep, "/comments/care.story")), "made-from");
    device.wrong(&here, &heads, &signing("", ""));
    assert!(!device.view(&pep).signed_off());
}

#[test]
fn the_carer_says_i_have_seen_this_plan_once_with_words_of_their_own_and_again_when_it_has_changed() {
    for role in [Role::Carer, Role::YoungPerson] {
        let (device, pep) = Device::idris(role);
        let here = at(&pep, "/sign-off");
        let words = "<script>alert(1)</script> & he’s doing well";
        let html = device.page(&here);
        let (stamp, key) = (hidden(&html, "made-from"), hidden(&html, "key"));
        let fields = signing(&key, words);
        // The form comes twice, as from an impatient hand.
        for _ in 0..2 {
            assert_eq!(device.send(&here, &stamp, &fields), format!("{here}?saved=1"));
        }
        let html = device.page(&format!("{here}?saved=1"));
        assert_eq!(device.view(&pep).sign_offs.len(), 1);
        assert!(
            html.contains("Your signature is saved") && html.contains("Stands") && html.contains("14 January 2025")
        );
        assert!(html.contains("&lt;script&gt;alert(1)") && !html.contains("<script>"));
        // Somebody writes while the page is open: nobody signs what they have not seen.
        let html = device.page(&here);
        let (stamp, key) = (hidden(&html, "made-from"), hidden(&html, "key"));
        let own = if role == Role::Carer { "carer.view" } else { "voice.secWell" };
        let carers = pep.process().questions().find(|q| {
            matches!(q.kind, Kind::LongText | Kind::Text)
                && pep.process().writers_of(q).contains(&role)
                && q.document() == DocumentKind::Main
        });
        let own = carers.map_or(own, |question| question.id.as_str());
        device.write(&pep, own, "He has begun to cook.");
        let html = device.wrong(&here, &stamp, &signing(&key, "Still fine."));
        assert!(errors(&html)[0].starts_with("The plan was changed while you had this page open"), "{html}");
        assert!(html.contains("Still fine.") && device.view(&pep).sign_offs.len() == 1);
        device.send(&here, &hidden(&html, "made-from"), &signing(&hidden(&html, "key"), "Still fine."));
        assert_eq!(device.view(&pep).sign_offs.len(), 2);
        assert!(device.page(&here).contains("The plan has changed since"));
    }
}

#[test]
fn a_day_that_has_not_come_or_is_none_signs_nothing_and_what_was_typed_stays() {
    let (device, pep) = Device::idris(Role::Carer);
    let here = at(&pep, "/sign-off");
    for (day, year, says) in [
        ("26", "2090", "The day must be today or a day before"),
        ("31", "2026", "“The day” must be a real date, for example 4 6 2026"),
        ("", "2026", "“The day” must include a day"),
    ] {
        let fields = [("on-day", day), ("on-month", "2"), ("on-year", year), ("comment", "Kept words")];
        let html = device.wrong(&here, &device.stamp(&here), &fields);
        assert_eq!(errors(&html), [says]);
        assert!(html.contains("Kept words") && html.contains("href=\"#on-day\"") && html.contains("id=\"on-day\""));
    }
    let long = "a".repeat(plan::CELL_MAX + 1);
    let html = device.wrong(&here, &device.stamp(&here), &signing("", &long));
    assert!(errors(&html)[0].contains("characters or fewer"));
    assert!(device.view(&pep).sign_offs.is_empty());
}

#[test]
fn who_signs_nothing_is_told_so_and_a_form_of_theirs_changes_nothing() {
    for role in [Role::IndependentReviewingOfficer, Role::Professional] {
        let (device, pep) = Device::idris(role);
        let here = at(&pep, "/sign-off");
        let html = device.page(&here);
        assert!(!html.contains("<form"));
        let heads = device.stamp(&at(&pep, "/comments/care.story"));
        let Sent::Page { status, .. } = device.ask(&here, Some(&form(&heads, &signing("", "")))) else { panic!() };
        assert_eq!((status, device.view(&pep).sign_offs.len()), (403, 0));
    }
}

/// A row of a table.
pub fn put_row(device: &Device, pep: &Pep, table: &str, cells: &[(&str, &str)]) {
    let cell = |(column, text): &(&str, &str)| {
        ((*column).to_owned(), Some(plan::parse_value(&format!("{table}/{column}"), text).unwrap()))
    };
    let cells: plan::Cells = cells.iter().map(cell).collect();
    let writer = Writer::new(Uuid::from_bytes(device.person), device.role);
    let key = plan::row_key(table, &cells, &writer, &mut || *fresh().as_bytes()).unwrap();
    assert!(device.edit(pep, Edit::PutRow { question: table.into(), key, cells }), "{table}");
}

#[test]
fn the_meeting_s_page_says_when_who_what_and_who_does_what_by_when_and_leads_to_where_it_is_changed() {
    let (device, pep) = Device::idris(Role::SocialWorker);
    let here = at(&pep, "/meeting");
    assert!(device.page(&at(&pep, "")).contains(&format!("href=\"{here}\"")));
    let html = device.page(&here);
    assert!(!html.contains(".ics"));
    // Before it is said that there is a meeting, that is what is asked.
    assert!(html.contains(&format!("{}?back=meeting#at-meeting.kind", section(&pep, "meeting.kind"))));
    device.set(&pep, "meeting.kind", "meeting");
    device.set(&pep, "meeting.date", "2025-02-26");
    device.write(&pep, "meeting.time", "15:15, 40 minutes");
    device.write(&pep, "meeting.place", "Larkrise, <b>room 2</b>");
    put_row(
        &device,
        &pep,
        "meeting.attendees",
        &[("person", "Carys <i>Wexcombe</i>"), ("role", "Carer"), ("invited", "yes")],
    );
    let late = [
        ("action", "Ask for a \"quiet\" <u>room</u>"),
        ("person", "Ottoline"),
        ("byWhen", "2025-03-05"),
        ("status", "open"),
    ];
    put_row(&device, &pep, "meeting.actions", &late);
    put_row(&device, &pep, "meeting.copies", &[("person", "Carys Wexcombe"), ("version", "full")]);
    let html = device.page(&here);
    for words in ["room 2&lt;/b&gt;", "Carys &lt;i&gt;Wexcombe", "&lt;u&gt;room"] {
        assert!(html.contains(words), "{words} is not in {html}");
    }
    for hostile in ["<b>", "<i>", "<u>"] {
        assert!(!html.contains(hostile), "{hostile}");
    }
    assert!(html.contains(&format!("{}?back=meeting#at-meeting.date", section(&pep, "meeting.date"))));
    // Every "Change" leads to a form.
    for link in links(&html).iter().filter(|link| link.contains("/table/")) {
        assert!(device.page(link).contains("<form"), "{link}");
    }
    let (_, _, file) = device.file(&at(&pep, "/meeting/meeting.ics"));
    assert!(file.contains("DTSTART:20250226T151500Z") && !file.contains("Idris"), "{file}");
}

#[test]
fn the_process_s_agenda_is_put_into_the_plan_once_and_by_those_who_write_it() {
    let (device, pep) = Device::idris(Role::DesignatedTeacher);
    let here = at(&pep, "/meeting");
    device.set(&pep, "meeting.kind", "meeting");
    let html = device.page(&here);
    assert!(html.contains("This is the process’s agenda.") && html.contains("Put it into the plan</button>"));
    let stamp = hidden(&html, "made-from");
    let of_agenda = || pages::model::Plan::rows(&device.view(&pep), "meeting.agenda").len();
    assert_eq!(device.send(&here, &stamp, &[]), format!("{here}?saved=1"));
    let rows = of_agenda();
    // Twice from the same page, and once more from a page that was open since before.
    device.send(&here, &stamp, &[]);
    device.write(&pep, "progress.goingWell", "Maths.");
    device.send(&here, &stamp, &[("again", "1")]);
    assert!(rows > 3 && of_agenda() == rows);
    let html = device.page(&format!("{here}?saved=1"));
    assert!(html.contains("Saved on this device") && !html.contains("This is the process’s agenda."));

    let (device, pep) = Device::idris(Role::Carer);
    let here = at(&pep, "/meeting");
    let html = device.page(&here);
    assert!(!html.contains("<form") && !html.contains("/table/"), "{html}");
    let Sent::Page { status, html } =
        device.ask(&here, Some(&form(&device.stamp(&at(&pep, "/comments/care.story")), &[])))
    else {
        panic!("taken")
    };
    assert!(status == 403 && html.contains("<li>The agenda is for the social worker"), "{html}");
    assert!(matches!(&device.view(&pep).answers["meeting.agenda"], Answer::Missing | Answer::Table(_)));
    let (status, html) = device.get(&at(&pep, "/meeting/meeting.ics"));
    assert!(status == 404 && html.contains("There is nothing for a calendar yet") && !html.contains("Idris"));
}

#[test]
fn the_meetings_to_come_are_listed_those_whose_day_has_passed_first() {
    let device = Device::of(Role::SocialWorker);
    let plan = |name: &str, day: Option<&str>| {
        let pep = device.plan(device.child(name), "sections");
        if let Some(day) = day {
            device.set(&pep, "meeting.kind", "meeting");
            device.set(&pep, "meeting.date", day);
        }
        pep
    };
    let (_, held) = (plan("Wren <b>Ash</b>", None), plan("Amari Held", Some("2025-01-14")));
    let (passed, _) = (plan("Idris Passed", Some("2025-01-15")), plan("Linnet Coming", Some("2090-01-15")));
    device.set(&held, "meeting.held", "yes");
    let html = device.page("/meetings");
    let place = |words: &str| html.find(words).unwrap_or_else(|| panic!("no {words} in {html}"));
    assert!(place("Idris Passed") < place("Linnet Coming") && place("Linnet Coming") < place("Wren &lt;b&gt;"));
    assert!(!html.contains("Amari Held") && html.contains(&at(&passed, "/meeting")) && html.contains("Overdue"));
}

fn asks<'a>(term: &'a str, kind: &'a str) -> [(&'a str, &'a str); 3] {
    [("term", term), ("type", kind), ("process", "sections")]
}

/// A term that the page offers: the first after those of the plans in these stories.
fn next_term(html: &str) -> String {
    let terms = html.split("name=\"term\" type=\"radio\" value=\"").skip(1).map(|rest| rest.split('"').next().unwrap());
    terms.max_by_key(|term| plan::parse_term(term).unwrap()).unwrap().to_owned()
}

#[test]
fn a_pep_is_started_from_a_child_once_and_says_what_came_from_the_last_and_what_to_confirm() {
    let (device, before) = Device::idris(Role::SocialWorker);
    device.write(&before, "care.story", "He <i>cooks</i>.");
    device.set(&before, "child.dob", "2010-11-02");
    device.set(&before, "care.legalStatus", "C2");
    put_row(&device, &before, "meeting.actions", &[("action", "Ask for a quiet room"), ("status", "open")]);
    let here = format!("/children/{}/new", before.child);
    assert!(device.page("/children").contains(&format!("href=\"{here}\"")));
    let html = device.page(&here);
    let term = next_term(&html);
    assert!(html.contains("value=\"sections\" checked"), "the last plan's process is the usual one");
    let to = device.send(&here, "", &asks(&term, "review"));
    let (year, term_of) = plan::parse_term(&term).unwrap();
    let pep = Pep { year, term: term_of, ..before.clone() };
    assert!(to.starts_with(&format!("/pep/{}?started=new&copied=", pep.id())), "{to}");
    let html = device.page(&to);
    let confirm = device.view(&pep).to_confirm;
    assert!(!confirm.is_empty());
    for id in confirm {
        assert!(html.contains(&format!("{}#at-{id}", section(&pep, id))), "{id}");
    }
    // The same form again, as from an impatient hand or another page: the same plan, and nothing comes twice.
    let heads = device.view(&pep).heads;
    let again = device.send(&here, "", &asks(&term, "review"));
    assert!(again.starts_with(&format!("/pep/{}?started=known&copied=0", pep.id())), "{again}");
    let html = device.page(&again);
    assert!(html.contains("exists already") && html.contains("Nothing of yours was left to bring"));
    assert_eq!(device.view(&pep).heads, heads);
    // Under another process it keeps the one that it began under.
    let other = [("term", term.as_str()), ("type", "review"), ("process", "portal")];
    assert!(device.send(&here, "", &other).starts_with(&format!("/pep/{}?started=known", pep.id())));
    // Bringing nothing is a wish, too.
    let blank = [&asks(&term, "interim")[..], &[("blank", "yes")]].concat();
    let to = device.send(&here, "", &blank);
    let pep = Pep { kind: PepType::Interim, ..pep };
    // But for what the directory knows.
    assert_eq!(to, format!("/pep/{}?started=new&filled=2", pep.id()));
    assert!(device.view(&pep).to_confirm.is_empty());
}

#[test]
fn what_speaks_against_a_new_pep_is_said_first_and_never_a_bar() {
    let device = Device::of(Role::SocialWorker);
    let child = device.child("Idris <b>Fennimoor</b>");
    let here = format!("/children/{child}/new");
    assert!(device.page(&here).contains("Idris &lt;b&gt;"));
    // Wrong words are named at their question.
    let html = device.wrong(&here, "", &[("term", "<script>"), ("type", "none"), ("process", "gone")]);
    assert_eq!(errors(&html), ["Choose the term", "Choose what kind of PEP it is", "Choose the process it follows"]);
    assert!(html.contains("href=\"#term\"") && html.contains("id=\"term\"") && !html.contains("<script>"));
    // Thirty years on the child is no child any more.
    let late = asks("2040/41-spring", "review");
    let html = device.wrong(&here, "", &late);
    assert!(device.page("/children").contains("No plan yet<br>"));
    let read = as_read(&hidden(&html, "read"));
    let to = device.send(&here, "", &[&late[..], &[("read", &read)]].concat());
    assert!(to.contains("?started=new"), "{to}");
    assert!(!device.page("/children").contains("No plan yet<br>"));
    // A child nobody knows, and an address that is none.
    for nowhere in [format!("/children/{}/new", fresh()), "/children/idris/new".to_owned()] {
        assert_eq!(device.get(&nowhere).0, 404);
        let Sent::Page { status, .. } = device.ask(&nowhere, Some(&form("", &late))) else { panic!("started") };
        assert_eq!(status, 404);
    }
}

/// What stands in an attribute, as a browser reads it.
fn as_read(text: &str) -> String {
    text.replace("&lt;", "<").replace("&gt;", ">").replace("&quot;", "\"").replace("&amp;", "&")
}

/// A plan on the device of the Virtual School, by a process that grades.
fn graded() -> (Device, Pep) {
    let device = Device::of(Role::VirtualSchoolOfficer);
    let process = plan::Processes::built_in().iter().find(|process| !process.practice.qa.aggregate.is_empty()).unwrap();
    let pep = device.plan(device.child("Idris Fennimoor"), &process.id);
    (device, pep)
}

#[test]
fn the_virtual_school_grades_area_by_area_and_the_overall_grade_follows_or_says_why_not() {
    let (device, pep) = graded();
    let here = at(&pep, "/quality");
    let qa = &pep.process().practice.qa;
    let best = qa.aggregate.iter().flat_map(|rule| &rule.when).map(|count| count.of.clone()).next().unwrap();
    let all: Vec<(String, String)> = qa.areas.iter().map(|area| (format!("grade-{}", area.id), best.clone())).collect();
    let comment = format!("comment-{}", qa.areas[0].id);
    let mut fields: Vec<(&str, &str)> = all.iter().map(|(name, grade)| (name.as_str(), grade.as_str())).collect();
    fields.extend([
        (comment.as_str(), "Say <b>how often</b>"),
        ("qa.overall", ""),
        ("qa.feedback", "Thank you, <i>both</i>."),
    ]);
    let stamp = device.stamp(&here);
    for _ in 0..2 {
        assert_eq!(device.send(&here, &stamp, &fields), format!("{here}?saved=1"));
    }
    let quality = plan::quality(&device.view(&pep), &pep);
    assert!(quality.areas.iter().all(|area| area.grade.as_ref() == Some(&best)) && quality.worked_out.is_some());
    assert!(quality.overall == quality.worked_out && quality.feedback.as_deref() == Some("Thank you, <i>both</i>."));
    let html = device.page(&here);
    assert!(html.contains("&lt;b&gt;how often") && html.contains("As the areas make it: ") && !html.contains("<b>"));
    // Wherever it is read, areas and grades have the names that the process gives them.
    let read = device.page(&section(&pep, "qa.areas"));
    for (id, label) in qa
        .areas
        .iter()
        .map(|area| (&area.id, &area.label))
        .chain(qa.grades.iter().filter(|grade| grade.id == best).map(|grade| (&grade.id, &grade.label)))
    {
        assert!(read.contains(&format!(">{label}<")) && !read.contains(&format!(">{id}<")), "{id}: {read}");
    }
    // Another overall grade needs a reason; it is asked for, and what was chosen stays.
    let other = qa.grades.iter().map(|grade| &grade.id).find(|id| Some(*id) != quality.worked_out.as_ref()).unwrap();
    let html = device.wrong(&here, &device.stamp(&here), &[("qa.overall", other), ("qa.overrideReason", " ")]);
    let says = ["The overall grade is another than the areas make it. Say why with it."];
    assert_eq!(errors(&html), says);
    assert!(html.contains(&format!("value=\"{other}\" checked")) && html.contains("href=\"#qa.overrideReason\""));
    let why = [("qa.overall", other.as_str()), ("qa.overrideReason", "Seen in the meeting.")];
    device.send(&here, &device.stamp(&here), &why);
    assert!(plan::quality(&device.view(&pep), &pep).overall.as_ref() == Some(other));
    // What the rules say anyway stands as a grade of nobody's.
    let rules = quality.worked_out.unwrap();
    device.send(&here, &device.stamp(&here), &[("qa.overall", &rules)]);
    assert!(matches!(&device.view(&pep).answers["qa.overall"], Answer::Computed(_)));
    // A grade that was changed while the page was open is asked again.
    let (stamp, grade) = (device.stamp(&here), format!("grade-{}", qa.areas[0].id));
    let (second, third) = (&qa.grades[1].id, qa.grades.iter().map(|grade| &grade.id).rfind(|id| **id != best).unwrap());
    device.send(&here, &device.stamp(&here), &[(&grade, second)]);
    if second != third {
        let html = device.wrong(&here, &stamp, &[(&grade, third)]);
        assert!(errors(&html)[0].contains("was changed to "), "{html}");
    }
    let html = device.wrong(&here, &device.stamp(&here), &[(&grade, "<script>")]);
    assert!(!errors(&html).is_empty() && !html.contains("<script>"));
}

#[test]
fn a_section_shows_grades_and_leads_whoever_grades_to_the_quality_check() {
    let (device, pep) = graded();
    let html = device.page(&section(&pep, "qa.overall"));
    for name in ["qa.overall", "qa.overrideReason"] {
        assert!(!html.contains(&format!("name=\"{name}\"")), "{name}: {html}");
    }
    let link = format!("href=\"{}\">Grade this plan in the quality check</a>", at(&pep, "/quality"));
    assert!(html.contains(&link) && html.contains("name=\"qa.feedback\""), "{html}");
    assert!(!html.contains("/table/qa.areas/new"), "{html}");
    let (device, pep) = Device::idris(Role::SocialWorker);
    assert!(!device.page(&section(&pep, "qa.overall")).contains("Grade this plan"));
}

#[test]
fn the_virtual_school_sends_a_plan_back_to_one_person_with_what_to_put_right() {
    let (device, pep) = graded();
    let here = at(&pep, "/send-back");
    let html = device.wrong(
        &here,
        &device.stamp(&here),
        &[("what", "  "), ("to", "carer"), ("byWhen-day", "31"), ("byWhen-month", "2"), ("byWhen-year", "2026")],
    );
    let says = errors(&html);
    assert!(
        says[0] == "Choose who puts it right" && says[1] == "Enter what must be put right" && says.len() == 3,
        "{says:?}"
    );
    let html = device.page(&here);
    let row = hidden(&html, "row");
    let page = pep.process().pages[0].id.clone();
    let fields = [
        ("row", row.as_str()),
        ("to", "social-worker"),
        ("what", "Say what <b>changed</b>\r\nat home"),
        ("page", page.as_str()),
        ("byWhen-day", "5"),
        ("byWhen-month", "3"),
        ("byWhen-year", "2026"),
    ];
    for _ in 0..2 {
        assert_eq!(device.send(&here, &hidden(&html, "made-from"), &fields), at(&pep, "/sign-off?returned=1"));
    }
    let html = device.page(&at(&pep, "/sign-off?returned=1"));
    assert!(html.contains("The plan is sent back, and that is saved on this device"));
    assert_eq!(html.matches("Say what &lt;b&gt;changed&lt;/b&gt; at home").count(), 1, "{html}");
    assert!(html.contains("For the social worker") && html.contains("by 5 March 2026"));
    // Nobody else grades or sends back.
    for role in [Role::DesignatedTeacher, Role::SocialWorker, Role::YoungPerson, Role::Carer] {
        let (device, pep) = Device::idris(role);
        let stamp = device.stamp(&at(&pep, "/comments/care.story"));
        for page in ["/quality", "/send-back"] {
            assert_eq!(device.get(&at(&pep, page)).0, 403, "{role}");
            let Sent::Page { status, .. } = device.ask(&at(&pep, page), Some(&form(&stamp, &fields))) else { panic!() };
            assert_eq!(status, 403, "{role}");
        }
        assert!(!device.page(&at(&pep, "/sign-off")).contains("send-back"));
    }
}
