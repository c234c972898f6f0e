//! A relay's core and participants who have joined it, in one process and without sockets: what the simulation and the stories of
//! both sides begin with.

use std::sync::Arc;

use gate::Id;
use participant::device::{Device as Participant, Me, Relay as Address};
use plan::Role;
use replica::{Key, Mode, Replica, memory::Memory};
use ring::signature::Ed25519KeyPair;
use sync::{
    frame::NewChild,
    identity::{self, Secret},
};
use sync_server::{
    directory::{Invite, Joining},
    relay::Relay,
};
use uuid::Uuid;

/// The child round whom everybody comes together.
pub const IDRIS: Uuid = Uuid::from_bytes(*b"idris fennimoor!");
/// What the relay's own key is made from.
pub const RELAY_KEY: u8 = 200;

/// A small generator (SplitMix64): the same everywhere and for ever for a seed.
pub struct Chance(pub u64);

impl Chance {
    /// The next number.
    pub fn draw(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A number below `bound`; 0 where there is none.
    pub fn below(&mut self, bound: u64) -> u64 {
        self.draw() % bound.max(1)
    }

    /// A place in a list of that length.
    pub fn index(&mut self, len: usize) -> usize {
        self.below(len as u64) as usize
    }

    /// One of a list that is not empty.
    pub fn of<'a, T>(&mut self, list: &'a [T]) -> &'a T {
        &list[self.index(list.len())]
    }
}

/// The key of the device of a seed.
pub fn key(seed: u8) -> Ed25519KeyPair {
    match Ed25519KeyPair::from_seed_unchecked(&[seed; 32]) {
        Ok(key) => key,
        Err(_) => unreachable!("any 32 bytes are a seed"),
    }
}

/// What every folder is sealed with.
pub fn folder_key() -> Arc<Key> {
    match disk::key_from_bytes(&[5; 32]) {
        Ok(key) => Arc::new(key),
        Err(_) => unreachable!("this machine has randomness"),
    }
}

/// An empty disk in memory, whose randomness follows from `chance`.
pub fn memory(chance: u64) -> Memory {
    let mut chance = Chance(chance);
    Memory::new(Box::new(move |bytes| bytes.iter_mut().for_each(|byte| *byte = chance.draw() as u8)))
}

/// An empty replica in memory, for what is not about disks.
pub fn in_memory(mode: Mode, chance: u64) -> Result<Replica, String> {
    let disk = memory(chance).open().map_err(|e| e.to_string())?;
    Replica::open(Box::new(disk), mode).map(|(replica, _)| replica).map_err(|e| e.to_string())
}

/// [`IDRIS`], as a directory takes him in.
pub fn idris() -> NewChild {
    NewChild {
        child: *IDRIS.as_bytes(),
        name: "Idris Fennimoor (FICTIONAL)".into(),
        dob: "2010-11-02".into(),
        looked_after_since: Some("2019-06-18".into()),
        emergency: false,
    }
}

/// The relay that a replica holds; what it draws follows from `chance`. `now` in Unix seconds.
pub fn open_relay(replica: Replica, chance: u64, now: i64) -> Result<Relay, String> {
    let mut chance = Chance(chance);
    let random = Box::new(move |bytes: &mut [u8]| bytes.iter_mut().for_each(|b| *b = chance.draw() as u8));
    Relay::open(replica, plan::Processes::built_in().clone(), key(RELAY_KEY), "Harrowmere Virtual School", random, now)
        .map_err(|e| e.to_string())
}

/// Somebody is invited to the teams of `children` and joins with the device of `seed`, whose replica is `replica`.
pub fn joins(
    relay: &mut Relay,
    secret: &Secret,
    seed: u8,
    (name, role): (&str, Role),
    children: &[Id],
    replica: Replica,
    now: i64,
) -> Result<(Participant, Me), String> {
    let fresh = relay.new_id();
    let invite = Invite {
        name: name.into(),
        role: role.to_string(),
        organisation: None,
        children: children.to_vec(),
        expires: now + 1_000,
    };
    let person = relay.administer(|d| d.invite(&invite, secret, fresh, now)).map_err(|e| e.to_string())?;
    let public = replica::public_key(&key(seed));
    let mut sig = [0; 64];
    sig.copy_from_slice(key(seed).sign(&identity::join_statement(&relay.key(), secret, &public)).as_ref());
    let joining = Joining { secret: *secret, key: public, name: "laptop".into(), sig };
    let (_, device) = relay.join(&joining, now).map_err(|e| e.to_string())?;
    let me = Me {
        person,
        name: name.into(),
        organisation: None,
        role: role.to_string(),
        device,
        relay: Address {
            url: "wss://127.0.0.1:1".into(),
            id: relay.id(),
            key: relay.key(),
            former: Vec::new(),
            addresses: Vec::new(),
            tls: Some(serde_bytes::ByteArray::new([0; 32])),
            name: "Harrowmere".into(),
        },
    };
    let mut participant =
        Participant::open(replica, plan::Processes::built_in().clone(), None, [0; 16]).map_err(|e| e.to_string())?;
    participant.join(me.clone(), key(seed), None).map_err(|e| e.to_string())?;
    Ok((participant, me))
}
