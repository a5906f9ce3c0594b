//! The codes of findings, each with how much it weighs and what it is called.
//!
//! Codes are stable: people search for them, and ignore them by name. `docs/lints.md` has a
//! section for each.

/// How much a finding weighs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Severity {
    /// It must not stand.
    Error,
    /// It may be meant.
    Warning,
}

impl Severity {
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Warning => "warning",
        }
    }
}

macro_rules! codes {
    ($($name:ident = $code:literal, $severity:ident, $title:literal;)*) => {
        /// What kind of mistake it is; the code that people look up.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum Code {
            $($name,)*
        }

        impl Code {
            pub const ALL: &[Self] = &[$(Self::$name,)*];

            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$name => $code,)*
                }
            }

            #[must_use]
            pub const fn severity(self) -> Severity {
                match self {
                    $(Self::$name => Severity::$severity,)*
                }
            }

            /// What it is about, as the heading of its section says.
            #[must_use]
            pub const fn title(self) -> &'static str {
                match self {
                    $(Self::$name => $title,)*
                }
            }
        }
    };
}

codes! {
    Unknown = "P001", Error, "Unknown capability, caller or scope";
    NeverMatters = "P002", Warning, "Wider than the capability";
    Unreachable = "P003", Error, "Unreachable";
    Subsumed = "P004", Warning, "Duplicate or subsumed rule";
    Contradiction = "P005", Error, "Empty: nothing can satisfy it";
    Overlap = "P006", Warning, "Two capabilities overlap";
    OverBroad = "P007", Error, "Over-broad path";
    ReadAndWrite = "P008", Warning, "Read and write in one grant";
    Everything = "P009", Warning, "Selects everyone and everything";
    Unbounded = "P010", Warning, "Spend or admin risk without a bound";
    AbsentUnsaid = "P011", Error, "What an absent value means is not said";
    AuthHeader = "P012", Error, "A header that callers cannot set";
    Dated = "P013", Warning, "Expired, or temporary for long";
    Untested = "P014", Warning, "No allow and deny test";
    SecretLike = "P015", Error, "Looks like a secret";
    SharedHost = "P016", Error, "Host of another provider";
    ClaimedTwice = "P017", Error, "A secret name claimed twice";
    Syntax = "P101", Error, "Not plain YAML";
    UnknownKey = "P102", Error, "Unknown key";
    WrongValue = "P103", Error, "Wrong value";
    MissingKey = "P104", Error, "Missing key";
    Malformed = "P105", Error, "Malformed text";
    DuplicateKey = "P106", Error, "Something stands twice";
    Placeholder = "P107", Error, "Placeholder unused or undefined";
    ExampleDenied = "P108", Error, "An example that is denied";
    ExampleAllowed = "P109", Error, "A denied example that is allowed";
    NoExample = "P110", Error, "No denied example";
    HostOfCapability = "P111", Error, "Host of a capability";
    ReservedHeader = "P112", Error, "Reserved header";
    FileName = "P113", Error, "File name";
    Empty = "P114", Error, "Empty list or text";
    ForeignKey = "P115", Error, "A key of another effect";
    Version = "P116", Error, "Unknown version";
    InexactNumber = "P117", Error, "Inexact number";
    Ignore = "P118", Warning, "An ignore that does nothing";
    UnknownName = "P119", Error, "Nothing of that name";
}

impl Code {
    /// The code of that exact spelling.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|code| code.as_str() == text)
    }
}
