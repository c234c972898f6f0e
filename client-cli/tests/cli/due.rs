//! What is due of each child, with or without a plan, and the directory's facts and days that it follows from.

use super::*;

const MARGUERITE: (&str, &str) = ("Marguerite Oakhollow", "virtual-school-head");

fn today() -> chrono::NaiveDate {
    chrono::Utc::now().date_naive()
}

fn ago(days: i64) -> String {
    (today() - chrono::Duration::days(days)).to_string()
}

/// A second child, who came into care as an emergency and with whom nobody works.
fn wren(world: &World) -> String {
    let add = ["children", "add", "--name", "Wren Tapplestone", "--dob", "2016-03-14", "--emergency", "--json"];
    let since = ago(40);
    let made = world.relay.run(&[&add[..], &["--looked-after-since", &since]].concat()).json();
    made["child"].as_str().unwrap_or_default().to_owned()
}

fn head(world: &World) -> Home {
    let home = world.home("marguerite");
    let link = world.relay.run(&["invite", "--name", MARGUERITE.0, "--role", MARGUERITE.1]).ok();
    home.pep(&["join", link.trim()]).ok();
    home.pep(&["sync", "--once"]).ok();
    home
}

fn of(home: &Home, child: &str) -> Value {
    let due = home.pep(&["due", child, "--json"]).json();
    assert_eq!(due.as_array().map(Vec::len), Some(1), "{due}");
    due[0].clone()
}

#[test]
fn a_child_without_a_plan_and_without_a_team_stands_first_on_the_heads_lists() {
    let world = World::new();
    let wren = wren(&world);
    let head = head(&world);
    let due = head.pep(&["due", "--json"]).json();
    assert_eq!((&due[0]["child"], &due[0]["currency"]), (&Value::from(wren.as_str()), &"never".into()), "{due}");
    let duty = &due[0]["duties"][0];
    assert_eq!((&duty["state"], &duty["type"]), (&"running".into(), &"initial".into()));
    assert!(duty["by"].as_str().is_some_and(|by| by < today().to_string().as_str()), "{duty}");
    assert!(duty.get("pep").is_none() && duty.get("doneOn").is_none());
    let lacks = due[0]["lacks"].to_string();
    assert!(lacks.contains("No social worker") && lacks.contains("No designated teacher"), "{lacks}");
    let listed = head.pep(&["list", "--due", "--json"]).json();
    assert_eq!((&listed[0]["child"], &listed[0]["pep"]), (&Value::from(wren.as_str()), &Value::Null), "{listed}");
    let said = head.pep(&["list", "--due"]).ok();
    assert!(
        said.contains("Wren Tapplestone, no plan yet: never signed off") && said.contains("(overdue by "),
        "{said}"
    );
    assert!(head.pep(&["list"]).ok().contains("No designated teacher is on the team"));
    assert_eq!(head.pep(&["due", "nobody of that name"]).code, 1);
    // Nobody else is told whom a team lacks, and nobody of a child who is not theirs.
    let odile = world.join("odile", ODILE);
    odile.pep(&["sync", "--once"]).ok();
    let theirs = odile.pep(&["due", "--json"]).json();
    assert_eq!((theirs.as_array().map(Vec::len), &theirs[0]["child"]), (Some(1), &Value::from(world.child.as_str())));
    assert!(theirs[0].get("lacks").is_none());
    assert!(
        theirs[0]["duties"][0]["why"].as_str().is_some_and(|why| why.contains("since when the child is looked after"))
    );
}

#[test]
fn r000_03_who_left_care_is_on_no_list_and_only_readers_of_the_family_are_told_why() {
    let world = World::new();
    let (head, odile) = (head(&world), world.join("odile", ODILE));
    let carys = world.join("carys", ("Carys Wexcombe", "carer"));
    let since = ago(400);
    world.relay.run(&["children", "set", &world.child, "--looked-after-since", &since, "--json"]).json();
    let left = ago(2);
    let words = ["--left-care", &left, "--reason", "adoption order", "--placed-for-adoption", &since, "--json"];
    let set = world.relay.run(&[&["children", "set", &world.child], &words[..]].concat()).json();
    assert_eq!((&set["leftCare"], &set["facts"]["left-care"]), (&Value::from(left.as_str()), &"adoption-order".into()));
    for home in [&head, &odile, &carys] {
        home.pep(&["sync", "--once"]).ok();
    }
    for (home, told) in [(&head, true), (&odile, true), (&carys, false)] {
        let due = of(home, "Idris Fennimoor");
        assert_eq!(due["notNeeded"]["since"], left.as_str(), "{due}");
        assert_eq!(due["notNeeded"].to_string().contains("adoption"), told, "{due}");
        assert!(!due["duties"].to_string().contains("\"kind\":\"term\""), "only a closing PEP may be left: {due}");
        assert_eq!(due["duties"].as_array().map(Vec::len), Some(usize::from(told)));
    }
    assert!(!carys.pep(&["child", "show", "Idris Fennimoor", "--json"]).ok().contains("adoption"));
    let new = odile.pep(&["new", "Idris Fennimoor", "--term", "2025/26-spring", "--type", "review"]);
    assert!(new.code == 0 && new.err.contains("no longer due"), "{}", new.err);
    // Taken back, it is due again.
    world.relay.run(&["children", "set", &world.child, "--left-care", "", "--json"]).json();
    odile.pep(&["sync", "--once"]).ok();
    assert!(of(&odile, "Idris Fennimoor").get("notNeeded").is_none());
    for bad in [&["--left-care", "yesterday"][..], &["--from", "2026-01-05"], &[]] {
        assert_ne!(world.relay.run(&[&["children", "set", &world.child], bad].concat()).code, 0, "{bad:?}");
    }
    let school =
        ["children", "set", &world.child, "--school", "Thornfield Bridge Academy", "--from", "2026-01-05", "--json"];
    assert_eq!(world.relay.run(&school).json()["schoolFrom"], "2026-01-05");
}

/// A calendar of the school year that a day is in, with deadlines of its own.
pub fn calendar(schools: &str, deadline: u32) -> String {
    let year = AcademicYear::of(today()).0;
    let next = year + 1;
    let term = |of: &str, first: &str, last: &str, by: &str| {
        format!(
            r#"{{"year": "{}", "term": "{of}", "open": [["{first}", "{last}"]], "completeBy": "{by}"}}"#,
            AcademicYear(year)
        )
    };
    let holidays = |year: u16| {
        let days = ["01-01", "04-03", "04-06", "05-04", "05-25", "08-31", "12-25", "12-28"];
        days.map(|day| format!(r#""{year}-{day}""#)).join(", ")
    };
    format!(
        "{{\"name\": \"Harrowmere\", \"schools\": [{schools}], \"terms\": [\n{},\n{},\n{}],\n\"bankHolidays\": [{}, {}]}}",
        term("autumn", &format!("{year}-09-02"), &format!("{year}-12-18"), &format!("{year}-12-{deadline}")),
        term("spring", &format!("{next}-01-05"), &format!("{next}-03-27"), &format!("{next}-03-{deadline}")),
        term("summer", &format!("{next}-04-13"), &format!("{next}-07-21"), &format!("{next}-06-{deadline}")),
        holidays(year),
        holidays(next)
    )
}

#[test]
fn the_councils_term_dates_are_data_and_a_bad_file_is_refused_with_line_and_reason() {
    let world = World::new();
    let file = world.dir.path().join("calendar.json");
    let path = text(&file).to_owned();
    let write = |text: &str| fs::write(&file, text).unwrap();
    let odile = world.join("odile", ODILE);
    world.relay.run(&["children", "set", &world.child, "--looked-after-since", "2019-06-18"]).ok();
    let days = |home: &Home| {
        home.pep(&["sync", "--once"]).ok();
        let due = of(home, "Idris Fennimoor");
        (due["calendar"].clone(), due["duties"][0]["by"].as_str().unwrap_or_default().to_owned())
    };
    assert_eq!(days(&odile).0, "england-2025");
    let year = AcademicYear::of(today()).0;
    let good = calendar("", 11);
    for (from, to, reason) in [
        (format!("{}-01-05", year + 1), format!("{year}-12-01"), "overlap"),
        (
            format!("\"{year}-09-02\", \"{year}-12-18\""),
            format!("\"{year}-12-18\", \"{year}-09-02\""),
            "ends before it begins",
        ),
        ("\"term\": \"spring\"".to_owned(), "\"term\": \"summer\"".to_owned(), "gap"),
        (format!("{year}-12-11"), format!("{year}-12-30"), "not in that term"),
        ("terms".to_owned(), "term dates".to_owned(), "unknown field"),
    ] {
        write(&good.replacen(&from, &to, 1));
        let checked = world.relay.run(&["calendar", "check", &path, "--json"]);
        assert_eq!(checked.code, 5, "{reason}: {}", checked.out);
        let checked: Value = serde_json::from_str(&checked.out).unwrap();
        assert!(checked["reason"].as_str().is_some_and(|why| why.contains(reason)), "{reason}: {checked}");
        assert!(checked["line"].as_u64().is_some_and(|line| line > 0));
        assert_eq!(world.relay.run(&["calendar", "import", &path]).code, 2, "{reason}");
    }
    assert_eq!(world.relay.run(&["calendar", "show", "--json"]).json(), Value::Array(Vec::new()));
    write(&good);
    world.relay.run(&["calendar", "check", &path, "--json"]).json();
    assert_eq!(world.relay.run(&["calendar", "import", &path, "--json"]).json()["number"], 1);
    let (name, by) = days(&odile);
    assert_eq!(name, "Harrowmere, number 1");
    assert!(by.ends_with("-11"), "{by}");
    // A school that differs.
    write(&calendar("\"Thornfield Bridge Academy\"", 15));
    assert_eq!(world.relay.run(&["calendar", "import", &path, "--json"]).json()["number"], 2);
    assert!(days(&odile).1.ends_with("-11"));
    world.relay.run(&["children", "set", &world.child, "--school", "Thornfield Bridge Academy"]).ok();
    let (name, by) = days(&odile);
    assert!(name == "Harrowmere, number 2" && by.ends_with("-15"), "{name} {by}");
    let shown = world.relay.run(&["calendar", "show", "--json"]).json();
    assert_eq!((&shown[0]["number"], &shown[1]["schools"][0]), (&1.into(), &"Thornfield Bridge Academy".into()));
    // A plan counts by them too, also after the program was started anew.
    let pep = odile
        .pep(&["new", "Idris Fennimoor", "--term", &format!("{}-summer", AcademicYear(year)), "--type", "review"])
        .ok();
    let shown = odile.pep(&["show", pep.trim()]).ok();
    assert!(shown.contains("15 June") && shown.contains("calendar: Harrowmere, number 2"), "{shown}");
}
