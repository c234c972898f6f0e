//! What people have the directory do: `pep hand-over`, `pep delegate`, `pep team`, `pep contacts`, `pep device`, `pep child set`.

use schemars::JsonSchema;
use serde::Serialize;
use uuid::Uuid;

/// It was done, and is on the relay's disk: `pep hand-over`, `pep delegate`, `pep team end`, `pep device name`, `pep child set`.
#[derive(Serialize, JsonSchema)]
pub struct Acted {
    /// What was done, such as `hand-over`.
    pub act: &'static str,
    /// Always true: what was not done is an error.
    pub done: bool,
}

/// Somebody to ring: `pep contacts`.
#[derive(Serialize, JsonSchema)]
pub struct Contact {
    /// The person's id.
    pub person: Uuid,
    /// Their name.
    pub name: String,
    /// School, council or agency.
    pub organisation: Option<String>,
    /// Their role for the child, or their main one.
    pub role: String,
    /// Telephone number, where they have said one.
    pub phone: Option<String>,
    /// E-mail address, where they have said one.
    pub email: Option<String>,
}

/// A device of one's own: `pep device list`.
#[derive(Serialize, JsonSchema)]
pub struct OwnDevice {
    /// Its id.
    pub device: Uuid,
    /// What it is called.
    pub label: String,
    /// It is this one.
    pub this: bool,
    /// It was revoked.
    pub revoked: bool,
}
