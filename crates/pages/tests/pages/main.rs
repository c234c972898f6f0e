//! The pages of a device over a disk in memory: what people see and send, without a browser, a socket or a file.

mod answers;
mod base;
mod child;
mod device;
mod forms;
mod front;
mod here;
mod history;
mod hostile;
mod keeps;
mod line;
mod meeting;
mod outline;
mod scenes;
mod settings;
mod share;
mod snapshots;
mod tables;
mod team;
mod together;
mod twice;
mod unnamed;

/// What most of these tests name.
mod prelude {
    pub use std::collections::{BTreeMap, BTreeSet};

    pub use gate::Id;
    pub use pages::{
        reply::Reply as Sent,
        request::Request,
        tab::{Event, Tab},
    };
    pub use plan::{Answer, DocumentKind, Edit, Kind, Pep, PepType, Role, Term, Value, Writer};
    pub use ring::signature::Ed25519KeyPair;
    pub use uuid::Uuid;

    pub use crate::device::*;
}
