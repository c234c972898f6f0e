//! Forms of something new, sent again from a page that somebody went back to: what was typed and what stands are on the page, and what
//! is then sent is written.

use crate::prelude::*;

#[test]
fn a_new_row_sent_again_shows_what_stands_and_what_was_typed_and_is_then_written() {
    let (device, pep) = Device::idris(Role::DesignatedTeacher);
    let target = Uuid::from_u128(7).to_string();
    let fields = plan::Cells::from([("area".to_owned(), Some(Value::Text("Ratio".into())))]);
    device.edit(&pep, Edit::PutTarget { key: target.clone(), fields });
    let funds = format!("targets.list/{target}/funds");
    let new = at(&pep, &format!("/targets/{target}/funds/new"));
    let html = device.page(&new);
    let (stamp, key) = (hidden(&html, "made-from"), hidden(&html, "row"));
    let first = [("row", key.as_str()), ("unitCost", "7"), ("quantity", "2")];
    let saved = device.send(&new, &stamp, &first);
    assert_eq!(device.send(&new, &stamp, &first), saved);
    let row = || pages::model::Plan::rows(&device.view(&pep), &funds).first().unwrap().to_json();
    let stored = row()["key"].as_str().unwrap().to_owned();
    let put = |cells: plan::Cells| {
        device.edit(&pep, Edit::PutRow { question: funds.clone(), key: stored.clone(), cells });
    };
    put(plan::Cells::from([
        ("unitCost".to_owned(), Some(Value::Money(50_000))),
        ("item".to_owned(), Some(Value::Text("by other".into()))),
    ]));
    let other = row();
    // The quantity is cleared, and that is no less a change than another cost.
    let again = [("row", key.as_str()), ("unitCost", "9"), ("quantity", ""), ("item", "")];
    let html = device.wrong(&new, &stamp, &again);
    let says = errors(&html);
    assert!(says[0].contains("while you had this page open") && says[1].contains("“by other”"), "{says:?}");
    assert!(html.contains("value=\"9\"") && html.contains("value=\"by other\""), "{html}");
    assert_eq!(row(), other);
    // Once told, what is sent is written, unless it is otherwise once more.
    let met = hidden(&html, "met");
    let told = [("row", key.as_str()), ("met", &met), ("unitCost", "9"), ("quantity", ""), ("item", "by other")];
    put(plan::Cells::from([("item".to_owned(), Some(Value::Text("by another".into())))]));
    let html = device.wrong(&new, &stamp, &told);
    assert!(errors(&html)[1].contains("“by another”"), "{html}");
    let met = hidden(&html, "met");
    let told = [("row", key.as_str()), ("met", &met), ("unitCost", "9"), ("quantity", ""), ("item", "by other")];
    assert_eq!(device.send(&new, &stamp, &told), saved);
    let now = row();
    assert_eq!((&now["unitCost"], &now["item"], now.get("quantity")), (&"9.00".into(), &"by other".into(), None));
    // Withdrawn by somebody: it stays so, until whoever sends it is told and sends it again.
    device.edit(&pep, Edit::WithdrawRow { question: funds.clone(), key: stored.clone() });
    let say = |met: &str| vec![("row", key.clone()), ("met", met.to_owned()), ("unitCost", "10".to_owned())];
    let ask = |fields: Vec<(&str, String)>| {
        let fields: Vec<_> = fields.iter().map(|(name, value)| (*name, value.as_str())).collect();
        device.ask(&new, Some(&form(&stamp, &fields)))
    };
    let Sent::Page { html, .. } = ask(say(&met)) else { panic!("brought back") };
    assert!(errors(&html)[0].contains("was withdrawn while") && html.contains("Save and bring back"), "{html}");
    assert_eq!(row()["withdrawn"], true);
    assert!(matches!(ask(say(&hidden(&html, "met"))), Sent::Go(_)));
    assert_eq!((row().get("withdrawn"), &row()["unitCost"]), (None, &"10.00".into()));
}

#[test]
fn a_new_target_sent_again_runs_no_texts_together_and_is_written_once_it_was_told() {
    let (device, pep) = Device::idris(Role::DesignatedTeacher);
    let new = at(&pep, "/targets/new");
    let html = device.page(&new);
    let (stamp, key) = (hidden(&html, "made-from"), hidden(&html, "target"));
    let say = |words: &'static str| {
        vec![("target", key.clone()), ("category", "academic".into()), ("statement", words.into())]
    };
    let lent = |fields: &[(&'static str, String)]| -> String {
        form(&stamp, &fields.iter().map(|(name, value)| (*name, value.as_str())).collect::<Vec<_>>())
    };
    let ask = |fields: &[(&'static str, String)]| device.ask(&new, Some(&lent(fields)));
    assert!(matches!(ask(&say("first")), Sent::Go(_)));
    device.edit(
        &pep,
        Edit::Rewrite { question: format!("targets.list/{key}/statement"), text: "a colleague wrote this".into() },
    );
    let statement = || device.view(&pep).targets[0].to_json()["statement"].clone();
    let Sent::Page { html, .. } = ask(&say("first, with a correction")) else { panic!("written over") };
    assert!(errors(&html)[1].contains("“a colleague wrote this” now"), "{html}");
    assert!(html.contains("first, with a correction</textarea>") && !html.contains("data-live="), "{html}");
    assert_eq!(statement(), "a colleague wrote this");
    let mut told = say("first, with a correction");
    told.push(("met", hidden(&html, "met")));
    assert!(matches!(ask(&told), Sent::Go(_)));
    assert_eq!((statement(), device.view(&pep).targets.len()), ("first, with a correction".into(), 1));
}

#[test]
fn who_signs_again_with_other_words_is_told_and_signs_with_them_by_the_page_that_says_so() {
    let (device, pep) = Device::idris(Role::Carer);
    let here = at(&pep, "/sign-off");
    let html = device.page(&here);
    let (stamp, key) = (hidden(&html, "made-from"), hidden(&html, "key"));
    let day = [("on-day", "14"), ("on-month", "1"), ("on-year", "2025")];
    let say = |comment: &'static str, key: &str| -> Vec<(String, String)> {
        let all =
            day.iter().copied().chain([("comment", comment)]).map(|(name, value)| (name.to_owned(), value.to_owned()));
        all.chain([("key".to_owned(), key.to_owned())]).collect()
    };
    let ask = |stamp: &str, fields: &[(String, String)]| {
        let fields: Vec<_> = fields.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        device.ask(&here, Some(&form(stamp, &fields)))
    };
    assert!(matches!(ask(&stamp, &say("one", &key)), Sent::Go(_)));
    let Sent::Page { status, html } = ask(&stamp, &say("two", &key)) else { panic!("signed") };
    assert_eq!(status, 200);
    assert!(
        errors(&html)[0].starts_with("You have signed already, on 14 January 2025") && html.contains("two</textarea>")
    );
    assert!(matches!(ask(&hidden(&html, "made-from"), &say("two", &hidden(&html, "key"))), Sent::Go(_)));
    let said: Vec<_> = device.view(&pep).sign_offs.iter().map(|made| made.comment.clone().unwrap()).collect();
    assert!(said.len() == 2 && said.contains(&"one".into()) && said.contains(&"two".into()), "{said:?}");
}
