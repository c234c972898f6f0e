//! Work, counted: what tests and measurements look at instead of the clock.

use std::cell::Cell;

use gate::{Authority, Hash, Id};

/// What a replica has done since it was opened, for tests and measurements to count: work, and not time.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Work {
    /// Documents read in from the disk.
    pub opened: u64,
    /// Changes of this peer and of others that the gate let in; those of a snapshot, which come as a whole, are not among them.
    pub admitted: u64,
    /// Signatures that the gate checked.
    pub signatures: u64,
    /// Times that records were made durable, however many at once.
    pub syncs: u64,
}

/// Counts the signatures that are checked: the gate asks for an author for that alone.
pub(crate) struct Counting<'a> {
    authority: &'a dyn Authority,
    signatures: Cell<u64>,
}

impl<'a> Counting<'a> {
    pub(crate) fn of(authority: &'a dyn Authority) -> Counting<'a> {
        Counting { authority, signatures: Cell::new(0) }
    }

    pub(crate) fn signatures(&self) -> u64 {
        self.signatures.get()
    }
}

impl Authority for Counting<'_> {
    fn author(&self, device: &Id) -> Option<gate::Author> {
        let author = self.authority.author(device)?;
        self.signatures.set(self.signatures.get() + 1);
        Some(author)
    }

    fn groups(&self, device: &Id) -> Vec<&str> {
        self.authority.groups(device)
    }

    fn rules(&self) -> &gate::Rules {
        self.authority.rules()
    }

    fn accepted(&self, change: &Hash) -> bool {
        self.authority.accepted(change)
    }

    fn extends(&self, device: &Id, change: &Hash) -> bool {
        self.authority.extends(device, change)
    }
}
