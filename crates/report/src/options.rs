//! How to report: what the command line and the environment say about it. Knows nothing of what is reported.

use lang::Lang;

/// `--color`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ColorChoice {
    /// If the stream is a terminal and the environment does not object.
    #[default]
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

impl ColorChoice {
    /// The names that the command line takes.
    pub const NAMES: [&'static str; 3] = ["auto", "always", "never"];

    /// Reads a name of [`ColorChoice::NAMES`].
    pub fn parse(name: &str) -> Option<Self> {
        match name {
            "auto" => Some(Self::Auto),
            "always" => Some(Self::Always),
            "never" => Some(Self::Never),
            _ => None,
        }
    }
}

/// What the environment says about terminals, as it was read at the edge.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Environment {
    /// `NO_COLOR`; any text but the empty one means no colour.
    pub no_color: Option<String>,
    /// `TERM`; `dumb` means neither colour nor moving lines.
    pub term: Option<String>,
}

/// How to report.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ReportOptions {
    /// JSON lines on standard output.
    pub json: bool,
    /// Colour or not.
    pub color: ColorChoice,
    /// How many `-q`: 1 leaves what went wrong, 2 only errors.
    pub quiet: u8,
    /// How many `-v`: 1 adds what was fresh and what is begun, 2 the keys.
    pub verbose: u8,
    /// Whether the command is `plan`: its text is data then, and JSON has estimates.
    pub plan: bool,
    /// What the environment says.
    pub environment: Environment,
    /// The language of who reads; what a program reads is English.
    pub lang: Lang,
}

impl ReportOptions {
    pub(super) fn color_on(&self, terminal: bool) -> bool {
        match self.color {
            ColorChoice::Always => true,
            ColorChoice::Never => false,
            ColorChoice::Auto => {
                let refused = self
                    .environment
                    .no_color
                    .as_deref()
                    .is_some_and(|v| !v.is_empty());
                terminal && !refused && !self.is_dumb()
            }
        }
    }

    pub(super) fn is_dumb(&self) -> bool {
        self.environment.term.as_deref() == Some("dumb")
    }
}
