//! Hints of the demonstration: what to try on each page, a line each, and only there.

/// What to try at an address, in its pieces.
pub fn of(path: &[String]) -> &'static str {
    let path: Vec<&str> = path.iter().map(String::as_str).collect();
    match path.as_slice() {
        [] => "open a plan, and look at the same plan in the window of somebody else.",
        ["children", ..] => "open a child, and see which of their plans is how far.",
        ["meetings"] => "open Idris’s meeting, which is today.",
        ["sync"] => {
            "select “Work offline”, change something in the meeting here and in another window, then select “Go online”."
        }
        ["settings"] => "make the text larger.",
        ["pep", _] => "open a section that is not complete, and see whose it is.",
        ["pep", _, "meeting"] => "select “Run the meeting”.",
        ["pep", _, "meeting", "live"] => {
            "tick who came, agree an idea as Ottoline, and watch the money move in all three windows. Then write in the notes, two at once."
        }
        ["pep", _, "targets", ..] => "add what a target costs until it is over the allocation.",
        ["pep", _, "choose", ..] => "choose, and see in the history that the other answer is kept.",
        ["pep", _, "page", ..] => "write in the same answer in two windows, both at once.",
        ["pep", _, "history", ..] => "see who wrote what, and when.",
        ["pep", _, "sign-off"] => "see what each signature waits for.",
        ["pep", _, "views"] => "give the device to the child, and see what they see.",
        ["pep", _, "comments", ..] => "leave a comment as one person, and read it as another.",
        ["pep", _, "table", ..] => "change a row here while somebody else changes it in another window.",
        _ => "",
    }
}
