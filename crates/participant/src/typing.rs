//! Typing, gathered into few changes: a change for every keystroke makes a plan seventeen times larger.

/// How long a change stays open while somebody else has the same question open, in milliseconds: what feels at once.
pub const TOGETHER_MS: u64 = 300;
/// How long it stays open otherwise, in milliseconds: what a person may lose if the battery dies.
pub const ALONE_MS: u64 = 1_500;
/// Characters typed or taken away after which it closes in any case.
pub const CHARACTERS_MAX: usize = 20;

/// A piece of typing: offsets and lengths in UTF-16 units, in the text as it was when the piece began.
#[derive(Clone, PartialEq, Eq)]
pub struct Splice {
    /// Where.
    pub at: usize,
    /// How much was there before and is taken away.
    pub delete: usize,
    /// What is put in.
    pub insert: String,
}

/// One person's typing in one question.
#[derive(Default)]
pub struct Typing {
    open: Option<Open>,
}

struct Open {
    splice: Splice,
    since_ms: u64,
    characters: usize,
}

impl Typing {
    /// Takes in a keystroke (or a paste). Returns what must be written first, where the keystroke does not go on from what is
    /// open: somewhere else in the text, or past [`CHARACTERS_MAX`].
    pub fn typed(&mut self, next: Splice, now_ms: u64) -> Option<Splice> {
        let characters = next.insert.chars().count() + next.delete;
        if let Some(open) = &mut self.open
            && open.characters + characters <= CHARACTERS_MAX
            && open.splice.takes(&next)
        {
            open.characters += characters;
            return None;
        }
        self.open.replace(Open { splice: next, since_ms: now_ms, characters }).map(|open| open.splice)
    }

    /// When the open change closes, in the same milliseconds as the keystrokes' `now_ms`; `None` where nothing is open.
    /// `together`: somebody else has the question open.
    pub fn closes_at(&self, together: bool) -> Option<u64> {
        let open = self.open.as_ref()?;
        if open.characters >= CHARACTERS_MAX {
            return Some(open.since_ms);
        }
        Some(open.since_ms.saturating_add(if together { TOGETHER_MS } else { ALONE_MS }))
    }

    /// What is to be written now, if its time has come.
    pub fn due(&mut self, now_ms: u64, together: bool) -> Option<Splice> {
        if self.closes_at(together)? <= now_ms { self.leave() } else { None }
    }

    /// What is to be written because the person leaves the box.
    pub fn leave(&mut self) -> Option<Splice> {
        self.open.take().map(|open| open.splice)
    }
}

impl Splice {
    /// Takes in what was typed right after, or taken away right before, the end of this piece. False where it is elsewhere.
    fn takes(&mut self, next: &Splice) -> bool {
        let end = self.at + self.insert.encode_utf16().count();
        if next.at + next.delete != end {
            return false;
        }
        // Taking away more than was typed reaches into what was there before.
        let mut units: Vec<u16> = self.insert.encode_utf16().collect();
        let typed = next.delete.min(units.len());
        units.truncate(units.len() - typed);
        let Ok(kept) = String::from_utf16(&units) else { return false };
        self.insert = kept + &next.insert;
        self.delete += next.delete - typed;
        self.at = self.at.min(next.at);
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(at: usize, delete: usize, insert: &str) -> Splice {
        Splice { at, delete, insert: insert.into() }
    }

    fn apply(text: &str, splice: &Splice) -> String {
        let mut units: Vec<u16> = text.encode_utf16().collect();
        units.splice(splice.at..splice.at + splice.delete, splice.insert.encode_utf16());
        String::from_utf16_lossy(&units)
    }

    fn write(text: &str, keys: &[Splice]) -> (String, usize) {
        let (mut typing, mut merged, mut changes) = (Typing::default(), text.to_string(), 0);
        for (i, k) in keys.iter().enumerate() {
            for splice in
                [typing.typed(k.clone(), i as u64 * 100), typing.due(i as u64 * 100, false)].into_iter().flatten()
            {
                merged = apply(&merged, &splice);
                changes += 1;
            }
        }
        if let Some(splice) = typing.leave() {
            merged = apply(&merged, &splice);
            changes += 1;
        }
        let one_by_one = keys.iter().fold(text.to_string(), |text, k| apply(&text, k));
        assert_eq!(merged, one_by_one);
        (merged, changes)
    }

    #[test]
    fn a_word_typed_with_a_correction_is_one_change() {
        let keys = [key(2, 0, "m"), key(3, 0, "a"), key(4, 0, "s"), key(4, 1, ""), key(4, 0, "t"), key(5, 0, "h")];
        assert_eq!(write("a  b", &keys), ("a math b".into(), 1));
    }

    #[test]
    fn taking_away_more_than_was_typed_reaches_into_the_text() {
        assert_eq!(write("taxi", &[key(4, 0, "s"), key(4, 1, ""), key(3, 1, ""), key(2, 1, "")]), ("ta".into(), 1));
    }

    #[test]
    fn a_picture_counts_two_units_and_stays_whole() {
        assert_eq!(write("", &[key(0, 0, "🙂"), key(2, 0, "!"), key(2, 1, ""), key(0, 2, "🙃")]).0, "🙃");
    }

    #[test]
    fn typing_somewhere_else_begins_another_change() {
        assert_eq!(write("one two", &[key(3, 0, "!"), key(0, 0, ">")]), (">one! two".into(), 2));
    }

    #[test]
    fn a_change_closes_sooner_while_somebody_else_is_there() {
        let mut typing = Typing::default();
        assert_eq!(typing.closes_at(true), None);
        assert!(typing.typed(key(0, 0, "I"), 1_000).is_none());
        assert_eq!((typing.closes_at(true), typing.closes_at(false)), (Some(1_300), Some(2_500)));
        assert!(typing.due(1_299, true).is_none());
        assert!(typing.due(1_300, true).is_some_and(|s| s.insert == "I"));
        assert!(typing.leave().is_none());
    }

    #[test]
    fn five_thousand_keystrokes_become_a_twentieth_of_the_changes() {
        let keys: Vec<Splice> = (0..5_000).map(|i| key(i, 0, "x")).collect();
        // A key every 100 ms: 1.5 s end most changes before 20 characters do.
        assert_eq!(write("", &keys).1, 5_000_usize.div_ceil(16));
        let mut typing = Typing::default();
        let changes = keys.iter().filter(|k| typing.typed((*k).clone(), 0).is_some()).count();
        assert_eq!(changes + 1, 250);
    }
}
