//! What changed in a text, shown: what was put in is underlined, what was taken out is struck through, and both are said in
//! words that are not seen. What stayed the same is left out where it is long.

use maud::{Markup, html};

use plan::hunks::words;

/// Letters of what stayed that are shown before and after a change; further ones tell nothing about it.
const AROUND: usize = 80;

/// A stretch of a text.
#[derive(Debug, PartialEq, Eq)]
enum Piece {
    Kept(String),
    Removed(String),
    Added(String),
}

/// What became of a text. `most`: letters of one change that are shown; the rest is counted.
pub fn changed(before: &str, after: &str, most: usize) -> Markup {
    let pieces = pieces(before, after);
    let last = pieces.len().saturating_sub(1);
    html! {
        p class="govuk-body pep-typed pep-changed" {
            @for (number, piece) in pieces.iter().enumerate() {
                @match piece {
                    Piece::Kept(text) => (around(text, number == 0, number == last)),
                    Piece::Removed(text) => del { span class="govuk-visually-hidden" { "Removed: " } (shown(text, most)) },
                    Piece::Added(text) => ins { span class="govuk-visually-hidden" { "Added: " } (shown(text, most)) },
                }
                // Of two that stand side by side, so that they are read apart.
                @if !matches!(piece, Piece::Kept(_)) { span class="govuk-visually-hidden" { ". " } }
            }
        }
    }
}

fn shown(text: &str, most: usize) -> String {
    let all = text.chars().count();
    if all <= most { text.to_owned() } else { format!("{}… and {} more letters", cut(text, most, false), all - most) }
}

/// What stayed, without its middle, or without its far end at the edge of a text.
fn around(text: &str, first: bool, last: bool) -> String {
    let long = text.chars().count() > if first || last { AROUND } else { 2 * AROUND };
    match (long, first, last) {
        (false, ..) => text.to_owned(),
        (true, true, true) => String::new(),
        (true, true, false) => format!("… {}", cut(text, AROUND, true)),
        (true, false, true) => format!("{} …", cut(text, AROUND, false)),
        (true, false, false) => format!("{} … {}", cut(text, AROUND, false), cut(text, AROUND, true)),
    }
}

/// So many letters of a text, or a few less, so that no word is cut: the first, or the last.
fn cut(text: &str, letters: usize, from_end: bool) -> &str {
    let count = text.chars().count();
    let at = |n: usize| text.char_indices().nth(n).map_or(text.len(), |(at, _)| at);
    match from_end {
        true => {
            let end = text.get(at(count.saturating_sub(letters))..).unwrap_or(text);
            end.split_once(char::is_whitespace).map_or(end, |(_, rest)| rest)
        }
        false => {
            let beginning = text.get(..at(letters)).unwrap_or(text);
            beginning.rsplit_once(char::is_whitespace).map_or(beginning, |(rest, _)| rest)
        }
    }
}

/// What stayed and what changed, in order. Changes with nothing but blanks and signs between them are one.
fn pieces(before: &str, after: &str) -> Vec<Piece> {
    let units: Vec<u16> = before.encode_utf16().collect();
    let text = |from: usize, to: usize| String::from_utf16_lossy(units.get(from..to).unwrap_or(&[]));
    let mut found: Vec<(String, String, String)> = Vec::new();
    let mut at = 0;
    for hunk in words(before, after).into_iter().rev() {
        let (kept, gone) = (text(at, hunk.at), text(hunk.at, hunk.at + hunk.delete));
        at = hunk.at + hunk.delete;
        match found.last_mut() {
            Some((_, removed, added)) if !kept.contains(char::is_alphanumeric) => {
                removed.push_str(&kept);
                removed.push_str(&gone);
                added.push_str(&kept);
                added.push_str(&hunk.insert);
            }
            _ => found.push((kept, gone, hunk.insert)),
        }
    }
    let mut pieces = Vec::new();
    for (kept, removed, added) in found {
        pieces.extend((!kept.is_empty()).then_some(Piece::Kept(kept)));
        pieces.extend((!removed.is_empty()).then_some(Piece::Removed(removed)));
        pieces.extend((!added.is_empty()).then_some(Piece::Added(added)));
    }
    let rest = text(at, units.len());
    pieces.extend((!rest.is_empty()).then_some(Piece::Kept(rest)));
    pieces
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_that_changed_are_told_from_those_that_stayed() {
        let kept = |text: &str| Piece::Kept(text.into());
        let removed = |text: &str| Piece::Removed(text.into());
        let added = |text: &str| Piece::Added(text.into());
        assert_eq!(
            pieces("He reads well and he likes maths.", "He reads very well and he likes art."),
            [kept("He reads "), added("very "), kept("well and he likes "), removed("maths"), added("art"), kept(".")]
        );
        let rewritten = pieces("two old dogs run", "three new cats sleep");
        assert_eq!(rewritten, [removed("two old dogs run"), added("three new cats sleep")]);
        assert_eq!(pieces("", "🍲 soup"), [added("🍲 soup")]);
        assert_eq!(pieces("same", "same"), [kept("same")]);
        assert_eq!(pieces("", ""), []);
    }

    #[test]
    fn what_is_read_aloud_says_what_was_added_and_removed_and_nothing_is_markup() {
        let html = changed("Maths & art", "Maths & <b>cooking</b>", 400).into_string();
        assert!(html.contains("Maths &amp; "), "{html}");
        assert!(html.contains("<del><span class=\"govuk-visually-hidden\">Removed: </span>art</del>"), "{html}");
        assert!(html.contains("Added: </span>&lt;b&gt;cooking&lt;/b&gt;</ins>"), "{html}");
    }

    #[test]
    fn long_stretches_are_cut_at_words() {
        let long = "one two three four ".repeat(40);
        let html = changed(&format!("{long}end"), &format!("{long}finish"), 400).into_string();
        assert!(html.contains("… ") && html.len() < 500, "{html}");
        let html = changed("", &"word ".repeat(200), 20).into_string();
        assert!(html.contains("word word word… and 980 more letters"), "{html}");
        assert_eq!((cut("one two three", 9, false), cut("one two three", 9, true)), ("one two", "three"));
    }
}
