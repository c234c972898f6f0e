//! What somebody changed in a text, in pieces small enough that what others wrote meanwhile keeps its place.

use std::ops::Range;

use imara_diff::{Algorithm, Diff, InternedInput};

/// Pieces at most; a text that differs in more places is another text, and everything between the first and the last counts as one
/// piece. Each is written by itself, and somebody who changes a long text in an afternoon makes a few hundred.
const PIECES_MAX: usize = 1_000;
/// Letters compared with letters at most, of one piece: a page of text against a page of text. A larger piece stays whole.
const LETTERS_COMPARED_MAX: usize = 1_000_000;

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

/// The pieces that make `before` into `after`, the last first: each can be made without moving the next. What was replaced is one
/// piece, though a word or a blank within it stands in both: with what somebody else wrote there apart, it reads as one text after
/// the other, and not as one in the other.
pub fn hunks(before: &str, after: &str) -> Vec<Hunk> {
    let units: Vec<u16> = before.encode_utf16().collect();
    let mut joined: Vec<Hunk> = Vec::new();
    for next in words(before, after).into_iter().rev() {
        joined.push(next);
        while let [.., one, other] = joined.as_slice() {
            let end = one.at + one.delete;
            let between = other.at.saturating_sub(end);
            let size = |hunk: &Hunk| hunk.delete.max(hunk.insert.encode_utf16().count());
            let replaced = |hunk: &Hunk| hunk.delete > 0 && !hunk.insert.is_empty();
            // A word put in here and one there are two, however near.
            let one_piece = between <= size(one) && between <= size(other) && (replaced(one) || replaced(other));
            let same = units.get(end..other.at).and_then(|same| String::from_utf16(same).ok()).filter(|_| one_piece);
            let Some(same) = same else { break };
            let hunk = Hunk {
                at: one.at,
                delete: one.delete + between + other.delete,
                insert: [one.insert.as_str(), &same, &other.insert].concat(),
            };
            joined.truncate(joined.len() - 2);
            joined.push(hunk);
        }
    }
    joined.reverse();
    let gone: usize = joined.iter().map(|hunk| hunk.delete).sum();
    let new = joined.iter().any(|hunk| !hunk.insert.is_empty());
    // Another text, and not a changed one: whoever takes the old one away meanwhile leaves all of it.
    if new && gone * 2 > units.len() && units.contains(&u16::from(b' ')) {
        return vec![Hunk { at: 0, delete: units.len(), insert: after.to_owned() }];
    }
    joined.into_iter().map(|hunk| whole(&units, &hunk).trimmed(&units)).collect()
}

/// The same, and of a word that only lost or gained letters no more than these; where one text is the other with something left
/// out, nothing is put in.
pub fn least(before: &str, after: &str) -> Vec<Hunk> {
    let units: Vec<u16> = before.encode_utf16().collect();
    words(before, after).into_iter().map(|hunk| hunk.trimmed(&units)).collect()
}

/// What was replaced up to the stop of a sentence, with the stop.
fn whole(before: &[u16], hunk: &Hunk) -> Hunk {
    let rest = before.get(hunk.at + hunk.delete..).unwrap_or_default();
    let stop = |unit: &u16| [u16::from(b'.'), u16::from(b'!'), u16::from(b'?')].contains(unit);
    let replaced = hunk.delete > 0 && hunk.insert.ends_with(char::is_alphanumeric);
    match rest.first().filter(|unit| replaced && stop(unit)) {
        Some(unit) => Hunk {
            delete: hunk.delete + 1,
            insert: [hunk.insert.as_str(), &String::from_utf16_lossy(&[*unit])].concat(),
            ..*hunk
        },
        None => hunk.clone(),
    }
}

impl Hunk {
    fn trimmed(self, before: &[u16]) -> Hunk {
        let old = before.get(self.at..self.at + self.delete).and_then(|old| String::from_utf16(old).ok());
        let Some(old) = old.filter(|old| !old.is_empty() && !self.insert.is_empty()) else { return self };
        let same = |(a, b): &(char, char)| a == b;
        let width = |(a, _): (char, char)| a.len_utf8();
        let front: usize = old.chars().zip(self.insert.chars()).take_while(same).map(width).sum();
        let (Some(gone), Some(new)) = (old.get(front..), self.insert.get(front..)) else { return self };
        let back: usize = gone.chars().rev().zip(new.chars().rev()).take_while(same).map(width).sum();
        let middle = |text: &str| text.get(..text.len().saturating_sub(back)).map(str::to_owned);
        let (Some(gone), Some(new)) = (middle(gone), middle(new)) else { return self };
        if !gone.is_empty() && !new.is_empty() {
            return self;
        }
        let at = self.at + old.get(..front).map_or(0, |front| front.encode_utf16().count());
        Hunk { at, delete: gone.encode_utf16().count(), insert: new }
    }
}

/// The same, word by word: what stands in both is never taken away.
pub fn words(before: &str, after: &str) -> Vec<Hunk> {
    differences(&tokens(before), &tokens(after))
}

/// The same, letter by letter: where only letters came in, nothing goes out.
pub fn letters(before: &str, after: &str) -> Vec<Hunk> {
    let units: Vec<u16> = before.encode_utf16().collect();
    let finer = |hunk: Hunk| {
        if hunk.delete.saturating_mul(hunk.insert.len()) > LETTERS_COMPARED_MAX {
            return vec![hunk];
        }
        let old = String::from_utf16_lossy(units.get(hunk.at..hunk.at + hunk.delete).unwrap_or_default());
        let found = differences(&each(&old), &each(&hunk.insert));
        found.into_iter().map(move |found| Hunk { at: hunk.at + found.at, ..found }).collect::<Vec<_>>()
    };
    words(before, after).into_iter().flat_map(finer).collect()
}

fn differences(old: &[&str], new: &[&str]) -> Vec<Hunk> {
    let mut input = InternedInput::default();
    input.update_before(old.iter().copied());
    input.update_after(new.iter().copied());
    // Whatever the texts: where they differ almost everywhere it takes a good way for the best, and asks no clock for that.
    let found = Diff::compute(Algorithm::Myers, &input);
    let indices = |range: Range<u32>| range.start as usize..range.end as usize;
    let mut ranges: Vec<(Range<usize>, Range<usize>)> =
        found.hunks().map(|hunk| (indices(hunk.before), indices(hunk.after))).collect();
    if let (Some((from, to)), Some((from_last, to_last))) = (ranges.first(), ranges.last())
        && ranges.len() > PIECES_MAX
    {
        ranges = vec![(from.start..from_last.end, to.start..to_last.end)];
    }
    let (mut hunks, mut at, mut seen) = (Vec::new(), 0, 0);
    for (from, to) in ranges {
        at += width(old.get(seen..from.start));
        let gone = width(old.get(from.clone()));
        hunks.push(Hunk { at, delete: gone, insert: new.get(to).unwrap_or_default().concat() });
        (at, seen) = (at + gone, from.end);
    }
    hunks.reverse();
    hunks
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
    tokens.unwrap_or_default().iter().map(|token| token.encode_utf16().count()).sum()
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
        assert_eq!(pieces, [(27, 6, "art."), (9, 0, "very ")]);
    }

    #[test]
    fn a_change_in_the_longest_text_is_a_small_piece() {
        let long = words(40_000, 1);
        assert!(long.chars().count() > 190_000);
        let (middle, end) = (long.replacen("7919 ", "", 1), long.clone() + "And he sings.");
        assert_eq!(hunks(&long, &middle).iter().map(|hunk| hunk.delete).sum::<usize>(), 5);
        assert_eq!(letters(&long, &end), [Hunk { at: long.len(), delete: 0, insert: "And he sings.".to_owned() }]);
    }

    #[test]
    fn a_long_text_that_became_another_is_few_pieces_whatever_it_became() {
        let long = words(40_000, 1);
        // The same few words all over, in capital letters; the same words from behind.
        let told = "He cooks on Sundays, and Carys eats it. ".repeat(4_000);
        let found = hunks(&told, &told.to_uppercase());
        assert!(found.len() <= PIECES_MAX && made(&told, &found) == told.to_uppercase());
        let behind: String = tokens(&long).into_iter().rev().collect();
        for after in [words(40_000, 31), "a".repeat(200_000), behind, String::new()] {
            for found in [hunks(&long, &after), letters(&long, &after)] {
                assert!(found.len() <= PIECES_MAX, "{}", found.len());
                assert!(made(&long, &found) == after);
            }
        }
        // Another text is replaced as a whole; what is left out of a comparison word by word is what both begin with.
        let [one, two] = ["one ", "two "].map(|word| format!("Alike. {}end", word.repeat(3_000)));
        let (found, by_word) = (hunks(&one, &two), super::words(&one, &two));
        assert_eq!((found.len(), found[0].at, by_word.len(), by_word[0].at), (1, 0, 1, 7));
    }

    /// So many words, each rarely twice.
    fn words(count: usize, step: usize) -> String {
        (0..count).map(|n| format!("{} ", n * step * 7_919 % 10_007)).collect()
    }
}
