//! What this device's person has the directory do: signed here, sent while there is a line, and answered by the relay. Nothing of it
//! waits for a line: offline it is not done.

use gate::Id;
use replica::Trouble;
use sync::{
    Frame,
    act::{Sentence, statement},
    feature,
    frame::NotDone,
    identity,
};

use super::{
    Device,
    state::{Asked, Became},
};

/// Asked and not yet answered at the most, and answered and not yet looked at: one person does one thing at a time.
const ASKED_MAX: usize = 32;

impl Device {
    /// Signs a sentence and asks for it as soon as there is a line; gives the number under which it is asked. [`Device::became`] says
    /// what became of it.
    pub fn ask(&mut self, sentence: &Sentence) -> Result<Id, Trouble> {
        let id = self.chance.draw();
        let relay = self.me.as_ref().ok_or(Trouble::Unknown)?.relay.key;
        let act = sentence.encode();
        let signer = self.replica.signer().ok_or(Trouble::Unknown)?;
        let sig = identity::sign(&signer.key, &statement(&relay, &id, &act));
        if self.asked.len() >= ASKED_MAX {
            self.asked.remove(0);
        }
        self.asked.push(Asked { id, frame: Frame::Act { id, act, sig }, sent: false, became: None });
        self.send_asked();
        self.touch();
        Ok(id)
    }

    /// What became of it, once the relay has answered.
    pub fn became(&self, id: &Id) -> Option<Became> {
        self.asked.iter().find(|asked| asked.id == *id)?.became.clone()
    }

    /// Asks for it no more. `true` where it was sent and not answered, so that nobody knows here whether it was done.
    pub fn drop_asked(&mut self, id: &Id) -> bool {
        let open = self.asked.iter().any(|asked| asked.id == *id && asked.sent && asked.became.is_none());
        self.asked.retain(|asked| asked.id != *id);
        open
    }

    /// Sends what was asked and not sent on this connection, once it stands.
    pub(super) fn send_asked(&mut self) {
        let Some(connection) = self.connection.as_mut().filter(|c| c.session.epoch().is_some()) else { return };
        let knows = connection.session.has(feature::ACTS);
        for asked in self.asked.iter_mut().filter(|asked| !asked.sent && asked.became.is_none()) {
            if knows {
                asked.sent = true;
                connection.out.push_back(asked.frame.clone());
            } else {
                asked.became = Some(Became::Unknown);
            }
        }
    }

    /// The line has ended: what was not answered is asked again on the next, under its number, so that it is done once.
    pub(super) fn unsend_asked(&mut self) {
        self.asked.iter_mut().for_each(|asked| asked.sent = false);
    }

    /// The relay has answered.
    pub(super) fn acted(&mut self, id: &Id, refused: Option<NotDone>) {
        if let Some(asked) = self.asked.iter_mut().find(|asked| asked.id == *id) {
            asked.became = Some(refused.map_or(Became::Done, Became::Refused));
            self.touch();
        }
    }
}
