//! Addresses that several pages lead to.

/// Where a child begins.
pub const HOME: &str = "/views";
/// Where the device is taken back.
pub const LEAVE: &str = "/views/leave";
/// Where a child chooses who sees the private words.
pub const READERS: &str = "/views/readers";
