//! How fast one device may bring work, and how many sockets one address may hold: nobody's flood is to cost the others their
//! meeting. Who is too fast waits; nothing is dropped. No clock.

use std::{
    collections::BTreeMap,
    net::IpAddr,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use gate::Id;
use sync::{
    Frame,
    frame::{FrameError, PAGE_BYTES},
};

/// Cost units by which one device gains again in a second; a byte costs one. A meeting of people who type quickly brings some
/// 20 changes a second from each device, a tenth of it.
pub const UNITS_A_SECOND: u64 = 1024 * 1024;
/// Units that one device may spend at once: a day's work on 20 plans, or a first opening of 400, without a pause.
pub const UNITS_AT_ONCE: u64 = 16 * 1024 * 1024;
/// Units of any frame beside its bytes: a turn of the thread that owns the documents.
pub const FRAME_COSTS: u64 = 256;
/// Units of one envelope beside its bytes: a signature is checked and its share of a sync to the disk waited for.
pub const ENVELOPE_COSTS: u64 = 4 * 1024;
/// Units of opening a document: a snapshot may have to be read and sent.
pub const OPEN_COSTS: u64 = 8 * 1024;
/// Units of saying where somebody is: it is passed on to everybody who has the document open.
pub const PRESENCE_COSTS: u64 = 8 * 1024;
/// Envelopes that are judged in one turn of the thread that owns the documents, 3 ms or so: others are served in between.
pub const TURN_ENVELOPES: usize = 32;
/// Devices whose pace is remembered at once: every device that may be connected, twice. Who owes nothing is forgotten first.
pub const DEVICES_MAX: usize = 20_000;
/// Sockets of one address that have not proved whose they are yet, at once: the staff of a council behind one address, coming
/// back together.
pub const SOCKETS_MAX: usize = 512;

/// What a device has spent and not gained again.
#[derive(Debug, Clone, Copy)]
struct Debt {
    units: u64,
    at_ms: u64,
}

/// The pace of every device.
#[derive(Debug, Default)]
pub struct Paces(BTreeMap<Id, Debt>);

impl Paces {
    /// Charges `units` to a device: how long it has to wait before they are spent.
    pub fn charge(&mut self, device: &Id, units: u64, now_ms: u64) -> Duration {
        if self.0.len() >= DEVICES_MAX && !self.0.contains_key(device) {
            self.0.retain(|_, debt| debt.now(now_ms) > 0);
        }
        let debt = self.0.entry(*device).or_insert(Debt { units: 0, at_ms: now_ms });
        *debt = Debt { units: debt.now(now_ms).saturating_add(units), at_ms: now_ms };
        let over = debt.units.saturating_sub(UNITS_AT_ONCE);
        Duration::from_millis(over.saturating_mul(1_000) / UNITS_A_SECOND)
    }
}

impl Debt {
    fn now(&self, now_ms: u64) -> u64 {
        let gained = now_ms.saturating_sub(self.at_ms).saturating_mul(UNITS_A_SECOND) / 1_000;
        self.units.saturating_sub(gained)
    }
}

/// One turn's work that a connection brought: a frame, or a part of a long push.
pub struct Turn {
    /// The frame, or why it is none.
    pub frame: Result<Frame, FrameError>,
    /// Its bytes on the line; a frame in several turns counts them in its first.
    pub bytes: usize,
}

impl Turn {
    /// The turns of one frame's bytes, in order. A push is cut where it would keep others waiting.
    pub fn all(bytes: &[u8]) -> Vec<Turn> {
        let (doc, envelopes) = match Frame::decode(bytes) {
            Ok(Frame::Push { doc, envelopes }) if envelopes.len() > 1 => (doc, envelopes),
            frame => return vec![Turn { frame, bytes: bytes.len() }],
        };
        let mut turns: Vec<Turn> = Vec::new();
        let (mut part, mut weight) = (Vec::new(), 0);
        let mut cut = |part: &mut Vec<_>| {
            let bytes = if turns.is_empty() { bytes.len() } else { 0 };
            turns.push(Turn { frame: Ok(Frame::Push { doc, envelopes: std::mem::take(part) }), bytes });
        };
        for envelope in envelopes {
            let more = envelope.weight();
            if !part.is_empty() && (part.len() >= TURN_ENVELOPES || weight + more > PAGE_BYTES) {
                cut(&mut part);
                weight = 0;
            }
            weight += more;
            part.push(envelope);
        }
        cut(&mut part);
        turns
    }

    /// What it costs, in units.
    pub fn units(&self) -> u64 {
        let own = match &self.frame {
            Ok(Frame::Push { envelopes, .. }) => ENVELOPE_COSTS * envelopes.len() as u64,
            Ok(Frame::Open { .. }) => OPEN_COSTS,
            Ok(Frame::Presence(_)) => PRESENCE_COSTS,
            _ => 0,
        };
        FRAME_COSTS + self.bytes as u64 + own
    }
}

/// How many sockets each address holds.
#[derive(Clone, Default)]
pub struct Sockets(Arc<Mutex<BTreeMap<IpAddr, usize>>>);

/// One socket of an address; dropped with it.
pub struct Socket {
    of: Sockets,
    address: IpAddr,
}

impl Sockets {
    /// A place for one more socket of this address; `None` where it holds as many as one may.
    pub fn take(&self, address: IpAddr) -> Option<Socket> {
        let mut held = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let count = held.entry(address).or_default();
        (*count < SOCKETS_MAX).then(|| {
            *count += 1;
            Socket { of: self.clone(), address }
        })
    }
}

impl Drop for Socket {
    fn drop(&mut self) {
        let mut held = self.of.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = held.get_mut(&self.address) {
            *count -= 1;
            if *count == 0 {
                held.remove(&self.address);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use gate::Envelope;
    use sync::Wire;

    use super::*;

    const ODILE: Id = [1; 16];
    const FLOOD: Id = [2; 16];

    fn envelopes(count: usize, bytes: usize) -> Vec<Wire> {
        let one = |n: usize| {
            let seq = n as u64;
            Wire(Envelope {
                incarnation: None,
                doc: [7; 16],
                actor: [3; 16],
                seq,
                hash: [4; 32],
                device: FLOOD,
                sig: [5; 64],
                chunks: vec![0; bytes],
            })
        };
        (0..count).map(one).collect()
    }

    #[test]
    fn who_brings_too_much_waits_and_nobody_else_does() {
        let mut paces = Paces::default();
        assert_eq!(paces.charge(&FLOOD, UNITS_AT_ONCE, 0), Duration::ZERO);
        assert_eq!(paces.charge(&FLOOD, UNITS_A_SECOND, 0), Duration::from_secs(1));
        assert_eq!(paces.charge(&ODILE, UNITS_AT_ONCE, 0), Duration::ZERO);
        // It gains again, and no more than it may spend at once.
        assert_eq!(paces.charge(&FLOOD, 0, 1_000), Duration::ZERO);
        assert_eq!(paces.charge(&FLOOD, UNITS_AT_ONCE, 1_000_000), Duration::ZERO);
        assert!(paces.charge(&FLOOD, UNITS_A_SECOND, 1_000_000) > Duration::ZERO);
    }

    #[test]
    fn a_clock_that_goes_back_forgives_nothing_and_breaks_nothing() {
        let mut paces = Paces::default();
        paces.charge(&FLOOD, UNITS_AT_ONCE, 50_000);
        assert_eq!(paces.charge(&FLOOD, UNITS_A_SECOND, 10), Duration::from_secs(1));
        assert_eq!(paces.charge(&FLOOD, u64::MAX, u64::MAX).as_millis(), u128::from(u64::MAX / UNITS_A_SECOND));
    }

    #[test]
    fn who_owes_nothing_is_forgotten_first() {
        let mut paces = Paces::default();
        for n in 0..DEVICES_MAX as u32 {
            let mut device = [9; 16];
            device[..4].copy_from_slice(&n.to_be_bytes());
            paces.charge(&device, 1, 0);
        }
        paces.charge(&FLOOD, UNITS_AT_ONCE, 1_000);
        assert_eq!(paces.0.len(), 1);
        paces.charge(&ODILE, 1, 1_000);
        assert!(paces.charge(&FLOOD, UNITS_A_SECOND, 1_000) > Duration::ZERO, "a debt is not forgotten");
    }

    #[test]
    fn a_long_push_is_cut_into_turns_that_hold_all_of_it_in_order() {
        for (count, bytes, turns) in
            [(1, 10, 1), (TURN_ENVELOPES, 10, 1), (TURN_ENVELOPES * 3 + 1, 10, 4), (3, PAGE_BYTES, 3)]
        {
            let frame = Frame::Push { doc: [7; 16], envelopes: envelopes(count, bytes) };
            let line = frame.encode();
            let cut = Turn::all(&line);
            assert_eq!(cut.len(), turns, "{count} of {bytes}");
            assert_eq!(cut.iter().map(|turn| turn.bytes).sum::<usize>(), line.len());
            let whole = cut.into_iter().flat_map(|turn| match turn.frame {
                Ok(Frame::Push { envelopes, .. }) => envelopes,
                _ => Vec::new(),
            });
            assert_eq!(whole.collect::<Vec<_>>(), envelopes(count, bytes));
        }
    }

    #[test]
    fn an_address_holds_so_many_sockets_and_no_more() {
        let (sockets, school, home) = (Sockets::default(), IpAddr::from([192, 0, 2, 1]), IpAddr::from([192, 0, 2, 2]));
        let mut held: Vec<_> = (0..SOCKETS_MAX).map_while(|_| sockets.take(school)).collect();
        assert_eq!(held.len(), SOCKETS_MAX);
        assert!(sockets.take(school).is_none() && sockets.take(home).is_some());
        held.pop();
        assert!(sockets.take(school).is_some());
        drop(held);
        assert!(sockets.0.lock().unwrap().is_empty(), "an address that holds none is not remembered");
    }
}
