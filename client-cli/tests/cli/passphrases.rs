//! A device that is locked with a passphrase, and one that is not.

use std::{fs, process::Stdio};

use super::{
    ODILE, OTTOLINE, Watching, World,
    pages::{Browser, Open},
    text,
};

const RIGHT: &str = "copper kettle Thursday";

#[test]
fn a_device_is_locked_with_a_passphrase_and_a_wrong_one_opens_nothing() {
    let world = World::new();
    let odile = world.join("odile", ODILE);
    let pep = world.spring(&odile);
    odile.pep(&["write", &pep, "care.story", "Settled in."]).ok();
    // Without one, nothing asks, and it is said what that means.
    let status = odile.pep(&["status"]);
    assert!(status.code == 0 && status.err.contains("pep passphrase set"), "{}", status.err);
    assert_eq!(odile.pep(&["status", "--json"]).json()["guard"], "computer");
    assert!(odile.pep(&["doctor"]).out.contains("Only this computer's own protection"));

    let (right, wrong, next) =
        (world.dir.path().join("right"), world.dir.path().join("wrong"), world.dir.path().join("next"));
    fs::write(&right, format!("{RIGHT}\n")).unwrap();
    fs::write(&wrong, "copper kettle Friday\n").unwrap();
    fs::write(&next, "paper lantern Sunday\n").unwrap();
    let set = odile.pep(&["passphrase", "set"]);
    assert!(set.code == 2 && set.err.contains("--new-passphrase-file"), "{}", set.err);
    odile.pep(&["passphrase", "set", "--new-passphrase-file", text(&right)]).ok();

    let locked = odile.pep(&["list"]);
    assert!(locked.code == 7 && locked.err.contains("locked with a passphrase"), "{}", locked.err);
    assert!(locked.err.contains("Hint: ") && locked.out.is_empty());
    let refused = odile.pep(&["list", "--passphrase-file", text(&wrong)]);
    assert!(refused.code == 7 && refused.err.contains("not the passphrase"), "{}", refused.err);
    assert!(refused.err.contains("new invitation link") && refused.err.contains("comes back"), "{}", refused.err);
    let shown = odile.pep(&["show", &pep, "--field", "care.story", "--passphrase-file", text(&right)]).ok();
    assert!(shown.contains("Settled in."), "{shown}");
    let by_variable =
        odile.command(&["status", "--json"]).env("PEP_PASSPHRASE", RIGHT).stdout(Stdio::piped()).output().unwrap();
    assert!(String::from_utf8_lossy(&by_variable.stdout).contains("\"guard\":\"passphrase\""));

    // A command that another program carries out for it needs none: that one is unlocked.
    let mut watching = odile.command(&["sync", "--watch"]);
    watching.env("PEP_PASSPHRASE", RIGHT);
    let watching = Watching::of(watching);
    odile.pep(&["list"]).ok();
    // To change it, the one so far is needed all the same.
    let change = odile.pep(&["passphrase", "set", "--new-passphrase-file", text(&next)]);
    assert!(change.code == 7 && change.err.contains("the one so far"), "{}", change.err);
    let words = ["passphrase", "set", "--new-passphrase-file", text(&next), "--passphrase-file", text(&right)];
    odile.pep(&words).ok();
    assert!(watching.asked_to_end());
    assert_eq!(odile.pep(&["list", "--passphrase-file", text(&right)]).code, 7);
    odile.pep(&["list", "--passphrase-file", text(&next)]).ok();
    odile.pep(&["passphrase", "remove", "--passphrase-file", text(&next)]).ok();
    odile.pep(&["list"]).ok();
}

#[test]
fn a_device_joins_with_a_passphrase_and_a_forgotten_one_is_joined_past() {
    let world = World::new();
    let file = world.dir.path().join("passphrase");
    fs::write(&file, RIGHT).unwrap();
    let odile = world.home("odile");
    let link = world.relay.invite(ODILE, &world.child);
    let joined = odile.pep(&["join", &link, "--passphrase-file", text(&file)]);
    assert!(joined.code == 0 && !joined.err.contains("Only this computer"), "{}", joined.err);
    assert!(!odile.path.join("home.key").exists(), "it was never guarded by less");
    let made = ["new", &world.child, "--term", "2025/26-spring", "--type", "review", "--process", "sections", "--json"];
    let locked = |words: &[&str]| odile.pep(&[words, &["--passphrase-file", text(&file)]].concat());
    let pep = locked(&made).json()["pep"].as_str().unwrap().to_owned();
    locked(&["write", &pep, "care.story", "Shared before it was forgotten."]).ok();
    locked(&["sync", "--once"]).ok();
    assert_eq!(odile.pep(&["list"]).code, 7);

    let again = world.home("again");
    again.pep(&["join", &world.relay.invite(ODILE, &world.child)]).ok();
    again.pep(&["sync", "--once"]).ok();
    let shown = again.pep(&["show", &pep, "--field", "care.story"]).ok();
    assert!(shown.contains("Shared before it was forgotten."), "{shown}");
}

#[test]
fn locked_pages_and_other_commands_wait_for_the_passphrase_while_sharing_goes_on() {
    let world = World::new();
    let (odile, ottoline) = (world.join("odile", ODILE), world.join("ottoline", OTTOLINE));
    let pep = world.spring(&odile);
    odile.pep(&["sync"]).ok();
    let (right, wrong) = (world.dir.path().join("right"), world.dir.path().join("wrong"));
    fs::write(&right, RIGHT).unwrap();
    fs::write(&wrong, "copper kettle Friday").unwrap();
    let mut open = Open::start(&ottoline, &["--no-browser"]);
    ottoline.pep(&["passphrase", "set", "--new-passphrase-file", text(&right)]).ok();
    let browser = Browser::let_in(&open.1);
    assert_eq!((browser.get("/").status, browser.post("/lock", "").status), (200, 303));
    assert_eq!(browser.get(&format!("/pep/{pep}")).status, 403);

    let list = |file| ottoline.pep(&["list", "--passphrase-file", text(file)]);
    let locked = ottoline.pep(&["list"]);
    assert!(locked.code == 7 && locked.err.contains("locked with a passphrase"), "{}", locked.err);
    assert!(list(&wrong).code == 7 && list(&right).code == 0);
    assert_eq!(browser.get("/").status, 403, "a command opens nothing but itself");
    // What Odile writes meanwhile is there as soon as the pages are.
    odile.pep(&["write", &pep, "care.story", "Settled in."]).ok();
    odile.pep(&["sync"]).ok();
    let show = ["show", &pep, "--field", "care.story", "--passphrase-file", text(&right)];
    assert!((0..200).any(|_| ottoline.pep(&show).out.contains("Settled in.")));

    assert_eq!(browser.post("/unlock", "passphrase=copper+kettle+Friday").status, 403);
    let opened = browser.post("/unlock", &format!("passphrase={}&to=/pep/{pep}", RIGHT.replace(' ', "+")));
    assert_eq!(opened.header("location"), Some(format!("/pep/{pep}").as_str()));
    assert_eq!(browser.get(&format!("/pep/{pep}")).status, 200);
    ottoline.pep(&["list"]).ok();
    // Wrong ones are counted on the disk, whoever ends the program and begins it again.
    for _ in 0..3 {
        list(&wrong);
        browser.post("/lock", "");
        browser.post("/unlock", "passphrase=copper+kettle+Friday");
    }
    assert!(open.0.end_politely());
    assert!(ottoline.path.join("unlock.tries").exists());
    // However slow this computer is, some wait is longer than a try.
    assert!((0..8).any(|_| list(&wrong).err.contains("Waiting")));
}

#[test]
fn a_sealed_copy_is_read_by_whoever_has_its_passphrase_and_brought_into_the_next_plan() {
    let world = World::new();
    let (odile, ottoline) = (world.join("odile", ODILE), world.join("ottoline", OTTOLINE));
    let pep = world.spring(&odile);
    odile.pep(&["sync"]).ok();
    ottoline.pep(&["sync"]).ok();
    ottoline.pep(&["write", &pep, "progress.goingWell", "Maths, and maps."]).ok();
    let at = |name: &str| world.dir.path().join(name);
    fs::write(at("right"), "paper lantern Sunday").unwrap();
    fs::write(at("wrong"), "paper lantern Monday").unwrap();
    fs::write(at("short"), "Sunday").unwrap();
    let (file, copy, open) = (at("d.sealed"), at("copy.sealed"), at("open"));
    let with = |words: &[&str], passphrase: &str| {
        ottoline.pep(&[words, &["--seal-passphrase-file", text(&at(passphrase))]].concat())
    };
    let section = ["export", &pep, "--section", "D", "--format", "json", "--seal", "-o", text(&file)];
    let nobody = ottoline.pep(&section);
    assert!(nobody.code == 2 && nobody.err.contains("--seal-passphrase-file") && !file.exists(), "{}", nobody.err);
    assert_eq!(with(&section, "short").code, 2);
    let sealed = with(&section, "right");
    assert!(sealed.code == 0 && sealed.err.contains("by another way"), "{}", sealed.err);
    // The program that has the folder open seals and brings as well.
    let watching = Watching::start(&ottoline);
    with(&["export", &pep, "--format", "html", "--for", "carer", "--seal", "-o", text(&copy)], "right").ok();
    for bytes in [fs::read(&file).unwrap(), fs::read(&copy).unwrap()] {
        assert!(bytes.starts_with(b"OpenPEP sealed file 1\n") && !bytes.windows(4).any(|part| part == b"maps"));
    }
    assert!(watching.asked_to_end());

    // The carer opens the copy on a computer that has never joined.
    let carys = world.home("carys");
    let unseal = |file, passphrase: &str| {
        let passphrase = at(passphrase);
        carys.pep(&["unseal", text(file), "-o", text(&open), "--seal-passphrase-file", text(&passphrase)])
    };
    let wrong = unseal(&copy, "wrong");
    assert!(wrong.code == 1 && wrong.err.contains("not the passphrase of the file") && !open.exists(), "{}", wrong.err);
    unseal(&copy, "right").ok();
    assert!(fs::read_to_string(&open).unwrap().contains("Maths, and maps."));
    let mut cut = fs::read(&copy).unwrap();
    cut.pop();
    fs::write(&copy, cut).unwrap();
    let cut = unseal(&copy, "right");
    assert!(cut.code == 1 && cut.err.contains("not whole"), "{}", cut.err);
    assert_eq!((unseal(&at("right"), "right").code, unseal(&at("none"), "right").code), (1, 1));

    let next = ottoline.pep(&[
        "new",
        &world.child,
        "--term",
        "2025/26-summer",
        "--type",
        "review",
        "--process",
        "sections",
        "--blank",
        "--json",
    ]);
    let next = next.json()["pep"].as_str().unwrap().to_owned();
    let import = ["import", text(&file), "--pep", &next];
    assert_eq!((ottoline.pep(&import).code, with(&import, "wrong").code), (2, 1));
    with(&import, "right").ok();
    assert!(ottoline.pep(&["show", &next, "--field", "progress.goingWell"]).out.contains("Maths, and maps."));
}
