//! What somebody changed in a text, in pieces small enough that what others wrote meanwhile keeps its place.

use std::ops::Range;

/// Words compared with words at most; beyond, everything between the first and the last change counts as one piece. A page
/// of text against a page of text.
const COMPARISONS_MAX: usize = 1_000_000;

/// A piece of a text that became another, with its place in UTF-16 units.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hunk {
    /// Where it stood in the text before.
    pub at: usize,
    /// How long it was.
    pub delete: usize,
    /// What stands there after.
    pub insert: String,
}

/// The pieces that make `before` into `after`, the last first: each can be made without moving the next.
pub fn hunks(before: &str, after: &str) -> Vec<Hunk> {
    differences(&tokens(before), &tokens(after))
}

/// The same, letter by letter: where only letters came in, nothing goes out.
pub fn letters(before: &str, after: &str) -> Vec<Hunk> {
    let finer = |hunk: Hunk| {
        let units: Vec<u16> = before.encode_utf16().skip(hunk.at).take(hunk.delete).collect();
        let old = String::from_utf16_lossy(&units);
        let found = differences(&each(&old), &each(&hunk.insert));
        found.into_iter().map(move |found| Hunk { at: hunk.at + found.at, ..found }).collect::<Vec<_>>()
    };
    hunks(before, after).into_iter().flat_map(finer).collect()
}

fn differences(old: &[&str], new: &[&str]) -> Vec<Hunk> {
    let head = old.iter().zip(new).take_while(|(a, b)| a == b).count();
    let (old_rest, new_rest) = (old.get(head..).unwrap_or(&[]), new.get(head..).unwrap_or(&[]));
    let tail = old_rest.iter().rev().zip(new_rest.iter().rev()).take_while(|(a, b)| a == b).count();
    let middle = |tokens: &[&str]| head..tokens.len() - tail;
    let (old_middle, new_middle) = (middle(old), middle(new));
    let mut hunks: Vec<Hunk> = changed(old, new, old_middle, new_middle)
        .into_iter()
        .map(|(from, to)| {
            let (start, gone) = (width(old.get(..from.start)), width(old.get(from)));
            Hunk { at: start, delete: gone, insert: new.get(to).unwrap_or(&[]).concat() }
        })
        .collect();
    hunks.reverse();
    hunks
}

/// Ranges of tokens that differ, in order.
fn changed(old: &[&str], new: &[&str], a: Range<usize>, b: Range<usize>) -> Vec<(Range<usize>, Range<usize>)> {
    if a.is_empty() && b.is_empty() {
        return Vec::new();
    }
    let (rows, columns) = (a.len() + 1, b.len() + 1);
    if rows.saturating_mul(columns) > COMPARISONS_MAX {
        return vec![(a, b)];
    }
    // The longest common sequence that is left from each pair of places on.
    let mut longest = vec![0_u32; rows * columns];
    let read = |longest: &[u32], i: usize, j: usize| longest.get(i * columns + j).copied().unwrap_or(0);
    let equal = |i: usize, j: usize| old.get(a.start + i) == new.get(b.start + j);
    for i in (0..a.len()).rev() {
        for j in (0..b.len()).rev() {
            let best = match equal(i, j) {
                true => read(&longest, i + 1, j + 1) + 1,
                false => read(&longest, i + 1, j).max(read(&longest, i, j + 1)),
            };
            if let Some(slot) = longest.get_mut(i * columns + j) {
                *slot = best;
            }
        }
    }
    let mut found: Vec<(Range<usize>, Range<usize>)> = Vec::new();
    let mut differs = |from: Range<usize>, to: Range<usize>| match found.last_mut() {
        Some((last_from, last_to)) if last_from.end == from.start && last_to.end == to.start => {
            (last_from.end, last_to.end) = (from.end, to.end);
        }
        _ => found.push((from, to)),
    };
    let (mut i, mut j) = (0, 0);
    while i < a.len() || j < b.len() {
        let (from, to) = (a.start + i, b.start + j);
        if i < a.len() && j < b.len() && equal(i, j) {
            (i, j) = (i + 1, j + 1);
        } else if j < b.len() && (i == a.len() || read(&longest, i, j + 1) >= read(&longest, i + 1, j)) {
            differs(from..from, to..to + 1);
            j += 1;
        } else {
            differs(from..from + 1, to..to);
            i += 1;
        }
    }
    found
}

/// Words, and whatever stands between them, one by one.
fn tokens(text: &str) -> Vec<&str> {
    let mut tokens = Vec::new();
    let mut start = 0;
    let mut in_word = false;
    for (at, c) in text.char_indices() {
        let word = c.is_alphanumeric();
        if at > start && !(word && in_word) {
            tokens.extend(text.get(start..at));
            start = at;
        }
        in_word = word;
    }
    tokens.extend(text.get(start..).filter(|last| !last.is_empty()));
    tokens
}

fn each(text: &str) -> Vec<&str> {
    text.split_inclusive(|_: char| true).collect()
}

fn width(tokens: Option<&[&str]>) -> usize {
    tokens.unwrap_or(&[]).iter().map(|token| token.encode_utf16().count()).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn made(before: &str, hunks: &[Hunk]) -> String {
        let mut units: Vec<u16> = before.encode_utf16().collect();
        for hunk in hunks {
            units.splice(hunk.at..hunk.at + hunk.delete, hunk.insert.encode_utf16());
        }
        String::from_utf16(&units).unwrap()
    }

    #[test]
    fn pieces_make_one_text_into_the_other() {
        let texts = [
            "",
            "Idris cooks.",
            "Idris cooks on Sundays.\nHe settled quickly.",
            "On Sundays Idris cooks 🍲 and sings.\n\nHe has settled.",
            "🍲🍲 é e\u{301} 中文字 \u{202e}abc\0",
            "a b a b a",
            "b a b a b a",
        ];
        for before in texts {
            for after in texts {
                assert_eq!(made(before, &hunks(before, after)), after, "{before:?} → {after:?}");
                assert_eq!(made(before, &letters(before, after)), after, "{before:?} → {after:?}");
            }
        }
    }

    #[test]
    fn two_changes_far_apart_are_two_pieces_so_that_what_is_between_them_stays() {
        let found = hunks("He reads well and he likes maths.", "He reads very well and he likes art.");
        let pieces: Vec<(usize, usize, &str)> = found.iter().map(|h| (h.at, h.delete, h.insert.as_str())).collect();
        assert_eq!(pieces, [(27, 5, "art"), (9, 0, "very ")]);
    }

    #[test]
    fn texts_too_long_to_compare_word_by_word_are_one_piece_between_what_is_alike() {
        let (before, after) = ("one ".repeat(3_000), "two ".repeat(3_000));
        let found = hunks(&format!("Alike. {before}end"), &format!("Alike. {after}end"));
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].at, 7);
    }
}
