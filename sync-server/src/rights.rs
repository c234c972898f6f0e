//! Who may have the directory do what: a table of rights, which judges every act and which `pep-relay rights` prints.

use plan::Role;
use sync::act::Does;

/// What people can have the directory do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Act {
    /// A case goes from one person to another.
    HandOver,
    /// A membership of a team ends.
    EndMembership,
    /// Pages of a plan are answered by a colleague.
    Delegate,
    /// The type of a PEP is put right.
    AmendPep,
    /// A PEP that was begun by mistake is withdrawn, or brought back.
    WithdrawPep,
    /// Two entries turn out to be one child.
    JoinChildren,
    /// How somebody can be reached.
    SetContact,
    /// A fact about a child is put right.
    CorrectChild,
    /// What a device is called.
    NameDevice,
}

impl Act {
    /// All of them, in the order of the table.
    pub const ALL: [Act; 9] = [
        Act::HandOver,
        Act::EndMembership,
        Act::Delegate,
        Act::AmendPep,
        Act::WithdrawPep,
        Act::JoinChildren,
        Act::SetContact,
        Act::CorrectChild,
        Act::NameDevice,
    ];

    /// Which one a sentence asks for.
    pub fn of(does: &Does) -> Act {
        match does {
            Does::HandOver { .. } => Act::HandOver,
            Does::EndMembership { .. } => Act::EndMembership,
            Does::Delegate { .. } => Act::Delegate,
            Does::AmendPep { .. } => Act::AmendPep,
            Does::WithdrawPep { .. } => Act::WithdrawPep,
            Does::JoinChildren { .. } => Act::JoinChildren,
            Does::SetContact { .. } => Act::SetContact,
            Does::CorrectChild { .. } => Act::CorrectChild,
            Does::NameDevice { .. } => Act::NameDevice,
        }
    }

    /// Its word on the line and in the table.
    pub fn word(self) -> &'static str {
        match self {
            Act::HandOver => "hand-over",
            Act::EndMembership => "end-membership",
            Act::Delegate => "delegate",
            Act::AmendPep => "amend-pep",
            Act::WithdrawPep => "withdraw-pep",
            Act::JoinChildren => "join-children",
            Act::SetContact => "set-contact",
            Act::CorrectChild => "correct-child",
            Act::NameDevice => "name-device",
        }
    }
}

/// How far a right goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Reach {
    /// Not at all.
    No,
    /// What is the person's own: their case, their membership, their pages, their contact, their device.
    Own,
    /// Children on whose teams they are.
    Team,
    /// Every child.
    All,
}

impl Reach {
    /// Its word in the table.
    pub fn word(self) -> &'static str {
        match self {
            Reach::No => "no",
            Reach::Own => "own",
            Reach::Team => "team",
            Reach::All => "all",
        }
    }
}

/// The table: role × act.
#[derive(Debug, Clone, Copy)]
pub struct Rights {
    reach: fn(Act, Role) -> Reach,
}

impl Default for Rights {
    /// What the field asks for (PEP.md sections 2 and 4; who ends memberships and corrects facts is inferred, and to be checked with the
    /// Virtual School).
    fn default() -> Rights {
        Rights {
            reach: |act, role| match (act, role) {
                (Act::SetContact | Act::NameDevice, _) => Reach::Own,
                (_, role) if role.is_virtual_school() => Reach::All,
                (Act::HandOver, Role::SocialWorker) | (Act::Delegate, Role::DesignatedTeacher) => Reach::Own,
                (Act::EndMembership | Act::CorrectChild | Act::AmendPep | Act::WithdrawPep, Role::SocialWorker) => {
                    Reach::Team
                }
                _ => Reach::No,
            },
        }
    }
}

impl Rights {
    /// How far the right of a role to an act goes.
    pub fn reach(&self, act: Act, role: Role) -> Reach {
        (self.reach)(act, role)
    }

    /// The rows of the table.
    pub fn rows(&self) -> impl Iterator<Item = (Act, Role, Reach)> {
        Act::ALL.into_iter().flat_map(move |act| Role::ALL.iter().map(move |role| (act, *role, self.reach(act, *role))))
    }
}
