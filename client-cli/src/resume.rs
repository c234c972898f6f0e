//! How a page that is open comes back by itself after the program was killed and started again.
//!
//! Its cookie is good for one life of the program and no longer: cookies go to every port of this computer, so whoever else has an
//! account here and listened on the port meanwhile has heard it. A page also holds a pass: a name and a key, which never leave it.
//! First the program proves by it that it is itself and nobody else on that port, or the page says nothing of what is typed in it;
//! then the page is asked something new, answers for the port it stands on, and is given a fresh cookie.

use ring::hmac;

use replica::Trouble;

use crate::clock;
use participant::device::Device;

/// How long a page may come back by itself, in seconds: a day's work. After it a link is needed, and what was typed still stands.
const PASS_HOLDS: i64 = 24 * 60 * 60;
/// How long an answer may take, in seconds.
const ANSWER_TAKES: i64 = 60;
/// Questions that may wait for their answers at once.
const ASKED_MAX: usize = 64;
/// What the keys of passes are made from, and this program's name for it.
const PASS: &[u8] = b"openpep/comeback/1";

/// Under which name it is kept.
const KEPT: &str = "pages/key";

/// Stands before what a page asks, so that no proof of the program's is the answer of a page.
const PROGRAM: &str = "program:";

/// A home folder's own secret, from which the keys of all passes follow.
pub type Key = [u8; 32];

/// Gives passes and asks for them.
pub struct Comeback {
    key: Key,
    asked: Vec<(Key, i64)>,
}

/// The secret of this home folder, made where there is none. `None` where this computer has no randomness to give.
pub fn key(device: &mut Device) -> Result<Option<Key>, Trouble> {
    if let Some(key) = device.kept::<Key>(KEPT)? {
        return Ok(Some(key));
    }
    let Ok(key) = clock::random() else { return Ok(None) };
    device.keep(KEPT, Some(&key))?;
    Ok(Some(key))
}

/// A pass for a page that is made now: its name and its key. `None` where this computer has no randomness to give.
pub fn pass(key: &Key, now: i64) -> Option<String> {
    let mut id: [u8; 16] = clock::random().ok()?;
    id[..8].copy_from_slice(&now.to_be_bytes());
    Some(format!("{}.{}", hex::encode(id), hex::encode(key_of(key, &id).as_ref())))
}

fn key_of(key: &Key, id: &[u8]) -> hmac::Tag {
    hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, key), &[PASS, id].concat())
}

impl Comeback {
    /// With a home folder's secret.
    pub fn new(key: Key) -> Comeback {
        Comeback { key, asked: Vec::new() }
    }

    /// A question, good once. `None` where this computer has no randomness to give.
    pub fn ask(&mut self, now: i64) -> Option<String> {
        let question = clock::random().ok()?;
        if self.asked.len() >= ASKED_MAX {
            self.asked.remove(0);
        }
        self.asked.push((question, now));
        Some(hex::encode(question))
    }

    /// That this is the program the page came from: for what the page asks, and for this port. `None`: that is no pass.
    pub fn proof(&self, port: u16, id: &str, asked: &str) -> Option<String> {
        let id = hex::decode(id).ok().filter(|id| id.len() == 16)?;
        hex::decode(asked).ok().filter(|asked| asked.len() == 32)?;
        let key = hmac::Key::new(hmac::HMAC_SHA256, key_of(&self.key, &id).as_ref());
        Some(hex::encode(hmac::sign(&key, format!("{PROGRAM}{asked}:{port}").as_bytes()).as_ref()))
    }

    /// Whether this answers a question that was asked, for this port, by a page with a pass.
    pub fn answers(&mut self, port: u16, id: &str, question: &str, answer: &str, now: i64) -> bool {
        let (Some(id), Some(asked), Some(answer)) =
            (hex::decode(id).ok(), hex::decode(question).ok(), hex::decode(answer).ok())
        else {
            return false;
        };
        let Some(at) = self.asked.iter().position(|(known, _)| known[..] == asked[..]) else { return false };
        let (_, since) = self.asked.remove(at);
        let made = id.get(..8).and_then(|at| at.try_into().ok()).map(i64::from_be_bytes);
        let holds = made.is_some_and(|made| (0..PASS_HOLDS).contains(&now.saturating_sub(made)));
        let key = hmac::Key::new(hmac::HMAC_SHA256, key_of(&self.key, &id).as_ref());
        let right = hmac::verify(&key, format!("{question}:{port}").as_bytes(), &answer).is_ok();
        right && holds && id.len() == 16 && now.saturating_sub(since) < ANSWER_TAKES
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(pass: &str, question: &str, port: u16) -> (String, String) {
        let (id, key) = pass.split_once('.').unwrap();
        let key = hmac::Key::new(hmac::HMAC_SHA256, &hex::decode(key).ok().unwrap());
        let tag = hmac::sign(&key, format!("{question}:{port}").as_bytes());
        (id.to_owned(), hex::encode(tag.as_ref()))
    }

    #[test]
    fn the_program_proves_itself_for_its_own_port_and_no_proof_is_a_page_s_answer() {
        let (mut back, other) = (Comeback::new([7; 32]), Comeback::new([8; 32]));
        let pass = pass(&[7; 32], 1_000).unwrap();
        let (id, asked) = (pass.split_once('.').unwrap().0, "5a".repeat(32));
        let proof = back.proof(4117, id, &asked).unwrap();
        assert_eq!(proof, answer(&pass, &format!("program:{asked}"), 4117).1);
        assert_ne!(Some(&proof), back.proof(4118, id, &asked).as_ref());
        assert_ne!(Some(&proof), other.proof(4117, id, &asked).as_ref());
        let question = back.ask(1_000).unwrap();
        let proof = back.proof(4117, id, &question).unwrap();
        assert!(!back.answers(4117, id, &question, &proof, 1_000));
        for (id, asked) in [("", asked.as_str()), (&id[2..], &asked), (id, ""), (id, "é"), (id, &asked[2..])] {
            assert_eq!(back.proof(4117, id, asked), None);
        }
    }

    #[test]
    fn a_page_with_a_pass_comes_back_once_for_each_question_for_its_own_port_and_for_a_day() {
        let mut back = Comeback::new([7; 32]);
        let pass = pass(&[7; 32], 1_000).unwrap();
        let question = back.ask(1_000).unwrap();
        let (id, right) = answer(&pass, &question, 4117);
        assert!(back.answers(4117, &id, &question, &right, 1_010));
        assert!(!back.answers(4117, &id, &question, &right, 1_010), "an answer that was overheard is worth nothing");
        for (port, id, key, asked, now) in [
            (4118, 0, 7, 1_000, 1_010),
            (4117, 1, 7, 1_000, 1_010),
            (4117, 0, 8, 1_000, 1_010),
            (4117, 0, 7, 1_000, 1_060),
            (4117, 0, 7, 90_000, 90_001),
            (4117, 0, 7, 900, 901),
        ] {
            let mut back = Comeback::new([key; 32]);
            let question = back.ask(asked).unwrap();
            let (mut name, right) = answer(&pass, &question, 4117);
            if id == 1 {
                name.replace_range(0..2, "ff");
            }
            assert!(!back.answers(port, &name, &question, &right, now), "{port} {id} {key} {asked} {now}");
        }
        let question = back.ask(1_000).unwrap();
        for (id, asked, answer) in
            [("", "", ""), (&id, &question[..], "00"), ("zz", &question, &right), (&id, "é", "é")]
        {
            assert!(!back.answers(4117, id, asked, answer, 1_010));
        }
        for _ in 0..2 * ASKED_MAX {
            back.ask(1_000).unwrap();
        }
        assert_eq!(back.asked.len(), ASKED_MAX);
    }
}
