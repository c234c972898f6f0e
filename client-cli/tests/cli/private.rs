//! `pep private`: the child chooses who sees their private words.

use serde_json::{Value, json};

use crate::{Home, ODILE, OTTOLINE, World};

const PRIVATE: &str = "voice.keepPrivate";

/// The spring plan with Idris, Odile, Ottoline and Carys, each in step.
fn team() -> (World, String, [Home; 4]) {
    let world = World::new();
    let odile = world.join("odile", ODILE);
    let spring = world.spring(&odile);
    odile.pep(&["sync"]).ok();
    let idris = world.join("idris", ("Idris Fennimoor", "young-person"));
    let ottoline = world.join("ottoline", OTTOLINE);
    let carys = world.join("carys", ("Carys Wexcombe", "carer"));
    let people = [idris, odile, ottoline, carys];
    people.iter().for_each(synced);
    (world, spring, people)
}

fn synced(who: &Home) {
    let said = who.pep(&["sync", "--json"]).json();
    assert_eq!(said["inStep"], true, "{said}");
}

fn sees(who: &Home, pep: &str) -> Value {
    who.show(pep)["answers"][PRIVATE]
        .as_array()
        .map_or(Value::Null, |entries| entries.iter().map(|entry| entry["text"].clone()).collect())
}

fn readers(who: &Home, pep: &str) -> Value {
    who.pep(&["private", pep, "--json"]).json()
}

#[test]
fn a_child_chooses_without_a_connection_and_nothing_is_shared_before_the_relay_knows() {
    let (_world, spring, [idris, odile, ottoline, carys]) = team();
    let shown = idris.pep(&["private", &spring]).ok();
    assert!(shown.contains("social worker, designated teacher, Virtual School officer"), "{shown}");
    idris.pep(&["write", &spring, PRIVATE, "A note for Odile only."]).ok();
    let said = idris.pep(&["private", &spring, "--readers", "social-worker"]);
    assert!(
        said.err.contains("The relay does not know it yet") && said.err.contains("cannot be called back"),
        "{}",
        said.err
    );
    assert!(said.ok().contains("seen by: social worker, young person."));
    assert_eq!(readers(&idris, &spring)["waits"], true);

    synced(&idris);
    assert_eq!(
        readers(&idris, &spring),
        json!({
            "pep": spring, "readers": ["social-worker", "young-person"], "waits": false, "unshared": []
        })
    );
    for who in [&odile, &ottoline, &carys] {
        synced(who);
    }
    assert_eq!(sees(&odile, &spring), json!(["A note for Odile only."]));
    assert_eq!(readers(&odile, &spring)["readers"], json!(["social-worker", "young-person"]));
    for who in [&ottoline, &carys] {
        assert_eq!((sees(who, &spring), &readers(who, &spring)["readers"]), (Value::Null, &json!([])));
        let said = who.pep(&["show", &spring, "--field", PRIVATE]);
        assert!(said.code == 3 && said.err.contains("The young person chooses who sees it"), "{}", said.err);
        assert!(!who.show(&spring).to_string().contains("note for Odile"));
        assert_eq!(who.pep(&["private", &spring, "--readers", "carer"]).code, 3);
        assert_eq!(who.pep(&["write", &spring, PRIVATE, "Hers."]).code, 3);
    }
    // Odile would have Carys see it as well: it was his choice. He makes it; then he takes it back.
    let refused = odile.pep(&["private", &spring, "--readers", "social-worker,carer"]);
    assert!(refused.code == 3 && refused.err.contains("Only they change that"), "{}", refused.err);
    idris.pep(&["private", &spring, "--readers", "social-worker,carer"]).ok();
    synced(&idris);
    synced(&carys);
    assert_eq!(sees(&carys, &spring), json!(["A note for Odile only."]));
    synced(&idris);
    idris.pep(&["private", &spring, "--readers", "social-worker"]).ok();
    synced(&idris);
    let said = carys.pep(&["sync"]);
    assert!(said.err.contains("you are not among them"), "{}", said.err);
    assert_eq!((sees(&carys, &spring), sees(&ottoline, &spring)), (Value::Null, Value::Null));
    // And gives it again.
    idris.pep(&["private", &spring, "--readers", "social-worker,carer"]).ok();
    synced(&idris);
    synced(&carys);
    assert_eq!(sees(&carys, &spring), json!(["A note for Odile only."]));
    for no in ["professional", "young-person", "headteacher"] {
        assert_eq!(idris.pep(&["private", &spring, "--readers", no]).code, 2, "{no}");
    }
}

#[test]
fn whoever_writes_down_for_a_child_what_others_are_to_see_hands_it_in_and_keeps_no_copy() {
    let (_world, spring, [idris, odile, ottoline, carys]) = team();
    // In the school hall, without a connection: what he says is for Odile, and not for his teacher who writes it down.
    ottoline.pep(&["write", &spring, PRIVATE, "Idris says: may I see my sister?"]).ok();
    ottoline.pep(&["private", &spring, "--readers", "social-worker"]).ok();
    assert_eq!(sees(&ottoline, &spring), json!(["Idris says: may I see my sister?"]));
    synced(&ottoline);
    assert_eq!((sees(&ottoline, &spring), &readers(&ottoline, &spring)["unshared"]), (Value::Null, &json!([])));
    for who in [&odile, &idris, &carys] {
        synced(who);
    }
    let said = json!(["Idris says: may I see my sister?"]);
    assert_eq!(
        (sees(&odile, &spring), sees(&idris, &spring), sees(&carys, &spring)),
        (said.clone(), said, Value::Null)
    );
}

#[test]
fn what_somebody_wrote_and_could_not_share_before_the_child_chose_others_is_kept_for_them() {
    let (_world, spring, [idris, odile, ottoline, _]) = team();
    ottoline.pep(&["write", &spring, PRIVATE, "He told me on Monday that he sleeps badly."]).ok();
    idris.pep(&["private", &spring, "--readers", "social-worker"]).ok();
    synced(&idris);
    let said = ottoline.pep(&["sync"]);
    assert!(said.err.contains("is kept for you"), "{}", said.err);
    synced(&odile);
    assert_eq!((sees(&odile, &spring), sees(&ottoline, &spring)), (Value::Null, Value::Null));
    let kept = json!([{ "field": PRIVATE, "text": "He told me on Monday that he sleeps badly." }]);
    assert_eq!(readers(&ottoline, &spring)["unshared"], kept);
    assert!(ottoline.pep(&["private", &spring]).ok().contains("sleeps badly"));
}
