//! What people see of `pep`: its words, its exit codes, and that nothing which it said was saved is ever lost.

mod annexes;
mod connections;
mod councils;
mod due;
mod loopback;
mod pages;
mod passphrases;
mod private;
mod schemas;

use std::{
    collections::BTreeMap,
    fs,
    io::{BufRead, BufReader, Write},
    path::{Path, PathBuf},
    process::{Child, Command, Output, Stdio},
    time::{Duration, Instant},
};

use plan::{AcademicYear, Pep, PepType, Processes, Term};
use serde_json::Value;
use sync::link::Link;
use tempfile::TempDir;

// Words and help.

#[test]
fn help_says_what_every_command_does_and_offers_nothing_that_is_not_there() {
    let help = pep(&["--help"]).ok();
    for words in ["Share your changes", "Write a text", "Choose between answers", "--home", "To begin: pep join LINK"] {
        assert!(help.contains(words), "the help lacks {words:?}:\n{help}");
    }
    for later in ["report", "relay", "tied"] {
        assert!(!help.lines().any(|line| line.trim_start().starts_with(later)), "the help offers {later}");
    }
    let commands = "demo join whoami child new list show set write row target comment check meeting confirm complete quality return sign-off conflicts resolve history diff \
                    status sync open private held export import unseal process passphrase backup restore doctor completions";
    for command in commands.split_whitespace() {
        let help = pep(&[command, "--help"]).ok();
        assert!(help.contains("Usage: pep"), "{command} has no help:\n{help}");
    }
    assert!(pep(&["target", "fund", "--help"]).ok().contains("payTo=retained_by_vs"));
    assert!(pep(&["completions", "bash"]).ok().contains("_pep"));
}

#[test]
fn words_that_make_no_command_end_with_2() {
    for words in [
        &["sign"][..],
        &["show"],
        &["set", "abcd", "care.story"],
        &["new", "x", "--term", "spring", "--type", "review"],
        &[],
    ] {
        let said = pep(words);
        assert_eq!(said.code, 2, "{words:?}: {}", said.err);
        assert!(said.out.is_empty());
    }
    let day = pep(&["child", "add", "--name", "Idris Fennimoor", "--dob", "2010-02-30"]);
    assert_eq!(day.code, 2);
    let kind = pep(&["new", "x", "--term", "2025/26-spring", "--type", "termly"]);
    assert!(kind.code == 2 && kind.err.contains("school-move"), "{}", kind.err);
}

#[test]
fn a_process_is_listed_shown_and_checked_with_line_and_reason() {
    assert!(pep(&["process", "list", "--json"]).json()[0]["id"] == "sections");
    assert_eq!(pep(&["process", "show", "sections", "--json"]).json()["pages"].as_array().map(Vec::len), Some(5));
    assert_eq!(pep(&["process", "show", "portals"]).code, 1);
    let portal = pep(&["process", "show", "portal"]).out;
    let clock = "the meeting arranged within 20 working days of coming into care (10 in an emergency)";
    assert!(portal.contains(clock) && portal.contains("not the law"), "{portal}");
    for words in [
        "Agenda, 39 minutes: Welcome;",
        "Suggested: primary last 10 minutes; the child chooses",
        "My views begins blank",
    ] {
        assert!(portal.contains(words), "it lacks {words:?}:\n{portal}");
    }
    // For programs everything that the file says.
    let shown = pep(&["process", "show", "web", "--json"]).json();
    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/../crates/plan/processes/web.json");
    let file: Value = serde_json::from_str(&fs::read_to_string(file).unwrap()).unwrap();
    for name in ["practice", "calendar"] {
        assert!(says_all(&shown[name], &file[name]), "{name}: {} is not {}", shown[name], file[name]);
    }
    assert_eq!(shown["funding"]["model"], "cap");
    let sixth = concat!(env!("CARGO_MANIFEST_DIR"), "/../fixtures/processes/harrowmere.json");
    assert_eq!(pep(&["process", "check", sixth]).code, 0);
    let dir = temporary();
    let file = dir.path().join("ours.json");
    fs::write(&file, "{\n \"id\": \"ours\",\n \"pages\": 7\n}").unwrap();
    let bad = pep(&["process", "check", text(&file)]);
    assert!(bad.code == 5 && bad.err.contains("line "), "{}", bad.err);
}

/// Whether everything that `file` says is in `shown`, which may say more: what was left out, as null.
fn says_all(shown: &Value, file: &Value) -> bool {
    match (shown, file) {
        (Value::Object(shown), Value::Object(file)) => {
            file.iter().all(|(name, said)| shown.get(name).is_some_and(|shown| says_all(shown, said)))
        }
        (Value::Array(shown), Value::Array(file)) => {
            shown.len() == file.len() && shown.iter().zip(file).all(|(shown, file)| says_all(shown, file))
        }
        (shown, file) => shown == file,
    }
}

// Joining.

#[test]
fn a_device_that_has_not_joined_is_told_how() {
    let dir = temporary();
    let home = Home { path: dir.path().join("odile") };
    for words in [&["list"][..], &["show", "abcd"], &["sync"], &["status"]] {
        let said = home.pep(words);
        assert!(
            said.code == 1 && said.err.contains("has not joined yet") && said.err.contains("Hint: "),
            "{words:?}: {}",
            said.err
        );
    }
    assert_eq!(home.pep(&["doctor"]).code, 5);
}

#[test]
fn a_link_is_good_for_one_device_and_says_what_is_wrong_with_it() {
    let world = World::new();
    let link = world.relay.invite(ODILE, &world.child);
    let (odile, other) = (world.home("odile"), world.home("other"));

    for cut in [&link[..link.len() - 3], "https://example.org", "hello"] {
        let said = odile.pep(&["join", cut]);
        assert!(said.code == 1 && said.err.contains("link"), "{}", said.err);
    }
    odile.pep(&["join", &link]).ok();
    let used = other.pep(&["join", &link]);
    assert!(used.code == 1 && used.err.contains("used"), "{}", used.err);

    // The same link on the same device is the same joining; another link is for another folder.
    odile.pep(&["join", &link]).ok();
    let again = odile.pep(&["join", &world.relay.invite(OTTOLINE, &world.child)]);
    assert!(again.code == 1 && again.err.contains("--home"), "{}", again.err);
    let me = odile.pep(&["whoami", "--json"]).json();
    assert_eq!((&me["name"], &me["role"]), (&"Odile Marrowfield".into(), &"social-worker".into()));
    assert_eq!(me["relay"]["url"], world.relay.url.as_str());
}

#[test]
fn a_relay_that_shows_another_key_or_does_not_answer_gets_nothing() {
    let mut world = World::new();
    let link: Link = world.relay.invite(ODILE, &world.child).parse().unwrap();
    let odile = world.home("odile");
    let elsewhere = Link { tls: Some([7; 32]), ..link.clone() };
    let wrong = odile.pep(&["join", &elsewhere.to_string()]);
    assert!(wrong.code == 1 && wrong.err.contains("its key is another"), "{}", wrong.err);
    let plain = Link { tls: None, address: "relay.example.org:7443".into(), ..link.clone() };
    let plain = odile.pep(&["join", &plain.to_string()]);
    assert!(plain.code == 1 && plain.err.contains("wss://"), "{}", plain.err);

    odile.pep(&["join", &link.to_string()]).ok();
    world.relay.stop();
    let down = odile.pep(&["sync", "--once"]);
    assert!(down.code == 4 && down.err.contains("does not answer") && down.err.contains("Hint: "), "{}", down.err);
    assert_eq!(odile.pep(&["doctor"]).code, 5);
    world.relay.start();
    odile.pep(&["sync"]).ok();
    odile.pep(&["doctor"]).ok();
}

// Plans.

#[test]
fn what_one_writes_the_others_read_and_everybody_can_tell_how_far_it_is_shared() {
    let world = World::new();
    let (odile, ottoline) = (world.join("odile", ODILE), world.join("ottoline", OTTOLINE));
    let made = odile.pep(&["new", "Idris Fennimoor", "--term", "2025/26-spring", "--type", "review", "--json"]).json();
    assert_eq!(made["created"], true);
    let known = ["child.legalName", "child.dob", "people.socialWorker"];
    assert_eq!(made["filledIn"], serde_json::json!(known));
    let spring = made["pep"].as_str().unwrap_or_default();
    assert_eq!(
        odile.pep(&["new", &world.child[..6], "--term", "2025/26-spring", "--type", "review", "--json"]).json()["created"],
        false
    );

    // What the directory knows is there already; to say it again is nothing new.
    odile.pep(&["set", spring, "child.dob", "2010-11-02"]).ok();
    let saved = odile.pep(&["set", &spring[..8], "transfer.needed", "yes"]);
    assert!(
        saved.out.is_empty() && saved.err.contains("Saved on this device. Not shared yet: 4 answers wait."),
        "{}",
        saved.err
    );
    assert!(odile.pep(&["set", spring, "care.emergency", "no", "--quiet"]).err.contains("not asked"));
    let mine = &odile.pep(&["status", "--json"]).json()["peps"][0];
    assert_eq!((&mine["waitingChanges"], &mine["held"]), (&2.into(), &0.into()));
    assert_ne!(mine["savedHeads"], mine["sharedHeads"]);

    let synced = odile.pep(&["sync", "--once", "--json"]).json();
    assert_eq!((&synced["sent"], &synced["peps"], &synced["inStep"]), (&2.into(), &1.into(), &true.into()));
    let mine = &odile.pep(&["status", "--json"]).json()["peps"][0];
    assert_eq!(mine["waitingChanges"], 0);
    assert_eq!(mine["savedHeads"], mine["sharedHeads"]);

    assert_eq!(ottoline.pep(&["sync", "--json"]).json()["received"], 2);
    let plan = ottoline.pep(&["show", spring, "--json"]).json();
    assert_eq!(plan["answers"]["transfer.needed"], true);
    assert_eq!(plan["answers"]["child.dob"], "2010-11-02");
    assert_eq!(plan["provenance"]["child.dob"], "directory");
    assert_eq!(plan["provenance"]["people.socialWorker"], "directory");
    assert_eq!(plan["provenance"]["transfer.needed"], serde_json::Value::Null);
    assert_eq!(plan["heads"], mine["savedHeads"]);
    assert_eq!(
        (&plan["term"], &plan["type"], &plan["process"]["id"]),
        (&"2025/26-spring".into(), &"review".into(), &"sections".into())
    );
    assert!(plan["completeness"]["social-worker"]["mandatory"].as_u64() > Some(0));

    let list = ottoline.pep(&["list", "--json"]).json();
    assert_eq!((&list[0]["pep"], &list[0]["childName"]), (&spring.into(), &"Idris Fennimoor".into()));
    assert!(list[0]["outstanding"]["designated-teacher"].as_u64() > Some(0));
    assert!(ottoline.pep(&["show", spring]).ok().contains("2 November 2010"));
    let team = odile.pep(&["child", "show", "Idris Fennimoor"]).ok();
    assert!(team.contains("Designated teacher: Ottoline Greaves-Penn"), "{team}");
}

#[test]
fn a_child_and_a_plan_made_offline_are_known_to_the_relay_afterwards() {
    let mut world = World::new();
    let odile = world.join("odile", ODILE);
    world.relay.stop();
    let child = odile.pep(&["child", "add", "--name", "Wren Tapplestone", "--dob", "2016-03-14", "--json"]).json();
    let child = child["child"].as_str().unwrap_or_default().to_string();
    let made =
        odile.pep(&["new", "Wren Tapplestone", "--term", "2025/26-autumn", "--type", "initial", "--json"]).json();
    let pep = made["pep"].as_str().unwrap_or_default().to_string();
    odile.pep(&["write", &pep, "care.story", "Came into care on 5 September, in an emergency."]).ok();
    world.relay.start();
    assert_eq!(odile.pep(&["sync", "--json"]).json()["inStep"], true);
    let callum = world.home("callum");
    let link = world.relay.invite(("Callum Brightwater-Finch", "designated-teacher"), &child);
    callum.pep(&["join", &link]).ok();
    assert!(callum.pep(&["show", &pep, "--field", "care.story"]).ok().contains("5 September"));
    let refused = callum.pep(&["child", "add", "--name", "Amari Stonewick", "--dob", "2009-01-23"]);
    assert!(refused.code == 3 && refused.err.contains("social worker"), "{}", refused.err);
}

#[test]
fn texts_rows_targets_and_remarks_are_written_and_read_back() {
    let world = World::new();
    let (odile, ottoline) = (world.join("odile", ODILE), world.join("ottoline", OTTOLINE));
    let spring = world.spring(&odile);
    let file = world.dir.path().join("story.txt");
    fs::write(&file, "He cooks on Sundays.\n").unwrap();
    odile.pep(&["write", &spring, "care.story", "--file", text(&file)]).ok();
    odile.pep_with(&["write", &spring, "care.story", "-", "--append"], "He settled quickly.\n").ok();
    assert_eq!(odile.show(&spring)["answers"]["care.story"], "He cooks on Sundays.\nHe settled quickly.");
    odile.pep(&["sync"]).ok();
    ottoline.pep(&["sync"]).ok();

    let row = ["row", "add", &spring, "attendance.terms", "term=Autumn 2025", "possible=148", "attended=121"];
    let key = ottoline.pep(&[&row[..], &["--json"]].concat()).json()["key"].as_str().unwrap_or_default().to_string();
    ottoline.pep(&["row", "set", &spring, "attendance.terms", &key, "late=11"]).ok();
    let plan = ottoline.show(&spring);
    let terms = &plan["answers"]["attendance.terms"][0];
    assert_eq!((&terms["key"], &terms["late"], &terms["percent"]), (&key.as_str().into(), &11.into(), &81.8.into()));
    ottoline.pep(&["row", "withdraw", &spring, "attendance.terms", &key]).ok();
    assert_eq!(ottoline.show(&spring)["answers"]["attendance.terms"][0]["withdrawn"], true);

    let target = ottoline
        .pep(&["target", "add", &spring, "category=academic", "statement=15/20 on ratio", "status=agreed"])
        .ok();
    let target = target.trim();
    ottoline.pep(&["target", "set", &spring, &target[..8], "dueDate=2026-05-22"]).ok();
    let fund =
        ["target", "fund", &spring, target, "item=tuition", "unitCost=38.00", "quantity=8", "payTo=retained_by_vs"];
    let fund = ottoline.pep(&fund).ok();
    ottoline.pep(&["row", "set", &spring, &format!("targets.list/{target}/funds"), fund.trim(), "quantity=7"]).ok();
    ottoline.pep(&["target", "review", &spring, "A four-paragraph essay", "result=partly"]).ok();
    let plan = ottoline.show(&spring);
    let shown = &plan["targets"][0];
    assert_eq!(
        (&shown["key"], &shown["statement"], &shown["dueDate"]),
        (&target.into(), &"15/20 on ratio".into(), &"2026-05-22".into())
    );
    assert_eq!((&shown["retained"], &shown["funds"][0]["total"]), (&"266.00".into(), &"266.00".into()));
    ottoline.pep(&["target", "withdraw", &spring, target]).ok();
    assert_eq!(ottoline.show(&spring)["targets"][0]["withdrawn"], true);

    ottoline.pep(&["comment", &spring, "care.story", "May I quote this?"]).ok();
    let remarks = ottoline.show(&spring)["comments"].clone();
    assert_eq!(
        (&remarks[0]["text"], &remarks[0]["by"]),
        (&"May I quote this?".into(), &"Ottoline Greaves-Penn".into())
    );
    assert!(ottoline.pep(&["show", &spring, "--page", "C"]).ok().contains("Remark by Ottoline Greaves-Penn"));

    let history = ottoline.pep(&["history", &spring, "--field", "attendance.terms", "--json"]).json();
    assert!(history.as_array().is_some_and(|all| all.iter().all(|e| e["by"] == "Ottoline Greaves-Penn")));
    assert!(ottoline.pep(&["history", &spring]).ok().contains("Odile Marrowfield"));
    assert!(ottoline.pep(&["diff", &spring, "2020-01-01"]).ok().contains("My attendance"));
    assert_eq!(ottoline.pep(&["diff", &spring, "yesterday"]).code, 2);
    assert_eq!(ottoline.pep(&["diff", &spring, &"ab".repeat(32)]).code, 1);
}

#[test]
fn a_check_says_what_is_missing_or_doubtful_and_who_answers_for_it() {
    let world = World::new();
    let ottoline = world.join("ottoline", OTTOLINE);
    let odile = world.join("odile", ODILE);
    let spring = world.spring(&odile);
    odile.pep(&["sync"]).ok();
    ottoline.pep(&["sync"]).ok();
    let add =
        ["target", "add", &spring, "area=Ratio", "statement=Do better at ratio", "status=agreed", "category=academic"];
    let target = ottoline.pep(&add).ok();
    let target = target.trim();
    let fund = ["target", "fund", &spring, target, "item=Maths group", "unitCost=520.01", "payTo=school"];
    ottoline.pep(&fund).ok();

    let said = ottoline.pep(&["check", &spring]);
    assert_eq!(said.code, 5, "{}", said.err);
    for words in [
        "Designated teacher\n",
        "Social worker\n",
        "Carer\n  To look at\n    Nothing in this plan comes from this person yet.",
        "  To put right\n",
        "Target 1 “Ratio”, S [targets.list/",
        "£520.01, £0.01 more than the allocation of £520.00",
        "Is an in-year school transfer needed? [transfer.needed]: This has not been answered.",
    ] {
        assert!(said.out.contains(words), "the check lacks {words:?}:\n{}", said.out);
    }
    assert!(said.err.contains("to put right before this plan is complete"), "{}", said.err);

    let checked = ottoline.pep(&["check", &spring, "--role", "designated-teacher", "--json"]);
    assert_eq!(checked.code, 5);
    let found: Value = serde_json::from_str(&checked.out).unwrap();
    let findings = found["findings"].as_array().unwrap();
    assert!(findings.iter().all(|finding| finding["owner"] == "designated-teacher"));
    let measure = findings.iter().find(|finding| finding["letter"] == "M").unwrap();
    assert_eq!((&measure["severity"], &measure["target"]), (&"blocks".into(), &target.into()));
    assert!(measure["field"].as_str().is_some_and(|field| field.starts_with("targets.list/")));
    // A role that answers for nothing here has nothing to put right.
    let nothing = ottoline.pep(&["check", &spring, "--role", "professional", "--json"]);
    assert_eq!((nothing.code, nothing.out.trim()), (0, "{\"findings\":[]}"));
    assert_eq!(ottoline.pep(&["check", &spring, "--role", "head"]).code, 2);
}

#[test]
fn r001_08_to_r001_37_a_meeting_is_arranged_held_and_followed_up() {
    let world = World::new();
    let (odile, ottoline) = (world.join("odile", ODILE), world.join("ottoline", OTTOLINE));
    let _carys = world.join("carys", ("Carys Wexcombe", "carer"));
    let spring = world.spring(&odile);
    odile.pep(&["sync"]).ok();
    let early = odile.pep(&["meeting", &spring, "--ics", "-"]);
    assert!(early.code == 1 && early.err.contains("the day and the time"), "{}", early.err);
    let arrange =
        ["--date", "2026-02-26", "--time", "3.15pm", "--length", "45", "--place", "Thornfield Bridge; room 2"];
    let people =
        ["--chair", "Odile", "--invite", "Odile Marrowfield", "--invite", "carys", "--invite", "Imelda Thackway=SENCO"];
    odile.pep(&[&["meeting", &spring], &arrange[..], &people[..], &["--agenda"]].concat()).ok();
    assert_eq!(odile.pep(&["status", "--json"]).json()["peps"][0]["waitingChanges"], 1, "one change");
    assert_eq!(odile.pep(&["history", &spring, "--json"]).json().as_array().map(Vec::len), Some(1), "at a stretch");
    odile.pep(&["sync"]).ok();
    ottoline.pep(&["sync"]).ok();

    let shown = ottoline.pep(&["meeting", &spring]).ok();
    for words in [
        "Meeting: 26 February 2026, 15:15, 45 minutes, Thornfield Bridge; room 2",
        "Chair: Odile Marrowfield",
        "Notes: nobody named yet; agreed at the start",
        "The child: has not been asked yet",
        "  Carys Wexcombe, Carer: expected, invited",
        "  Imelda Thackway, SENCO: invited",
        "  Not invited yet: designated teacher, expected: Ottoline Greaves-Penn",
        "  15:17  Pupil voice and carer voice: going well, challenges, needs and aspirations (6 min)",
        "Next PEP: 4 June 2026 (provisional)",
    ] {
        assert!(shown.contains(words), "it lacks {words:?}:\n{shown}");
    }
    // The teacher may not set the date: nothing of the command is written.
    let before = ottoline.show(&spring);
    let refused = ottoline.pep(&["meeting", &spring, "--held", "--date", "2026-02-27", "--attended", "Carys=all"]);
    assert!(refused.code == 3 && refused.err.contains("ask the social worker"), "{}", refused.err);
    assert_eq!(ottoline.show(&spring), before);
    for (words, code) in [
        (&["--kind", "desk-review"][..], 3),
        (&["--kind", "picnic"], 2),
        (&["--time", "2.30"], 2),
        (&["--invite", "Nobody Known"], 2),
        (&["--attended", "Carys"], 2),
        (&["--who", "Carys"], 2),
        (&["--attended", "Carys=perhaps"], 2),
        (&["--action-done", "abcdef01"], 1),
    ] {
        let said = ottoline.pep(&[&["meeting", &spring], words].concat());
        assert_eq!(said.code, code, "{words:?}: {}", said.err);
    }
    assert_eq!(ottoline.show(&spring), before);

    let held = [
        "--held",
        "--attended",
        "Carys=all",
        "--attended",
        "Odile=all",
        "--apologies",
        "Imelda",
        "--views-sent",
        "Imelda",
    ];
    let more =
        ["--child-part", "part", "--action", "A quiet place at lunch", "--who", "Ottoline", "--by", "2026-03-06"];
    let key = ottoline.pep(&[&["meeting", &spring], &held[..], &more[..]].concat()).ok();
    ottoline.pep(&["meeting", &spring, "--agenda"]).ok();
    let json = ottoline.pep(&["meeting", &spring, "--json"]).json();
    assert_eq!((&json["held"], &json["starts"], &json["minutes"]), (&true.into(), &"15:15".into(), &45.into()));
    let action = &json["actions"][0];
    assert_eq!((&action["person"], &action["overdue"]), (&"Ottoline Greaves-Penn".into(), &true.into()));
    assert_eq!(json["child"]["took"], "part");
    let imelda = json["invitees"].as_array().unwrap().iter().find(|who| who["person"] == "Imelda Thackway").unwrap();
    assert_eq!((&imelda["apologies"], &imelda["viewsSent"]), (&true.into(), &true.into()));
    let done = [
        "--action-done",
        &key.trim()[..8],
        "--outcome",
        "The library.",
        "--next-date",
        "2026-06-05",
        "--next-time",
        "10:00",
    ];
    ottoline.pep(&[&["meeting", &spring], &done[..]].concat()).ok();
    let json = ottoline.pep(&["meeting", &spring, "--json"]).json();
    assert_eq!((&json["actions"][0]["status"], &json["actions"][0]["overdue"]), (&"done".into(), &false.into()));
    assert_eq!((&json["nextDate"], &json["nextDateProvisional"]), (&"2026-06-05".into(), &false.into()));

    let file = world.dir.path().join("meeting.ics");
    odile.pep(&["sync"]).ok();
    odile.pep(&["meeting", &spring, "--copy", "carys=child_friendly", "--ics", text(&file)]).ok();
    let calendar = fs::read_to_string(&file).unwrap();
    assert!(calendar.contains("DTSTART:20260226T151500Z\r\nDTSTAMP") || calendar.contains("DTSTART:20260226T151500Z"));
    assert!(calendar.contains("LOCATION:Thornfield Bridge\\; room 2\r\n"), "{calendar}");
    assert!(
        !calendar.contains("Idris") && !calendar.contains("Fennimoor") && !calendar.contains("lunch"),
        "{calendar}"
    );
    assert!(odile.pep(&["meeting", &spring]).ok().contains("  Carys Wexcombe: Child-friendly, not sent yet"));
}

#[test]
fn why_there_is_no_answer_is_said_beside_the_question_and_an_answer_takes_its_place() {
    let world = World::new();
    let ottoline = world.join("ottoline", OTTOLINE);
    let spring = world.spring(&world.join("odile", ODILE));
    ottoline.pep(&["new", "Idris Fennimoor", "--term", "2025/26-spring", "--type", "review"]).ok();
    ottoline.pep(&["set", &spring, "attendance.terms", "--none", "nothing-to-record"]).ok();
    let without = ottoline.pep(&["set", &spring, "progress.barriers", "--none", "not-known"]);
    assert!(without.code == 2 && without.err.contains("a reason"), "{}", without.err);
    ottoline.pep(&["set", &spring, "progress.barriers", "--none", "not-known", "--reason", "New to the school."]).ok();
    // A reason goes with no answer: its words would be lost.
    assert_eq!(ottoline.pep(&["set", &spring, "setting.fullTime", "yes", "--reason", "New to the school."]).code, 2);
    let plan = ottoline.show(&spring);
    assert_eq!(plan["noAnswers"]["progress.barriers"][0]["reason"], "New to the school.");
    assert!(ottoline.pep(&["show", &spring]).ok().contains("Nothing to record - Ottoline Greaves-Penn"));
    ottoline.pep(&["set", &spring, "progress.barriers", "--clear"]).ok();
    let twice = ["row", "add", &spring, "attendance.terms", "term=Autumn 2025", "possible=148", "possible=14"];
    let refused = ottoline.pep(&twice);
    assert!(refused.code == 2 && refused.err.contains("possible is there twice"), "{}", refused.err);
    ottoline.pep(&["row", "add", &spring, "attendance.terms", "term=Autumn 2025", "possible=148"]).ok();
    assert_eq!(ottoline.show(&spring)["noAnswers"], serde_json::json!({}));
    assert_eq!(ottoline.pep(&["set", &spring, "attendance.terms", "--none", "never"]).code, 2);
}

#[test]
fn an_exported_plan_is_json_or_a_whole_document() {
    let world = World::new();
    let odile = world.join("odile", ODILE);
    let spring = world.spring(&odile);
    odile.pep(&["write", &spring, "care.story", "He cooks on Sundays."]).ok();
    let json: Value =
        serde_json::from_str(&odile.pep(&["export", &spring, "--format", "json", "-o", "-"]).ok()).unwrap();
    assert_eq!(json, odile.show(&spring));
    let file = world.dir.path().join("spring.automerge");
    odile.pep(&["export", &spring, "--format", "automerge", "-o", text(&file)]).ok();
    let document = plan::load(&fs::read(&file).unwrap()).unwrap();
    let heads: Vec<String> = document.get_heads().iter().map(ToString::to_string).collect();
    assert_eq!(Value::from(heads), json["heads"]);
    let nowhere = odile.pep(&["export", &spring, "--format", "json", "-o", "no/such/folder/x.json"]);
    assert!(nowhere.code == 1 && nowhere.err.contains("could not be written"), "{}", nowhere.err);
}

#[test]
fn a_copy_is_exported_for_one_reader_and_where_a_pdf_comes_from_is_said() {
    let world = World::new();
    let odile = world.join("odile", ODILE);
    let spring = world.spring(&odile);
    odile.pep(&["write", &spring, "care.story", "He cooks & sings."]).ok();
    odile.pep(&["write", &spring, "meeting.notes", "It was short."]).ok();
    let html = |words: &[&str]| odile.pep(&[&["export", &spring, "--format", "html", "-o", "-"], words].concat()).ok();
    let whole = html(&[]);
    assert!(whole.starts_with("<!DOCTYPE html>") && whole.contains("Idris Fennimoor’s plan"));
    assert!(whole.contains("He cooks &amp; sings.") && whole.contains("It leaves out comments."));
    let for_carer = html(&["--for", "carer"]);
    assert!(for_carer.contains("For</dt><dd>The carer") && for_carer.contains("working notes of the Virtual School"));
    let page = plan::Processes::built_in().latest("sections").unwrap();
    let page = &page.process().page("care.story").unwrap().id;
    let section = html(&["--section", page]);
    assert!(section.contains("He cooks") && section.contains("only the sections that were chosen"));
    let unsigned = odile.pep(&["export", &spring, "--format", "html", "--signed", "-o", "-"]);
    assert!(unsigned.code == 1 && unsigned.err.contains("has not signed this plan off"), "{}", unsigned.err);
    let pdf = odile.pep(&["export", &spring, "--format", "pdf", "-o", "plan.pdf"]);
    assert!(pdf.code == 1 && pdf.out.is_empty(), "{}", pdf.out);
    for words in ["writes no PDF", "Hint: ", "--format html", "Save as PDF", "pep open"] {
        assert!(pdf.err.contains(words), "{words}: {}", pdf.err);
    }
    let whole_only = odile.pep(&["export", &spring, "--format", "json", "--signed", "--section", page, "-o", "-"]);
    assert_eq!(whole_only.code, 2);
}

#[test]
fn r001_14_r001_18_the_schools_section_is_kept_as_a_file_and_brought_into_the_next_plan() {
    let world = World::new();
    let (odile, ottoline) = (world.join("odile", ODILE), world.join("ottoline", OTTOLINE));
    let spring = world.spring(&odile);
    odile.pep(&["set", &spring, "child.dob", "2010-11-02"]).ok();
    odile.pep(&["sync"]).ok();
    ottoline.pep(&["sync"]).ok();
    ottoline.pep(&["write", &spring, "progress.goingWell", "Maths and food."]).ok();
    ottoline.pep(&["row", "add", &spring, "attendance.terms", "term=Autumn 2025", "possible=148", "attended=121"]).ok();
    ottoline.pep(&["target", "add", &spring, "area=Ratio", "statement=15/20 on ratio"]).ok();
    let file = world.dir.path().join("section-d.json");
    ottoline.pep(&["export", &spring, "--section", "d", "--format", "json", "-o", text(&file)]).ok();
    let kept: Value = serde_json::from_slice(&fs::read(&file).unwrap()).unwrap();
    assert_eq!((&kept["format"], &kept["section"]), (&"openpep-answers/1".into(), &"D".into()));
    assert_eq!(ottoline.pep(&["export", &spring, "--section", "D", "--format", "automerge", "-o", "-"]).code, 2);
    assert_eq!(ottoline.pep(&["export", &spring, "--section", "Q", "--format", "json", "-o", "-"]).code, 1);

    let new = ["new", "Idris Fennimoor", "--term", "2025/26-summer", "--type", "review", "--json"];
    let summer = odile.pep(&new).json()["pep"].as_str().unwrap_or_default().to_string();
    odile.pep(&["set", &summer, "child.dob", "2010-11-02"]).ok();
    odile.pep(&["sync"]).ok();
    ottoline.pep(&["sync"]).ok();
    ottoline.pep(&["write", &summer, "progress.goingWell", "Settled."]).ok();
    let said = ottoline.pep(&["import", text(&file)]);
    assert!(said.code == 0 && said.out.trim() == summer, "{}{}", said.out, said.err);
    assert!(said.err.contains("[progress.goingWell]: It is answered here already"), "{}", said.err);
    let plan = ottoline.show(&summer);
    assert_eq!(plan["answers"]["attendance.terms"][0]["attended"], 121);
    assert_eq!(plan["answers"]["progress.goingWell"], "Settled.");
    assert_eq!(plan["targets"][0]["area"], "Ratio");
    // Twice is once, and what is to be replaced is said so.
    assert!(ottoline.pep(&["import", text(&file)]).err.contains("Nothing in the file is new"));
    let replaced = ottoline.pep(&["import", text(&file), "--replace", "--json"]).json();
    assert!(replaced["brought"].as_array().is_some_and(|all| all.contains(&"progress.goingWell".into())));
    assert_eq!(ottoline.show(&summer)["answers"]["progress.goingWell"], "Maths and food.");
    assert_eq!(ottoline.show(&summer)["targets"].as_array().map(Vec::len), Some(1));
    // The social worker writes none of the school's section, and is told so; the file does no harm.
    let odiles = odile.pep(&["import", text(&file), "--json"]).json();
    let left = odiles["leftOut"].as_array().cloned().unwrap_or_default();
    assert!(left.iter().any(|left| left["field"].as_str().is_some_and(|field| field.starts_with("attendance.terms"))));
}

#[test]
fn r001_12_r001_15_r001_16_a_new_school_sees_the_last_pep_and_is_handed_its_section() {
    let world = World::new();
    let (odile, ottoline) = (world.join("odile", ODILE), world.join("ottoline", OTTOLINE));
    let spring = world.spring(&odile);
    odile.pep(&["sync"]).ok();
    ottoline.pep(&["sync"]).ok();
    ottoline.pep(&["write", &spring, "progress.goingWell", "Maths and food."]).ok();
    ottoline.pep(&["sync"]).ok();
    odile.pep(&["sync"]).ok();
    // Both keep a copy of the school's section, and it is the same.
    let (hers, odiles) = (world.dir.path().join("hers.json"), world.dir.path().join("odiles.json"));
    ottoline.pep(&["export", &spring, "--section", "D", "--format", "json", "-o", text(&hers)]).ok();
    odile.pep(&["export", &spring, "--section", "D", "--format", "json", "-o", text(&odiles)]).ok();
    assert_eq!(fs::read(&hers).unwrap(), fs::read(&odiles).unwrap());
    // The teacher of the new school has the last PEP on her device as soon as she is on the team, and begins with the copy.
    let sunniva = world.join("sunniva", ("Sunniva Dray", "designated-teacher"));
    sunniva.pep(&["sync"]).ok();
    assert_eq!(sunniva.show(&spring)["answers"]["progress.goingWell"], "Maths and food.");
    let new = ["new", "Idris Fennimoor", "--term", "2025/26-summer", "--type", "school-move", "--json"];
    let summer = sunniva.pep(&new).json()["pep"].as_str().unwrap_or_default().to_string();
    assert_eq!(sunniva.show(&summer)["answers"]["progress.goingWell"], Value::Null);
    sunniva.pep(&["import", text(&odiles), "--pep", &summer]).ok();
    assert_eq!(sunniva.show(&summer)["answers"]["progress.goingWell"], "Maths and food.");
}

#[test]
fn r004_09_storyboard_9_the_next_pep_begins_with_the_last_one_each_bringing_their_own() {
    let world = World::new();
    let (odile, ottoline) = (world.join("odile", ODILE), world.join("ottoline", OTTOLINE));
    let begin = |who: &Home, term: &str| {
        who.pep(&["new", "Idris Fennimoor", "--term", term, "--type", "review", "--process", "ten-page", "--json"])
            .json()
    };
    let id = |made: &Value| made["pep"].as_str().unwrap_or_default().to_string();
    let spring = id(&begin(&odile, "2025/26-spring"));
    odile.pep(&["set", &spring, "child.dob", "2010-11-02"]).ok();
    odile.pep(&["set", &spring, "care.legalStatus", "C2"]).ok();
    odile.pep(&["write", &spring, "care.story", "He cooks on Sundays."]).ok();
    odile.pep(&["row", "add", &spring, "meeting.actions", "action=Quiet place", "status=open"]).ok();
    odile.pep(&["sync"]).ok();
    ottoline.pep(&["sync"]).ok();
    ottoline.pep(&["set", &spring, "setting.yearGroup", "10"]).ok();
    ottoline.pep(&["set", &spring, "settingPeople.keyAdult", "Mr Rookhurst"]).ok();
    ottoline.pep(&["write", &spring, "voice.secWell", "maths and food"]).ok();
    let essay = ["area=English", "statement=Four paragraphs", "status=agreed", "category=academic"];
    let essay = ottoline.pep(&[&["target", "add", &spring][..], &essay].concat()).ok().trim().to_string();
    ottoline.pep(&["sync"]).ok();
    odile.pep(&["sync"]).ok();

    // Both begin it offline, and it is one.
    let summer = begin(&odile, "2025/26-summer");
    assert!(summer["toConfirm"].as_array().is_some_and(|all| all.contains(&"care.legalStatus".into())));
    let summer = id(&summer);
    let begun = ottoline.pep(&[
        "new",
        "Idris Fennimoor",
        "--term",
        "2025/26-summer",
        "--type",
        "review",
        "--process",
        "ten-page",
    ]);
    assert_eq!(begun.out.trim(), summer);
    for words in ["as they were", "1 target to review", "Begins blank: "] {
        assert!(begun.err.contains(words), "{words}: {}", begun.err);
    }
    odile.pep(&["sync"]).ok();
    ottoline.pep(&["sync"]).ok();
    odile.pep(&["sync"]).ok();
    let plan = odile.show(&summer);
    assert_eq!(plan, ottoline.show(&summer));
    assert_eq!(plan["answers"]["care.story"], "He cooks on Sundays.");
    assert_eq!(plan["answers"]["settingPeople.keyAdult"], "Mr Rookhurst");
    assert_eq!(plan["answers"]["meeting.actions"].as_array().map(Vec::len), Some(1));
    assert_eq!(plan["previousPep"], spring.as_str());
    assert_eq!(odile.pep(&["conflicts", &summer, "--json"]).code, 0);
    // Again there is nothing left to bring.
    assert!(
        odile
            .pep(&["new", "Idris Fennimoor", "--term", "2025/26-summer", "--type", "review"])
            .err
            .contains("Nothing of yours is left")
    );

    let shown = odile.pep(&["show", &summer, "--page", "2"]).ok();
    assert!(shown.contains("From the last PEP, to be confirmed"), "{shown}");
    let refused = ottoline.pep(&["confirm", &summer, "care.legalStatus"]);
    assert!(refused.code == 3 && refused.err.contains("social worker"), "{}", refused.err);
    odile.pep(&["confirm", &summer, "care.legalStatus"]).ok();
    let waits =
        |field: &str| odile.show(&summer)["toConfirm"].as_array().is_some_and(|all| all.contains(&field.into()));
    assert!(!waits("care.legalStatus") && waits("care.story"));
    odile.pep(&["confirm", &summer, "--page", "2"]).ok();
    assert!(!waits("care.story"));

    // Somebody's own words begin blank, and last term's stand beside.
    let voice = ottoline.pep(&["show", &summer, "--field", "voice.secWell", "--json"]).json();
    assert_eq!(
        (&voice["answers"]["voice.secWell"], &voice["lastTerm"][0]["text"]),
        (&Value::Null, &"maths and food".into())
    );

    // A target goes on.
    let early = ottoline.pep(&["target", "add", &summer, "--from", &essay[..8]]);
    assert!(early.code == 2 && early.err.contains("carry_forward"), "{}", early.err);
    let review = ["result=partly", "evidence=3 paragraphs", "nextStep=carry_forward"];
    ottoline.pep(&[&["target", "review", &summer, "English"][..], &review].concat()).ok();
    let next = ottoline.pep(&["target", "add", &summer, "--from", &essay[..8], "dueDate=2026-07-10"]).ok();
    let plan = ottoline.show(&summer);
    assert_eq!(plan["answers"]["targets.review"].as_array().map(Vec::len), Some(1));
    let target = &plan["targets"][0];
    assert_eq!((&target["key"], &target["carriedFrom"]), (&next.trim().into(), &essay.as_str().into()));
    assert_eq!((&target["baseline"], &target["dueDate"]), (&"Partly: 3 paragraphs".into(), &"2026-07-10".into()));
}

#[test]
fn an_event_between_two_peps_is_said_where_it_matters() {
    let world = World::new();
    let (odile, lorcan) =
        (world.join("odile", ODILE), world.join("lorcan", ("Lorcan Tidewell", "virtual-school-officer")));
    let spring = world.spring(&odile);
    odile.pep(&["set", &spring, "child.dob", "2010-11-02"]).ok();
    let early = odile.pep(&["set", &spring, "care.lookedAfterSince", "2009-06-18"]);
    assert!(early.code == 2 && early.err.contains("after the child was born"), "{}", early.err);
    let theirs = odile.pep(&["write", &spring, "progress.barriers", "No place yet."]);
    assert!(theirs.code == 3 && theirs.err.contains("designated teacher"), "{}", theirs.err);
    odile.pep(&["sync"]).ok();
    lorcan.pep(&["sync"]).ok();
    lorcan.pep(&["set", &spring, "setting.rollStatus", "not_on_roll"]).ok();
    lorcan.pep(&["set", &spring, "setting.notOnRollSince", "2026-02-12"]).ok();
    lorcan.pep(&["sync"]).ok();
    odile.pep(&["sync"]).ok();
    // The gate of the relay and of every device lets it, too.
    odile.pep(&["write", &spring, "progress.barriers", "No place yet."]).ok();
    odile.pep(&["sync"]).ok();
    assert_eq!(odile.pep(&["status", "--json"]).json()["peps"][0]["held"], 0);
    lorcan.pep(&["sync"]).ok();
    assert!(lorcan.pep(&["show", &spring]).ok().contains("On no school's roll"));
    assert_eq!(lorcan.show(&spring)["answers"]["progress.barriers"], "No place yet.");
    // Outside the process's ages it is said, and never a bar.
    let old =
        odile.pep(&["new", "Idris Fennimoor", "--term", "2030/31-spring", "--type", "review", "--process", "portal"]);
    assert!(old.code == 0 && old.err.contains("until the age of 16"), "{}", old.err);
}

#[test]
fn r001_38_a_file_that_is_not_for_this_child_or_none_of_ours_is_refused_in_words() {
    let world = World::new();
    let odile = world.join("odile", ODILE);
    let spring = world.spring(&odile);
    odile.pep(&["set", &spring, "child.dob", "2010-11-02"]).ok();
    let file = world.dir.path().join("file");
    odile.pep(&["child", "add", "--name", "Wren Tapplestone", "--dob", "2016-03-14"]).ok();
    let wrens =
        odile.pep(&["new", "Wren Tapplestone", "--term", "2025/26-autumn", "--type", "initial", "--json"]).json();
    let wrens = wrens["pep"].as_str().unwrap_or_default().to_string();
    odile.pep(&["set", &wrens, "people.iro", "Quentin Saltmarsh"]).ok();
    odile.pep(&["export", &wrens, "--section", "C", "--format", "json", "-o", text(&file)]).ok();
    let refused = |words: &[&str], sentence: &str| {
        let said = odile.pep(words);
        assert!(said.code == 1 && said.out.is_empty() && said.err.contains(sentence), "{words:?}: {}", said.err);
    };
    refused(&["import", text(&file), "--pep", &spring], "about another child");
    assert_eq!(odile.pep(&["import", text(&file), "--from-another-child"]).code, 2);
    odile.pep(&["import", text(&file), "--pep", &spring, "--from-another-child"]).ok();
    assert_eq!(odile.show(&spring)["answers"]["people.iro"], "Quentin Saltmarsh");
    let before = odile.show(&spring);
    odile.pep(&["export", &spring, "--format", "automerge", "-o", text(&file)]).ok();
    refused(&["import", text(&file)], "whole plan as an Automerge document");
    odile.pep(&["export", &spring, "--format", "json", "-o", text(&file)]).ok();
    refused(&["import", text(&file)], "does not say that it holds answers");
    for (bytes, sentence) in [
        ("{\"format\": \"openpep-answers/1\"}", "does not say which child"),
        ("PK\u{3}\u{4}", "not JSON"),
        ("", "not JSON"),
    ] {
        fs::write(&file, bytes).unwrap();
        refused(&["import", text(&file)], sentence);
    }
    fs::write(&file, vec![b' '; 9 * 1024 * 1024]).unwrap();
    refused(&["import", text(&file)], "too large");
    refused(&["import", "no-such-file.json"], "could not be read");
    assert_eq!(odile.show(&spring), before);
}

#[test]
fn r003_28_who_may_not_sign_yet_is_told_what_it_waits_for_and_who_has_seen_a_plan_says_so() {
    let world = World::new();
    let odile = world.join("odile", ODILE);
    let idris = world.join("idris", IDRIS);
    let lorcan = world.join("lorcan", ("Lorcan Tidewell", "virtual-school-officer"));
    let spring = world.spring(&odile);
    odile.pep(&["sync"]).ok();
    for home in [&idris, &lorcan] {
        home.pep(&["sync"]).ok();
    }
    // This process grades nothing; what must be put right it can say all the same.
    assert!(lorcan.pep(&["quality", &spring]).ok().contains("grades no plans"));
    let graded = lorcan.pep(&["quality", &spring, "voice", "green"]);
    assert!(graded.code == 2 && graded.err.contains("grades no PEPs"), "{}", graded.err);
    assert_eq!(odile.pep(&["quality", &spring, "--feedback", "Well done."]).code, 3);
    assert_eq!(odile.pep(&["return", &spring, "--to", "designated-teacher", "--reason", "More."]).code, 3);
    let back = [
        "return",
        &spring,
        "--to",
        "social-worker",
        "--reason",
        "Say where he lives.",
        "--page",
        "C",
        "--by",
        "2026-03-06",
    ];
    lorcan.pep(&back).ok();
    assert_eq!(lorcan.show(&spring)["state"], "returned");
    assert!(lorcan.pep(&["show", &spring]).ok().contains("Returned to the social worker: 1 thing"));
    assert_eq!(lorcan.pep(&["return", &spring, "--to", "carer", "--reason", "More."]).code, 2);

    let early = odile.pep(&["complete", &spring]);
    assert!(
        early.code == 5 && early.out.contains("[transfer.needed]: not answered yet - social worker"),
        "{}",
        early.out
    );
    let early: Value = serde_json::from_str(&odile.pep(&["complete", &spring, "--json"]).out).unwrap();
    assert!(early["signed"] == false && early["missing"][0]["field"].is_string(), "{early}");
    let waits = lorcan.pep(&["sign-off", &spring]);
    assert!(waits.code == 5 && waits.out.contains("Social worker: "), "{}", waits.out);
    for (home, command, hint) in [
        (&odile, "sign-off", "pep complete"),
        (&lorcan, "complete", "pep sign-off"),
        (&idris, "complete", "pep sign-off"),
    ] {
        let said = home.pep(&[command, &spring]);
        assert!(said.code == 3 && said.err.contains(hint), "{}", said.err);
    }
    assert_eq!(lorcan.pep(&["export", &spring, "--signed", "--format", "json", "-o", "-"]).code, 1);
    assert_eq!(idris.pep(&["sign-off", &spring, "--on", "2999-01-01"]).code, 2);

    idris.pep(&["sign-off", &spring, "--on", "2026-03-01", "--comment", "Ask me before things move."]).ok();
    let seen = idris.show(&spring)["signOffs"][0].clone();
    assert_eq!(
        (&seen["question"], &seen["by"], &seen["on"]),
        (&"signoff.yp".into(), &"Idris Fennimoor".into(), &"2026-03-01".into())
    );
    assert!(seen["stands"] == true && seen["comment"] == "Ask me before things move.", "{seen}");
    idris.pep(&["sync"]).ok();
    odile.pep(&["sync"]).ok();
    odile.pep(&["set", &spring, "transfer.needed", "yes"]).ok();
    let shown = odile.pep(&["show", &spring]).ok();
    assert!(shown.contains("saw an earlier version: "), "{shown}");
    let since = odile.pep(&["diff", &spring, "signoff.yp"]).ok();
    assert!(since.contains("transfer") && since.contains("new questions appeared because"), "{since}");
    assert_eq!(odile.pep(&["diff", &spring, "signoff.vs"]).code, 1);
}

#[test]
fn r003_26_to_30_a_plan_is_completed_checked_and_signed_off_and_what_was_signed_is_the_same_everywhere() {
    let world = World::new();
    let (odile, ottoline) = (world.join("odile", ODILE), world.join("ottoline", OTTOLINE));
    let lorcan = world.join("lorcan", ("Lorcan Tidewell", "virtual-school-officer"));
    let everybody = [&odile, &ottoline, &lorcan];
    let share = || [everybody, everybody].concat().iter().for_each(|home| drop(home.pep(&["sync"]).ok()));
    let spring = world.spring(&odile);
    share();
    ottoline.pep(&["set", &spring, "voice.declined", "yes"]).ok();
    ottoline.pep(&["write", &spring, "voice.declinedNote", "He would rather show his cooking."]).ok();
    ottoline.pep(&["target", "add", &spring, "area=English", "status=idea", "category=academic"]).ok();
    lorcan.pep(&["quality", &spring, "--feedback", "Thank you."]).ok();
    for round in 0.. {
        share();
        let plan = odile.show(&spring);
        let gaps = plan["gaps"].as_array().unwrap();
        if gaps.is_empty() {
            break;
        }
        assert!(round < 6, "there is no end of questions: {gaps:?}");
        for gap in gaps {
            let home = match gap["owner"].as_str().unwrap() {
                "social-worker" => &odile,
                "designated-teacher" => &ottoline,
                _ => &lorcan,
            };
            let reason = ["--none", "not-known", "--reason", "Asked in March."];
            let said = home.pep(&[&["set", &spring, gap["field"].as_str().unwrap()], &reason[..]].concat());
            assert!(said.code == 0 || said.err.contains("not asked at present"), "{gap}: {}", said.err);
        }
    }
    ottoline.pep(&["complete", &spring, "--on", "2026-02-27"]).ok();
    assert_eq!(ottoline.show(&spring)["state"], "dt-complete");
    assert!(ottoline.pep(&["complete", &spring]).ok().is_empty(), "once is enough");
    assert_eq!(lorcan.pep(&["sign-off", &spring]).code, 5);
    odile.pep(&["complete", &spring, "--on", "2026-03-02"]).ok();
    share();
    lorcan.pep(&["sign-off", &spring, "--on", "2026-03-09"]).ok();
    share();
    odile.pep(&["write", &spring, "care.story", "A new chapter."]).ok();
    odile.pep(&["sync"]).ok();

    let made = odile.show(&spring);
    assert_eq!(
        (&made["state"], &made["changedSinceSignOff"]),
        (&"signed-off".into(), &serde_json::json!(["care.story"]))
    );
    let theirs = made["signOffs"].as_array().unwrap().iter().find(|made| made["question"] == "signoff.vs").unwrap();
    assert!(
        theirs["by"] == "Lorcan Tidewell" && theirs["on"] == "2026-03-09" && theirs["why"] == serde_json::json!([])
    );
    assert_eq!(odile.pep(&["list", "--json"]).json()[0]["state"], "signed-off");
    let since = odile.pep(&["diff", &spring, "signoff.vs"]).ok();
    assert!(since.contains("wrote in “What helps school understand my story”"), "{since}");
    let written = |home: &Home, format: &str| {
        let file = world.dir.path().join(format!("{format}-{}", home.path.file_name().unwrap().display()));
        home.pep(&["export", &spring, "--signed", "--format", format, "-o", text(&file)]).ok();
        fs::read(file).unwrap()
    };
    let json = written(&odile, "json");
    let digest = ring::digest::digest(&ring::digest::SHA256, &json);
    let hex: String = hex::encode(digest);
    assert_eq!(theirs["hash"], hex.as_str());
    assert_eq!((written(&lorcan, "json"), written(&lorcan, "automerge")), (json, written(&odile, "automerge")));
    assert!(plan::load(&written(&odile, "automerge")).is_ok());
}

#[test]
fn the_virtual_school_grades_by_the_areas_of_the_process_and_the_rest_follows() {
    let world = World::new();
    let lorcan = world.join("lorcan", ("Lorcan Tidewell", "virtual-school-officer"));
    let new =
        ["new", "Idris Fennimoor", "--term", "2025/26-spring", "--type", "review", "--process", "ten-page", "--json"];
    let made = lorcan.pep(&new).json();
    let pep = made["pep"].as_str().unwrap().to_string();
    let shown = lorcan.pep(&["quality", &pep, "--json"]).json();
    let areas: Vec<&str> = shown["areas"].as_array().unwrap().iter().map(|a| a["area"].as_str().unwrap()).collect();
    assert_eq!((areas.len(), shown["sampled"] == true), (12, true));
    for area in &areas {
        lorcan.pep(&["quality", &pep, area, "green"]).ok();
    }
    let red = lorcan.pep(&["quality", &pep, "voice", "red", "--comment", "Whose words?", "--json"]).json();
    assert!(red["overall"] == "red" && red["blocksSignOff"] == true, "{red}");
    assert_eq!(lorcan.pep(&["quality", &pep, "overall", "amber"]).code, 2);
    lorcan.pep(&["quality", &pep, "overall", "amber", "--reason", "His letter came.", "--feedback", "Ask him."]).ok();
    let said = lorcan.pep(&["quality", &pep]).ok();
    for words in ["[voice]: Red - Whose words?", "Overall: Amber (the areas come to Red)", "Feedback: Ask him."] {
        assert!(said.contains(words), "it lacks {words:?}:\n{said}");
    }
    let crimson = lorcan.pep(&["quality", &pep, "voice", "crimson"]);
    assert!(crimson.code == 2 && crimson.err.contains("gold, green, amber, red"), "{}", crimson.err);
}

#[test]
fn a_row_that_is_there_is_not_written_over_by_adding_one() {
    let world = World::new();
    let (odile, ottoline) = (world.join("odile", ODILE), world.join("ottoline", OTTOLINE));
    let spring = world.spring(&odile);
    odile.pep(&["sync"]).ok();
    ottoline.pep(&["sync"]).ok();
    let add = ["row", "add", &spring, "attendance.terms", "term=Autumn 2025"];
    ottoline.pep(&[&add[..], &["possible=110", "attended=96"]].concat()).ok();
    let again = ottoline.pep(&[&add[..], &["possible=20", "attended=10"]].concat());
    assert!(again.code == 1 && again.err.contains("There is a row for that already"), "{}", again.err);
    let stays = ottoline.pep(&["show", &spring, "--field", "attendance.terms"]).ok();
    assert!(stays.contains("110") && stays.contains("96"), "{stays}");
}

#[test]
fn input_that_does_not_fit_is_refused_in_a_sentence_and_nothing_changes() {
    let world = World::new();
    let (odile, ottoline) = (world.join("odile", ODILE), world.join("ottoline", OTTOLINE));
    let spring = world.spring(&odile);
    odile.pep(&["sync"]).ok();
    ottoline.pep(&["sync"]).ok();
    let before = ottoline.show(&spring);
    let refused = |words: &[&str], code: u8, sentence: &str| {
        let said = ottoline.pep(words);
        assert_eq!(said.code, code, "{words:?}: {}", said.err);
        assert!(said.out.is_empty() && said.err.contains(sentence), "{words:?} should say {sentence:?}: {}", said.err);
    };
    refused(&["set", &spring, "setting.nam", "x"], 1, "Did you mean setting.name");
    refused(&["set", &spring, "setting.fullTime", "perhaps"], 2, "yes or no");
    refused(&["set", &spring, "setting.startDate", "2025-02-30"], 2, "a day that exists");
    refused(&["set", &spring, "setting.hoursOffered", "-5"], 2, "a number");
    refused(&["set", &spring, "funding.tuition", "somebody"], 2, "vs_retains");
    refused(&["set", &spring, "transfer.needed", "yes"], 3, "ask the social worker");
    refused(&["set", &spring, "qa.feedback", "x"], 2, "pep write");
    refused(&["write", &spring, "qa.feedback", "x"], 3, "Virtual School");
    refused(&["set", &spring, "setting.partTimeAgreedByVS", "yes"], 3, "never for them");
    refused(&["set", &spring, "signoff.dt", "Ottoline"], 3, "sign-off");
    refused(&["set", &spring, "funding.requested", "5.00"], 1, "worked out");
    refused(&["set", &spring, "behaviour.supportPlan", "plan.pdf"], 1, "not asked");
    refused(&["set", &spring, "attendance.terms", "x"], 2, "pep row add");
    refused(&["set", &spring, "targets.list", "x"], 2, "pep target add");
    refused(&["set", &spring, "progress.goingWell", "x"], 2, "pep write");
    refused(&["write", &spring, "setting.startDate", "x"], 2, "pep set");
    refused(&["row", "add", &spring, "attendance.terms", "possible=10"], 1, "term");
    refused(&["row", "add", &spring, "attendance.terms", "term=Autumn", "days=3"], 2, "no such column");
    refused(&["row", "set", &spring, "attendance.terms", "autumn-1066", "late=1"], 1, "no such row");
    refused(&["target", "set", &spring, "abcdef01", "status=agreed"], 1, "no such target");
    refused(&["target", "add", &spring, "status"], 2, "column=value");
    refused(&["show", &spring, "--page", "Z"], 1, "A, B, C, D, E");
    refused(&["resolve", &spring, "funding.tuition", "--take", "1"], 1, "Nobody disagrees");
    refused(&["write", &spring, "progress.goingWell", "--file", "no-such-file.txt"], 1, "could not be read");
    refused(&["show", "abc"], 2, "too short");
    refused(&["show", "0000"], 1, "no such PEP");
    refused(&["show", "no plan"], 1, "no such PEP");
    refused(&["child", "show", "Nobody"], 1, "no such child");
    assert_eq!(ottoline.show(&spring), before);
}

#[test]
fn a_plan_follows_any_of_the_five_processes_and_says_what_is_due() {
    let world = World::new();
    let odile = world.join("odile", ODILE);
    let terms = ["2024/25-summer", "2025/26-spring", "2025/26-summer", "2026/27-autumn", "2026/27-spring"];
    for (process, term) in ["portal", "sections", "rolling", "ten-page", "web"].into_iter().zip(terms) {
        let new = ["new", "Idris Fennimoor", "--term", term, "--type", "review", "--process", process];
        let id = odile.pep(&new).ok().trim().to_owned();
        let plan = odile.pep(&["show", &id, "--json"]).json();
        assert_eq!(plan["process"]["id"], process);
    }
    let all = odile.pep(&["list", "--json"]).json();
    let summer = all.as_array().and_then(|all| all.iter().find(|pep| pep["term"] == "2024/25-summer")).cloned();
    let summer = summer.unwrap_or_default();
    assert_eq!((&summer["due"], &summer["currency"]), (&"2025-06-27".into(), &"never".into()));
    let due = odile.pep(&["list", "--due"]).ok();
    assert!(due.contains("summer term's PEP, complete, by 27 June 2025 (overdue)"), "{due}");
    assert!(due.contains("This child's PEP: never signed off. As at "), "{due}");
    let id = summer["pep"].as_str().unwrap_or_default();
    assert!(odile.pep(&["show", id]).ok().contains("Due: the summer term's PEP, complete, by 27 June 2025"));
}

#[test]
fn the_beginning_of_two_plans_ids_names_both() {
    let world = World::new();
    let odile = world.join("odile", ODILE);
    let (one, two) = alike(&world.child);
    for pep in [&one, &two] {
        odile
            .pep(&[
                "new",
                "Idris Fennimoor",
                "--term",
                &format!("{}-{}", pep.year, pep.term),
                "--type",
                &pep.kind.to_string(),
            ])
            .ok();
    }
    let (one, two) = (one.id().to_string(), two.id().to_string());
    let said = odile.pep(&["show", &one[..4]]);
    assert_eq!(said.code, 2);
    assert!(said.err.contains(&one) && said.err.contains(&two) && said.err.contains("Idris Fennimoor"), "{}", said.err);
    odile.pep(&["show", &one]).ok();
    odile.pep(&["show", &one.replace('-', "").to_uppercase()]).ok();
}

#[test]
fn what_others_wrote_since_one_was_here_is_news_once_and_what_waits_for_one_is_a_task() {
    let world = World::new();
    let (odile, ottoline) = (world.join("odile", ODILE), world.join("ottoline", OTTOLINE));
    let spring = world.spring(&odile);
    for who in [&odile, &ottoline, &odile] {
        who.pep(&["sync"]).ok();
    }
    odile.pep(&["news"]).ok();
    assert!(odile.pep(&["news"]).err.contains("Nothing is new"));
    ottoline.pep(&["set", &spring, "funding.tuition", "school_claims"]).ok();
    odile.pep(&["write", &spring, "care.story", "Own words are no news."]).ok();
    for who in [&ottoline, &odile] {
        who.pep(&["sync"]).ok();
    }
    let looked = odile.pep(&["news", "--since", "2020-01-01", "--json"]).json();
    assert!(looked[0]["news"].as_array().is_some_and(|all| all.iter().all(|one| one["by"] == "Ottoline Greaves-Penn")));
    let new = odile.pep(&["news", "--json"]).json();
    assert_eq!((&new[0]["pep"], &new[0]["news"][0]["by"]), (&spring.as_str().into(), &"Ottoline Greaves-Penn".into()));
    assert!(new[0]["news"].to_string().contains("tuition"), "{new}");
    assert_eq!(odile.pep(&["news", "--json"]).json(), serde_json::json!([]), "shown once");
    assert_eq!(odile.pep(&["news", "--since", "yesterday"]).code, 2);

    let tasks = odile.pep(&["tasks", "--json"]).json();
    let kinds: Vec<&str> = tasks.as_array().unwrap().iter().filter_map(|task| task["kind"].as_str()).collect();
    assert!(kinds.contains(&"answer"), "{kinds:?}");
    let said = odile.pep(&["tasks"]).ok();
    assert!(said.contains("Answer ") && said.contains("Idris Fennimoor"), "{said}");
    let all = odile.pep(&["tasks", "--all", "--json"]).json();
    let whose = |name: &str| all.as_array().unwrap().iter().any(|task| task["for"]["name"] == name);
    assert!(whose("Ottoline Greaves-Penn") && whose("Odile Marrowfield"), "{all}");
    assert!(odile.pep(&["list", "--mine", "--json"]).json().as_array().is_some_and(|list| !list.is_empty()));
}

#[test]
fn what_the_young_person_chose_stands_and_nobody_resolves_it_against_them() {
    let world = World::new();
    let (odile, ottoline, idris) =
        (world.join("odile", ODILE), world.join("ottoline", OTTOLINE), world.join("idris", IDRIS));
    let spring = world.spring(&odile);
    let meet =
        || [&odile, &ottoline, &idris, &odile, &ottoline].into_iter().for_each(|who| drop(who.pep(&["sync"]).ok()));
    meet();
    let choice = "voice.meetingChoice";
    idris.pep(&["set", &spring, choice, "come_to_all"]).ok();
    meet();
    ottoline.pep(&["set", &spring, choice, "not_this_time"]).ok();
    meet();
    for who in [&idris, &odile, &ottoline] {
        let shown = who.show(&spring);
        assert_eq!(shown["answers"][choice], "come_to_all");
        assert_eq!(shown["beside"][choice][0]["value"], "not_this_time");
        assert_eq!(shown["beside"][choice][0]["by"], "Ottoline Greaves-Penn");
    }
    let said = odile.pep(&["show", &spring, "--field", choice]).out;
    assert!(said.contains("What the young person chose stands"), "{said}");
    let meeting = odile.pep(&["meeting", &spring]).out;
    assert!(meeting.contains("come to all (their own choice)"), "{meeting}");
    let refused = odile.pep(&["resolve", &spring, choice, "--take", "2"]);
    assert!(refused.code == 3 && refused.err.contains("young person's own choice"), "{}", refused.err);
    // Whoever entered the other takes it back, and nothing stands beside it.
    ottoline.pep(&["set", &spring, choice, "--clear"]).ok();
    meet();
    let shown = idris.show(&spring);
    assert_eq!((&shown["answers"][choice], &shown["beside"]), (&"come_to_all".into(), &Value::Null));
    // Who sees the private words is theirs as well.
    idris.pep(&["private", &spring, "--readers", "social-worker"]).ok();
    meet();
    let refused = odile.pep(&["private", &spring, "--readers", "social-worker,carer"]);
    assert!(refused.code == 3 && refused.err.contains("Only they change that"), "{}", refused.err);
    meet();
    let readers = idris.pep(&["private", &spring, "--json"]).json()["readers"].clone();
    assert_eq!(readers, serde_json::json!(["social-worker", "young-person"]));
}

#[test]
fn two_choices_are_both_shown_until_somebody_chooses() {
    let world = World::new();
    let (odile, ottoline, lorcan) =
        (world.join("odile", ODILE), world.join("ottoline", OTTOLINE), world.join("lorcan", LORCAN));
    let spring = world.spring(&odile);
    odile.pep(&["sync"]).ok();
    for who in [&ottoline, &lorcan] {
        who.pep(&["sync"]).ok();
    }
    ottoline.pep(&["set", &spring, "funding.tuition", "school_claims"]).ok();
    lorcan.pep(&["set", &spring, "funding.tuition", "vs_retains"]).ok();
    for who in [&ottoline, &lorcan, &ottoline] {
        who.pep(&["sync"]).ok();
    }
    let shown = ottoline.pep(&["conflicts", &spring, "--json"]).json();
    let values = shown[0]["values"].as_array().cloned().unwrap_or_default();
    assert_eq!((shown.as_array().map(Vec::len), values.len()), (Some(1), 2));
    assert!(values.iter().any(|v| v["value"] == "vs_retains" && v["by"] == "Lorcan Tidewell"));
    assert!(values.iter().all(|v| v["at"].as_str().is_some_and(|at| at.ends_with('Z'))));
    let answer = &ottoline.show(&spring)["answers"]["funding.tuition"]["disputed"];
    assert_eq!(answer.as_array().map(Vec::len), Some(2));
    ottoline.pep(&["conflicts", &spring]).ok();

    let open = ottoline.pep(&["resolve", &spring, "funding.tuition"]);
    assert!(
        open.code == 6 && open.out.contains("Ottoline Greaves-Penn") && open.err.contains("--take N"),
        "{}{}",
        open.out,
        open.err
    );
    assert_eq!(ottoline.pep(&["resolve", &spring, "funding.tuition", "--take", "3"]).code, 2);
    assert_eq!(odile.pep(&["sync"]).code, 0);
    assert_eq!(odile.pep(&["resolve", &spring, "funding.tuition", "--take", "1"]).code, 3);
    let take = values.iter().find(|v| v["value"] == "vs_retains").map(|v| v["take"].to_string()).unwrap_or_default();
    ottoline.pep(&["resolve", &spring, "funding.tuition", "--take", &take]).ok();
    assert_eq!(ottoline.show(&spring)["answers"]["funding.tuition"], "vs_retains");
    assert_eq!(ottoline.pep(&["conflicts", &spring, "--json"]).json(), Value::Array(Vec::new()));
}

#[test]
fn a_sentence_that_two_people_rewrote_apart_is_shown_until_somebody_settles_it() {
    let world = World::new();
    let (odile, ottoline) = (world.join("odile", ODILE), world.join("ottoline", OTTOLINE));
    let spring = world.spring(&odile);
    let notes = |who: &Home| who.show(&spring)["answers"]["meeting.notes"].as_str().unwrap_or_default().to_owned();
    let meet = || {
        for who in [&odile, &ottoline, &odile] {
            who.pep(&["sync"]).ok();
        }
    };
    odile.pep(&["write", &spring, "meeting.notes", "He finds reading hard."]).ok();
    meet();
    odile.pep(&["write", &spring, "meeting.notes", "Reading is difficult for him."]).ok();
    ottoline.pep(&["write", &spring, "meeting.notes", "His reading age is 9 now."]).ok();
    meet();
    let shown = ottoline.pep(&["conflicts", &spring]).ok();
    for words in [
        "Notes of discussion [meeting.notes]",
        "Odile Marrowfield, ",
        "     Reading is difficult for him.",
        "     His reading age is 9 now.",
        "  3. as it is now:",
    ] {
        assert!(shown.contains(words), "it lacks {words:?}:\n{shown}");
    }
    let json = ottoline.pep(&["conflicts", &spring, "--json"]).json();
    let values = json[0]["values"].as_array().cloned().unwrap_or_default();
    assert_eq!((json[0]["place"].as_str(), values.len()), (Some("meeting.notes"), 3));
    assert_eq!((&values[2]["now"], &values[2]["by"], &values[2]["at"]), (&true.into(), &Value::Null, &Value::Null));
    let checked = ottoline.pep(&["check", &spring, "--json"]);
    assert_eq!(checked.code, 5);
    let found: Value = serde_json::from_str(&checked.out).unwrap();
    let found = &found["findings"];
    let blocks = |finding: &&Value| finding["field"] == "meeting.notes" && finding["severity"] == "blocks";
    assert!(found.as_array().unwrap().iter().any(|finding| blocks(&finding)), "{found}");
    // What is shown and taken out is each one's whole text, with the name, and never the two in one.
    let claims = ottoline.show(&spring)["answers"]["meeting.notes"]["disputed"].clone();
    let mut by: Vec<&str> = claims.as_array().unwrap().iter().filter_map(|claim| claim["by"].as_str()).collect();
    by.sort_unstable();
    assert_eq!(by, ["Odile Marrowfield", "Ottoline Greaves-Penn"]);
    let copy = ottoline.pep(&["show", &spring, "--field", "meeting.notes"]).out;
    assert!(copy.contains("Reading is difficult for him.") && copy.contains("His reading age is 9 now."), "{copy}");
    // Whoever types next has not settled it.
    ottoline.pep(&["write", &spring, "meeting.notes", "--append", "He cooks."]).ok();
    meet();
    assert_eq!(ottoline.pep(&["conflicts", &spring, "--json"]).json()[0]["place"], "meeting.notes");
    let json = ottoline.pep(&["conflicts", &spring, "--json"]).json();

    // Keeping it as it is now goes through the gate as any writing does, and reaches the other.
    let now = json[0]["values"][2]["value"].as_str().unwrap().to_owned();
    assert!(now.ends_with("He cooks."), "{now}");
    ottoline.pep(&["resolve", &spring, "meeting.notes", "--take", "3"]).ok();
    meet();
    assert_eq!((notes(&odile), notes(&ottoline)), (now.clone(), now));
    assert_eq!(odile.pep(&["conflicts", &spring, "--json"]).json(), Value::Array(Vec::new()));

    odile.pep(&["write", &spring, "meeting.notes", "He likes maths."]).ok();
    ottoline.pep(&["write", &spring, "meeting.notes", "Cooks on Sundays!"]).ok();
    meet();
    let json = odile.pep(&["conflicts", &spring, "--json"]).json();
    let values = json[0]["values"].as_array().cloned().unwrap_or_default();
    let cooks =
        values.iter().find(|value| value["value"] == "Cooks on Sundays!").map(|value| value["take"].to_string());
    odile.pep(&["resolve", &spring, "meeting.notes", "--take", &cooks.unwrap_or_default()]).ok();
    meet();
    assert_eq!((notes(&odile).as_str(), notes(&ottoline).as_str()), ("Cooks on Sundays!", "Cooks on Sundays!"));
    assert_eq!(ottoline.pep(&["conflicts", &spring, "--json"]).json(), Value::Array(Vec::new()));
}

#[test]
fn who_has_left_the_team_writes_and_reads_no_more() {
    let world = World::new();
    let odile = world.join("odile", ODILE);
    let petra = world.home("petra");
    let invite = world.relay.run(&["invite", "--name", "Petra Lanternby", "--role", "social-worker", "--json"]).json();
    let person = invite["person"].as_str().unwrap_or_default();
    world.relay.run(&["teams", "add", &world.child, person, "--role", "social-worker", "--from", "2025-09-01"]).ok();
    petra.pep(&["join", invite["link"].as_str().unwrap_or_default()]).ok();
    let spring = world.spring(&odile);
    odile.pep(&["sync"]).ok();
    petra.pep(&["sync"]).ok();
    petra.pep(&["write", &spring, "care.story", "He likes chess."]).ok();
    world.relay.run(&["teams", "end", &world.child, person, "--on", "2026-01-31"]).ok();
    petra.pep(&["sync"]);
    for words in [&["set", &spring, "transfer.needed", "yes"][..], &["show", &spring]] {
        let said = petra.pep(words);
        assert!(
            said.code == 3 && said.err.contains("not on this child's team"),
            "{words:?}: {} {}",
            said.code,
            said.err
        );
    }
}

#[test]
fn a_young_person_adds_a_picture_and_nobody_is_shown_its_letters() {
    let world = World::new();
    let odile = world.join("odile", ODILE);
    let spring = world.spring(&odile);
    odile.pep(&["sync"]).ok();
    let idris = world.join("idris", IDRIS);
    let file = |name: &str, begins: &[u8], size: usize| {
        let mut bytes = begins.to_vec();
        bytes.resize(size, 7);
        let path = world.dir.path().join(name);
        fs::write(&path, bytes).unwrap();
        path.to_string_lossy().into_owned()
    };
    let set = |file: &str| idris.pep(&["set", &spring, "voice.picture", file]);
    // A drawing of 30,500 bytes, and what the camera wrote beside it.
    let length = (30_500u32 - 8 - 12 - 12).to_be_bytes();
    let drawing =
        [b"\x89PNG\r\n\x1a\n\0\0\0\x08eXIf51.5 N..crc!", &length[..], b"IDAT", &[7; 30_472], b"\0\0\0\0IENDcrc!"]
            .concat();
    let path = file("drawing.png", b"", 0);
    fs::write(&path, drawing).unwrap();
    set(&path).ok();
    for (no, words) in [
        (file("large.png", b"\x89PNG\r\n\x1a\n", 45_001), "has 46 kB"),
        (file("page.png", b"<svg onload=alert(1)>", 100), "is no picture"),
        ("nowhere.png".to_owned(), "could not be read"),
    ] {
        let said = set(&no);
        assert!(said.code == 1 && said.err.contains(words), "{}", said.err);
    }
    let shown = idris.pep(&["show", &spring, "--field", "voice.picture"]).ok();
    assert!(shown.contains("a picture, 31 kB") && !shown.contains("iVBORw"), "{shown}");
    let all = idris.pep(&["show", &spring]).ok() + &idris.pep(&["history", &spring]).ok();
    assert!(all.contains("added a picture") && !all.contains("iVBORw"), "{all}");
    let picture = &idris.show(&spring)["answers"]["voice.picture"];
    assert_eq!((&picture["mediaType"], &picture["bytes"]), (&"image/png".into(), &30_500.into()));
    assert!(picture["base64"].as_str().unwrap().starts_with("iVBORw"));
}

#[test]
fn a_part_that_is_not_shared_with_a_role_is_neither_read_nor_written() {
    let world = World::new();
    let odile = world.join("odile", ODILE);
    let spring = world.spring(&odile);
    odile.pep(&["row", "add", &spring, "care.collectAndContact", "person=Petra Lanternby", "mayCollect=yes"]).ok();
    odile.pep(&["sync"]).ok();
    let (carys, idris) = (world.join("carys", ("Carys Wexcombe", "carer")), world.join("idris", IDRIS));
    assert!(carys.pep(&["show", &spring, "--field", "care.collectAndContact"]).ok().contains("Petra Lanternby"));
    let said = idris.pep(&["show", &spring, "--field", "care.collectAndContact"]);
    assert!(said.code == 3 && said.err.contains("not shared with you"), "{}", said.err);
    assert!(!idris.show(&spring).to_string().contains("Petra Lanternby"));
    idris.pep(&["write", &spring, "voice.secWell", "maths and food"]).ok();
    let well = &idris.show(&spring)["answers"]["voice.secWell"][0];
    assert_eq!((&well["by"], &well["text"]), (&"Idris Fennimoor".into(), &"maths and food".into()));
}

// One folder, several commands.

#[test]
fn commands_work_while_another_pep_holds_the_folder() {
    let world = World::new();
    let (odile, ottoline) = (world.join("odile", ODILE), world.join("ottoline", OTTOLINE));
    let spring = world.spring(&odile);
    odile.pep(&["sync"]).ok();
    let watching = Watching::start(&odile);
    let _also = Watching::start(&ottoline);
    odile.pep(&["set", &spring, "transfer.needed", "yes"]).ok();
    odile.pep_with(&["write", &spring, "care.story", "-"], "He cooks on Sundays.").ok();
    assert_eq!(odile.pep(&["sync", "--once", "--json"]).json()["inStep"], true);
    assert_eq!(odile.pep(&["status", "--json"]).json()["relay"]["state"], "connected");
    eventually(|| ottoline.show(&spring)["answers"]["care.story"] == "He cooks on Sundays.");

    // Paths mean what they mean to the person who gives them, not to the process that carries the command out.
    let folder = world.dir.path().join("letters");
    fs::create_dir(&folder).unwrap();
    let mut export = odile.command(&["export", &spring, "--format", "json", "-o", "spring.json"]);
    assert!(export.current_dir(&folder).status().unwrap().success());
    assert!(folder.join("spring.json").is_file());
    let refused = odile.pep(&["set", &spring, "transfer.needed", "perhaps"]);
    assert!(refused.code == 2 && refused.err.contains("yes or no"), "{}", refused.err);
    let second = odile.pep(&["sync", "--watch"]);
    assert!(second.code == 7 && second.err.contains("already"), "{}", second.err);

    // Killed without a word, it leaves nothing behind that stands in the way.
    drop(watching);
    assert_eq!(odile.show(&spring)["answers"]["transfer.needed"], true);
}

#[test]
fn sync_once_through_another_pep_says_when_the_relay_is_down() {
    let mut world = World::new();
    let odile = world.join("odile", ODILE);
    let spring = world.spring(&odile);
    let watching = Watching::start(&odile);
    eventually(|| odile.pep(&["status", "--json"]).json()["relay"]["state"] == "connected");
    world.relay.stop();
    odile.pep(&["set", &spring, "transfer.needed", "yes"]).ok();
    eventually(|| odile.pep(&["status", "--json"]).json()["relay"]["state"] == "offline");
    assert_eq!(odile.pep(&["sync", "--once"]).code, 4);
    world.relay.start();
    assert_eq!(odile.pep(&["sync", "--once", "--json"]).json()["inStep"], true);
    assert_eq!(odile.pep(&["status", "--json"]).json()["peps"][0]["waitingChanges"], 0);
    assert!(watching.asked_to_end(), "it should end well when it is asked to");
    assert_eq!(odile.pep(&["status", "--json"]).json()["relay"]["state"], "offline");
}

// Disks that fail, folders that are copied, processes that are killed.

#[test]
fn a_lost_or_damaged_store_is_built_again_from_the_journal() {
    let world = World::new();
    let odile = world.join("odile", ODILE);
    let spring = world.spring(&odile);
    odile.pep(&["write", &spring, "care.story", "He cooks on Sundays."]).ok();
    let before = odile.show(&spring);

    fs::remove_dir_all(odile.path.join("sled")).unwrap();
    assert_eq!(odile.show(&spring), before);
    for at in [100, 4_000, 40_000] {
        flip(&odile.path.join("sled/db"), at);
        assert_eq!(odile.show(&spring), before, "after a flipped bit at {at}");
    }
    let db = odile.path.join("sled/db");
    let whole = fs::read(&db).unwrap();
    fs::write(&db, &whole[..whole.len() / 3]).unwrap();
    assert_eq!(odile.show(&spring), before);
    odile.pep(&["sync"]).ok();
    assert_eq!(world.relay.heads(&spring), before["heads"]);
}

#[test]
fn a_journal_that_was_cut_or_damaged_is_said_and_made_whole_by_the_relay() {
    let world = World::new();
    let odile = world.join("odile", ODILE);
    let spring = world.spring(&odile);
    for i in 0..8 {
        odile.pep(&["write", &spring, "care.story", "--append", &format!("Line {i}.")]).ok();
    }
    odile.pep(&["sync"]).ok();
    let before = odile.show(&spring);
    let journal = odile.path.join("journal/00000001.seg");
    let whole = fs::read(&journal).unwrap();

    // A few bytes, and a third: even what was once said to be saved comes back, for it was shared.
    for cut in [whole.len() - 7, whole.len() * 2 / 3] {
        fs::write(&journal, &whole[..cut]).unwrap();
        let said = odile.pep(&["list"]);
        assert!(said.code == 0 && said.err.contains("were never finished"), "{}", said.err);
        odile.pep(&["sync"]).ok();
        assert_eq!(odile.show(&spring)["answers"], before["answers"]);
        odile.pep(&["set", &spring, "transfer.needed", "yes"]).ok();
        odile.pep(&["set", &spring, "transfer.needed", "--clear"]).ok();
        odile.pep(&["sync"]).ok();
        assert_eq!(world.relay.heads(&spring), odile.show(&spring)["heads"]);
    }

    flip(&journal, fs::read(&journal).unwrap().len() / 2);
    // The store has read past the place; without it the journal is read from its start.
    fs::remove_dir_all(odile.path.join("sled")).unwrap();
    let said = odile.pep(&["sync"]);
    assert!(said.code == 0 && said.err.contains("The disk has damaged the journal"), "{} {}", said.code, said.err);
    assert_eq!(odile.show(&spring)["answers"], before["answers"]);
    odile.pep(&["write", &spring, "care.story", "--append", "And on."]).ok();
    odile.pep(&["sync"]).ok();
    assert_eq!(world.relay.heads(&spring), odile.show(&spring)["heads"]);
}

#[test]
fn a_full_disk_is_said_and_loses_nothing() {
    let world = World::new();
    let odile = world.join("odile", ODILE);
    let spring = world.spring(&odile);
    odile.pep(&["write", &spring, "care.story", "He cooks on Sundays."]).ok();
    let before = odile.show(&spring);
    // A limit on the size of files, a little over the journal's, stands for the end of the disk.
    let journal = fs::metadata(odile.path.join("journal/00000001.seg")).unwrap().len();
    let long: String = (0..3_000).map(|n| format!("{} ", n * 7_919 % 10_007)).collect();
    let mut command = Command::new("sh");
    command.args(["-c", "trap '' XFSZ; ulimit -f \"$1\"; shift; exec \"$@\"", "sh", &(journal / 512 + 2).to_string()]);
    command.arg(env!("CARGO_BIN_EXE_pep")).arg("--home").arg(&odile.path);
    let full = said(command.args(["write", &spring, "care.story", &long]).output().unwrap());
    assert!(full.code == 1 && full.err.contains("disk is full"), "{} {}", full.code, full.err);
    assert_eq!(odile.show(&spring), before);
    odile.pep(&["write", &spring, "care.story", "--append", "He settled quickly."]).ok();
    odile.pep(&["sync"]).ok();
    assert_eq!(world.relay.heads(&spring), odile.show(&spring)["heads"]);
}

#[test]
fn a_copied_folder_never_uses_a_number_twice() {
    let world = World::new();
    let odile = world.join("odile", ODILE);
    let spring = world.spring(&odile);
    odile.pep(&["write", &spring, "care.story", "Before the copy."]).ok();
    odile.pep(&["sync"]).ok();
    odile.pep(&["write", &spring, "care.story", "--append", "Not shared before the copy."]).ok();
    let copy = Home { path: world.dir.path().join("copy") };
    assert!(Command::new("cp").arg("-a").args([&odile.path, &copy.path]).status().unwrap().success());

    for round in 0..3 {
        for (name, home) in [("original", &odile), ("copy", &copy)] {
            home.pep(&["write", &spring, "care.story", "--append", &format!("Round {round} of the {name}.")]).ok();
        }
        let (ours, theirs) = (numbers(&odile, &spring), numbers(&copy, &spring));
        for (number, hash) in &ours {
            assert!(theirs.get(number).is_none_or(|other| other == hash), "round {round} used a number twice");
        }
        for home in [&copy, &odile, &copy] {
            assert_eq!(home.pep(&["sync", "--json"]).json()["inStep"], true);
        }
    }
    let story = odile.show(&spring)["answers"]["care.story"].as_str().unwrap_or_default().to_string();
    for round in 0..3 {
        for name in ["original", "copy"] {
            assert_eq!(story.matches(&format!("Round {round} of the {name}.")).count(), 1, "{story}");
        }
    }
    assert_eq!(story.matches("Not shared before the copy.").count(), 1, "{story}");
    assert_eq!(odile.show(&spring), copy.show(&spring));
    assert_eq!(world.relay.heads(&spring), odile.show(&spring)["heads"]);
    assert_eq!(odile.pep(&["held", "--json"]).json(), Value::Array(Vec::new()));
    // A number used twice would have been refused and held.
    assert_eq!(world.relay.run(&["held", "list", "--json"]).json(), Value::Array(Vec::new()));
}

#[test]
fn nothing_that_was_said_to_be_saved_is_lost_when_the_program_is_killed() {
    let world = World::new();
    let odile = world.join("odile", ODILE);
    let spring = world.spring(&odile);
    let mut saved = Vec::new();
    for round in 0..30_u64 {
        let line = format!("Line {round}.");
        let mut child = odile.command(&["write", &spring, "care.story", "--append", &line]).spawn().unwrap();
        // Killed at another moment each round; what it had said by then counts.
        let until = Instant::now() + Duration::from_millis(round * 7 % 100);
        let ended = loop {
            match child.try_wait().unwrap() {
                None if Instant::now() < until => std::thread::yield_now(),
                ended => break ended,
            }
        };
        let _ = child.kill();
        if ended.or(child.wait().ok()).is_some_and(|status| status.success()) {
            saved.push(line);
        }
    }
    odile.pep(&["write", &spring, "care.story", "--append", "The last line."]).ok();
    saved.push("The last line.".into());
    let story = odile.show(&spring)["answers"]["care.story"].as_str().unwrap_or_default().to_string();
    for line in &saved {
        assert_eq!(story.lines().filter(|l| l == line).count(), 1, "{line} in {story}");
    }
    odile.pep(&["sync"]).ok();
    assert_eq!(world.relay.heads(&spring), odile.show(&spring)["heads"]);
    assert!(odile.pep(&["doctor", "--json"]).json()["findings"] == 0);
}

#[test]
fn what_the_directory_knows_is_filled_in_by_whose_it_is_and_another_answer_stands_beside_it() {
    let world = World::new();
    let (odile, ottoline) = (world.join("odile", ODILE), world.join("ottoline", OTTOLINE));
    let new =
        |who: &Home| who.pep(&["new", "Idris Fennimoor", "--term", "2025/26-spring", "--type", "initial", "--json"]);
    let spring = new(&odile).json()["pep"].as_str().unwrap().to_owned();
    odile.pep(&["sync"]).ok();
    ottoline.pep(&["sync"]).ok();
    // The teacher fills in who the teacher is, and nothing of the social worker's.
    assert_eq!(new(&ottoline).json()["filledIn"], serde_json::json!(["settingPeople.designatedTeacher"]));
    assert_eq!(new(&ottoline).json()["filledIn"], serde_json::json!([]));
    assert!(odile.pep(&["show", &spring, "--field", "child.legalName"]).ok().contains("From the directory"));

    odile.pep(&["set", &spring, "child.legalName", "Idris Jolyon Fennimoor"]).ok();
    let shown = odile.pep(&["show", &spring, "--field", "child.legalName"]).ok();
    assert!(
        shown.contains("Idris Jolyon Fennimoor") && shown.contains("The directory says Idris Fennimoor."),
        "{shown}"
    );
    assert!(shown.contains("the Virtual School can correct the directory"), "{shown}");
    let plan = odile.show(&spring);
    let differs = serde_json::json!([
        { "field": "child.legalName", "plan": "Idris Jolyon Fennimoor", "directory": "Idris Fennimoor" },
    ]);
    assert_eq!(plan["directoryDiffers"], differs);
    assert_eq!(plan["provenance"].get("child.legalName"), None);
}

// The demonstration.

#[test]
fn the_demonstration_ends_as_it_should() {
    let said = pep(&["demo", "--check"]);
    assert_eq!(said.code, 0, "{}{}", said.out, said.err);
    for words in [
        "Ottoline brings the English scores.",
        "Odile met Idris and Carys before the meeting.",
        "funding.tuition",
        "two people settled it apart, and it is open again",
        " ms]",
    ] {
        assert!(said.out.contains(words), "{words:?} is not in\n{}", said.out);
    }
    let dir = temporary();
    fs::write(dir.path().join("something"), "").unwrap();
    let full = pep(&["demo", "--check", "--dir", text(dir.path())]);
    assert!(full.code == 1 && full.err.contains("is not empty"), "{}", full.err);
}

#[test]
fn r000_30_the_demonstration_loads_a_sample_child_whose_plan_comes_out_signed_off() {
    let plans = pep(&["demo", "--check", "--child", "wren", "--json"]).json();
    let plans: Vec<_> = plans.as_array().unwrap().iter().map(|plan| (&plan["child"], &plan["state"])).collect();
    assert_eq!(plans, [(&"Wren Tapplestone, 2025/26-autumn".into(), &"signed-off".into())]);
    assert_eq!(pep(&["demo", "--child", "nobody"]).code, 2);
}

#[test]
fn the_demonstration_goes_on_until_it_is_asked_to_end() {
    let dir = temporary();
    let place = dir.path().join("demo");
    let mut command = Command::new(env!("CARGO_BIN_EXE_pep"));
    command.args(["demo", "--dir", text(&place)]).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null());
    let mut demo = Ended(command.spawn().unwrap());
    let lines = BufReader::new(demo.0.stdout.take().unwrap()).lines().map_while(Result::ok);
    let said: Vec<String> = lines.take_while(|line| !line.contains("ctrl-c ends")).collect();
    assert!(said.iter().any(|line| line.contains("The relay listens at wss://127.0.0.1:")), "{said:?}");
    let (odile, ottoline) = (Home { path: place.join("odile") }, Home { path: place.join("ottoline") });
    // An address for each of three people, each of whom is taken to the meeting.
    let links: Vec<&String> = said.iter().filter(|line| line.contains("/enter?key=")).collect();
    let spring = links[0].split("/pep/").nth(1).unwrap().split('/').next().unwrap().to_owned();
    assert!(links.len() == 3 && links.iter().all(|link| link.ends_with(&format!("&to=/pep/{spring}/meeting/live"))));
    odile.pep(&["write", &spring, "meeting.notes", "--append", "Idris would like to show his cooking."]).ok();
    eventually(|| ottoline.show(&spring)["answers"]["meeting.notes"].to_string().contains("his cooking"));
    assert!(demo.end_politely(), "it should end well when it is asked to");
    // Its parts have ended with it: the folder is free, and the relay does not answer.
    assert_eq!(odile.pep(&["sync"]).code, 4);
}

// Helpers.

const ODILE: (&str, &str) = ("Odile Marrowfield", "social-worker");
const OTTOLINE: (&str, &str) = ("Ottoline Greaves-Penn", "designated-teacher");
const LORCAN: (&str, &str) = ("Lorcan Tidewell", "virtual-school-officer");
const IDRIS: (&str, &str) = ("Idris Fennimoor", "young-person");

/// Longest that something which must come may take.
const PATIENCE: Duration = Duration::from_secs(60);

/// A relay with one child, and folders for participants.
struct World {
    dir: TempDir,
    relay: Relay,
    child: String,
}

struct Relay {
    data: PathBuf,
    url: String,
    process: Option<Ended>,
}

/// A participant's folder.
struct Home {
    path: PathBuf,
}

/// A participant's `pep sync --watch`; killed when dropped.
struct Watching(Ended);

/// A process that does not outlive its test.
struct Ended(Child);

struct Said {
    code: u8,
    out: String,
    err: String,
}

impl World {
    fn new() -> World {
        World::in_folder(temporary())
    }

    /// With a plain line between the relay and its participants.
    fn plain() -> World {
        let dir = temporary();
        fs::create_dir(dir.path().join("relay")).unwrap();
        fs::write(dir.path().join("relay/config.toml"), "tls = \"off\"\n").unwrap();
        World::in_folder(dir)
    }

    fn in_folder(dir: TempDir) -> World {
        let mut relay = Relay { data: dir.path().join("relay"), url: String::new(), process: None };
        relay.start();
        let child =
            relay.run(&["children", "add", "--name", "Idris Fennimoor", "--dob", "2010-11-02", "--json"]).json();
        let child = child["child"].as_str().unwrap_or_default().to_string();
        World { dir, relay, child }
    }

    fn home(&self, name: &str) -> Home {
        Home { path: self.dir.path().join(name) }
    }

    fn join(&self, name: &str, person: (&str, &str)) -> Home {
        let home = self.home(name);
        home.pep(&["join", &self.relay.invite(person, &self.child)]).ok();
        home
    }

    /// The spring review, with the date of birth that decides which form it is.
    fn spring(&self, who: &Home) -> String {
        let made =
            who.pep(&["new", "Idris Fennimoor", "--term", "2025/26-spring", "--type", "review", "--json"]).json();
        let pep = made["pep"].as_str().unwrap_or_default().to_string();
        who.pep(&["set", &pep, "child.dob", "2010-11-02"]).ok();
        pep
    }
}

impl Relay {
    /// Starts it, at the port it had before if it had one.
    fn start(&mut self) {
        let listen = self.url.strip_prefix("wss://").unwrap_or("127.0.0.1:0").to_string();
        let mut command = Command::new(env!("CARGO_BIN_EXE_pep"));
        command.args(["relay", "serve", "--listen", &listen, "--data"]).arg(&self.data);
        let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        self.process = Some(Ended(child));
        self.url = line.trim().strip_prefix("ready ").expect("the relay should say that it is ready").to_string();
    }

    fn stop(&mut self) {
        self.process = None;
    }

    fn run(&self, words: &[&str]) -> Said {
        let mut command = Command::new(env!("CARGO_BIN_EXE_pep"));
        command.arg("relay").args(words).arg("--data").arg(&self.data);
        let said = said(command.output().unwrap());
        schemas::look(true, words, &said);
        said
    }

    fn invite(&self, (name, role): (&str, &str), child: &str) -> String {
        let team = self.run(&["teams", "list", child, "--json"]).json();
        if team.as_array().is_some_and(|team| team.iter().any(|member| member["name"] == name)) {
            return self.run(&["invite", "--name", name, "--role", role, "--child", child]).ok().trim().to_string();
        }
        let made = self.run(&["invite", "--name", name, "--role", role, "--json"]).json();
        let person = made["person"].as_str().unwrap_or_default();
        // On the team since the school year began, so that stories can end it before today.
        self.run(&["teams", "add", child, person, "--role", role, "--from", "2025-09-01"]).ok();
        made["link"].as_str().unwrap_or_default().to_string()
    }

    /// Heads of a plan's main document, and that everything at the relay is whole.
    fn heads(&self, pep: &str) -> Value {
        let checked = self.run(&["check", "--json"]).json();
        let documents = checked["documents"].as_array().cloned().unwrap_or_default();
        let main = documents.into_iter().find(|d| d["pep"] == pep && d["kind"] == "main");
        main.map(|d| d["heads"].clone()).unwrap_or_default()
    }
}

impl Home {
    fn command(&self, words: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_pep"));
        command.arg("--home").arg(&self.path).args(words);
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        command
    }

    fn pep(&self, words: &[&str]) -> Said {
        let said = said(self.command(words).stdout(Stdio::piped()).stderr(Stdio::piped()).output().unwrap());
        schemas::look(false, words, &said);
        said
    }

    fn pep_with(&self, words: &[&str], input: &str) -> Said {
        let mut command = self.command(words);
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
        let said = said(child.wait_with_output().unwrap());
        schemas::look(false, words, &said);
        said
    }

    fn show(&self, pep: &str) -> Value {
        self.pep(&["show", pep, "--json"]).json()
    }
}

impl Watching {
    fn start(home: &Home) -> Watching {
        Watching::of(home.command(&["sync", "--watch"]))
    }

    fn of(mut command: Command) -> Watching {
        let mut child = command.stderr(Stdio::piped()).spawn().unwrap();
        let mut line = String::new();
        // It says so once it has the folder and listens for other commands.
        BufReader::new(child.stderr.take().unwrap()).read_line(&mut line).unwrap();
        assert!(line.contains("Keeping in step"), "{line}");
        Watching(Ended(child))
    }

    /// Whether it ends with 0 when the system asks it to.
    fn asked_to_end(mut self) -> bool {
        self.0.end_politely()
    }
}

impl Ended {
    fn end_politely(&mut self) -> bool {
        let asked = Command::new("kill").args(["-TERM", &self.0.id().to_string()]).status().unwrap();
        asked.success() && self.0.wait().unwrap().success()
    }
}

impl Drop for Ended {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

impl Said {
    /// Standard output of what must have succeeded.
    fn ok(self) -> String {
        assert_eq!(self.code, 0, "{}\n{}", self.out, self.err);
        self.out
    }

    /// The same as the one JSON document.
    fn json(self) -> Value {
        let out = self.ok();
        serde_json::from_str(&out).unwrap_or_else(|e| panic!("{e}: {out}"))
    }
}

fn pep(words: &[&str]) -> Said {
    let said = said(Command::new(env!("CARGO_BIN_EXE_pep")).args(words).stdin(Stdio::null()).output().unwrap());
    schemas::look(false, words, &said);
    said
}

fn said(output: Output) -> Said {
    Said {
        code: output.status.code().and_then(|code| u8::try_from(code).ok()).unwrap_or(255),
        out: String::from_utf8(output.stdout).unwrap(),
        err: String::from_utf8(output.stderr).unwrap(),
    }
}

fn temporary() -> TempDir {
    tempfile::Builder::new().prefix("pep-test-").tempdir().unwrap()
}

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

/// Asks again until it is so. Each asking runs a program, which is pause enough.
fn eventually(so: impl Fn() -> bool) {
    let started = Instant::now();
    while !so() {
        assert!(started.elapsed() < PATIENCE, "it did not come");
    }
}

/// The changes of a plan on a device: hash by author and number.
fn numbers(home: &Home, pep: &str) -> BTreeMap<(String, u64), String> {
    let file = home.path.join("exported");
    home.pep(&["export", pep, "--format", "automerge", "-o", text(&file)]).ok();
    let document = plan::load(&fs::read(file).unwrap()).unwrap();
    let changes = document.get_changes_meta(&[]).into_iter();
    changes.map(|c| ((c.actor.to_string(), c.seq), c.hash.to_string())).collect()
}

fn flip(file: &Path, at: usize) {
    let mut bytes = fs::read(file).unwrap();
    let at = at.min(bytes.len() - 1);
    bytes[at] ^= 0x10;
    fs::write(file, bytes).unwrap();
}

/// Two PEPs of a child whose ids begin with the same four characters.
fn alike(child: &str) -> (Pep, Pep) {
    let (child, process) = (child.parse().unwrap(), Processes::built_in().latest("sections").unwrap());
    let mut seen = BTreeMap::new();
    let years = (1_950..2_150).map(AcademicYear);
    let all = years.flat_map(|year| {
        Term::ALL.iter().flat_map(move |term| PepType::ALL.iter().map(move |kind| (year, *term, *kind)))
    });
    for (year, term, kind) in all {
        let pep = Pep { child, year, term, kind, process: process.clone(), filed: plan::Filed::default() };
        if let Some(other) = seen.insert(pep.id().to_string()[..4].to_string(), pep.clone()) {
            return (other, pep);
        }
    }
    panic!("three thousand ids without two alike")
}
