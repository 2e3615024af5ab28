//! What can be wrong with a model or its simulation, and how to mend it.

use secateur_core::{Kind, RunError};

/// What is wrong with a model or its simulation. Components are named by their paths.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum DevsError {
    /// The model base has no such model.
    #[error("{component}: there is no model `{model}`")]
    UnknownModel {
        /// The component.
        component: String,
        /// What was asked for.
        model: String,
        /// The nearest name there is.
        nearest: Option<String>,
    },
    /// A component has no such port.
    #[error("{component} has no {direction} port `{port}`")]
    UnknownPort {
        /// The component.
        component: String,
        /// `input` or `output`.
        direction: &'static str,
        /// What was asked for.
        port: String,
        /// The nearest name there is.
        nearest: Option<String>,
    },
    /// A model has no such parameter.
    #[error("{component}: the model `{model}` has no parameter `{parameter}`")]
    UnknownParameter {
        /// The component.
        component: String,
        /// The model.
        model: &'static str,
        /// What was asked for.
        parameter: String,
        /// The nearest name there is.
        nearest: Option<String>,
    },
    /// A parameter without a default was not given.
    #[error("{component}: the model `{model}` needs the parameter `{parameter}`")]
    MissingParameter {
        /// The component.
        component: String,
        /// The model.
        model: &'static str,
        /// The parameter.
        parameter: &'static str,
    },
    /// A parameter has a value that it cannot have.
    #[error("{component}: parameter `{parameter}` cannot be `{value}`: {expected}")]
    BadParameter {
        /// The component.
        component: String,
        /// The parameter.
        parameter: String,
        /// Its value.
        value: String,
        /// What it can be.
        expected: String,
    },
    /// A coupled model has no such component.
    #[error("{coupled} has no component `{component}`")]
    UnknownComponent {
        /// The coupled model.
        coupled: String,
        /// What was asked for.
        component: String,
        /// The nearest name there is.
        nearest: Option<String>,
    },
    /// Two components of a coupled model, or two ports of a component, share a name.
    #[error("{component} has two parts of the name `{name}`")]
    Twice {
        /// The coupled model or component.
        component: String,
        /// The name.
        name: String,
    },
    /// Components were added to an atomic model.
    #[error("{component} is an atomic model; it has no components and no couplings")]
    NotCoupled {
        /// The atomic model.
        component: String,
    },
    /// A component is coupled to itself.
    #[error("{component} is coupled to itself, from `{from}` to `{to}`")]
    SelfLoop {
        /// The component.
        component: String,
        /// The output port.
        from: String,
        /// The input port.
        to: String,
    },
    /// A coupling joins an input of a coupled model to an output of the same.
    #[error("a coupling goes straight through {component}, from `{from}` to `{to}`")]
    Through {
        /// The coupled model.
        component: String,
        /// The input port.
        from: String,
        /// The output port.
        to: String,
    },
    /// More components, ports, couplings or messages than there are numbers for them.
    #[error("{component}: more {what} than can be numbered")]
    TooMany {
        /// The component.
        component: String,
        /// What there is too much of.
        what: &'static str,
    },
    /// A time advance that is negative or NaN.
    #[error("{component}: the time advance at time {time} is {advance}")]
    BadAdvance {
        /// The atomic model.
        component: String,
        /// The time.
        time: f64,
        /// What it gave.
        advance: f64,
    },
    /// An atomic model sent from a port that it does not have.
    #[error("{component} sent from its output port number {port}; it has {ports}")]
    NoSuchOutput {
        /// The atomic model.
        component: String,
        /// The port.
        port: u32,
        /// How many it has.
        ports: u32,
    },
    /// Time stands still.
    #[error(
        "time stands still at {time}: {steps} steps without advance; these go on and on: {}",
        shown(components)
    )]
    ZeroTimeLoop {
        /// The time.
        time: f64,
        /// Steps taken at that time.
        steps: u64,
        /// The components that keep firing.
        components: Vec<String>,
    },
    /// A trace could not be written.
    #[error("the trace could not be written: {message}")]
    Trace {
        /// What the system says.
        message: String,
    },
    /// The options of an experiment make no sense.
    #[error("{what} cannot be {value}")]
    BadOption {
        /// The option.
        what: &'static str,
        /// Its value.
        value: String,
    },
}

/// Names with commas between, the first ten.
fn shown(names: &[String]) -> String {
    const MOST: usize = 10;
    let text = names.iter().take(MOST).map(String::as_str).collect::<Vec<_>>().join(", ");
    match names.len().checked_sub(MOST) {
        Some(more @ 1..) => format!("{text} and {more} more"),
        _ => text,
    }
}

impl DevsError {
    /// Stable code.
    pub fn code(&self) -> &'static str {
        match self {
            Self::UnknownModel { .. } => "SEC-DV-001",
            Self::UnknownPort { .. } => "SEC-DV-002",
            Self::UnknownParameter { .. } => "SEC-DV-003",
            Self::MissingParameter { .. } => "SEC-DV-004",
            Self::BadParameter { .. } => "SEC-DV-005",
            Self::UnknownComponent { .. } => "SEC-DV-006",
            Self::Twice { .. } => "SEC-DV-007",
            Self::NotCoupled { .. } => "SEC-DV-008",
            Self::SelfLoop { .. } => "SEC-DV-009",
            Self::Through { .. } => "SEC-DV-010",
            Self::TooMany { .. } => "SEC-DV-011",
            Self::BadAdvance { .. } => "SEC-DV-012",
            Self::NoSuchOutput { .. } => "SEC-DV-013",
            Self::ZeroTimeLoop { .. } => "SEC-DV-014",
            Self::Trace { .. } => "SEC-DV-015",
            Self::BadOption { .. } => "SEC-DV-016",
        }
    }

    /// The exit code of the process: 2 usage, 3 input, 5 resources.
    pub fn exit(&self) -> u8 {
        match self {
            Self::BadOption { .. } => 2,
            Self::TooMany { .. } | Self::Trace { .. } => 5,
            Self::UnknownModel { .. }
            | Self::UnknownPort { .. }
            | Self::UnknownParameter { .. }
            | Self::MissingParameter { .. }
            | Self::BadParameter { .. }
            | Self::UnknownComponent { .. }
            | Self::Twice { .. }
            | Self::NotCoupled { .. }
            | Self::SelfLoop { .. }
            | Self::Through { .. }
            | Self::BadAdvance { .. }
            | Self::NoSuchOutput { .. }
            | Self::ZeroTimeLoop { .. } => 3,
        }
    }

    /// What to do about it.
    pub fn hint(&self) -> String {
        let near = |nearest: &Option<String>, list: &str| match nearest {
            Some(name) => format!("is `{name}` meant?"),
            None => list.to_owned(),
        };
        match self {
            Self::UnknownModel { nearest, .. } => {
                near(nearest, "take a model of the model base, or register your own")
            }
            Self::UnknownPort { nearest, .. } => {
                near(nearest, "look up the ports of the model in the model base")
            }
            Self::UnknownParameter { nearest, .. } => {
                near(nearest, "look up the parameters of the model in the model base")
            }
            Self::MissingParameter { parameter, .. } => {
                format!("give the entity a variable `{parameter}`")
            }
            Self::BadParameter { .. } => "change the variable of the entity".into(),
            Self::UnknownComponent { nearest, .. } => {
                near(nearest, "name a component of the coupled model, or the model itself")
            }
            Self::Twice { .. } => "rename one of them".into(),
            Self::NotCoupled { .. } => "add components and couplings to coupled models only".into(),
            Self::SelfLoop { .. } => "let the model keep what it would send to itself".into(),
            Self::Through { .. } => "couple the two ends outside of the model".into(),
            Self::TooMany { .. } => {
                "look for a depth that is too large, or a loop that multiplies values".into()
            }
            Self::BadAdvance { .. } => {
                "check the model's times; a duration must not be negative".into()
            }
            Self::NoSuchOutput { .. } => "give the component the port, or mend its model".into(),
            Self::ZeroTimeLoop { .. } => {
                "give one of these a duration, or break the loop of couplings".into()
            }
            Self::Trace { .. } => "free some room, or write elsewhere".into(),
            Self::BadOption { .. } => "give another value".into(),
        }
    }
}

impl From<DevsError> for RunError {
    fn from(error: DevsError) -> Self {
        Self::new(Kind::of_exit(error.exit()), error.code(), error.to_string()).hint(error.hint())
    }
}

/// Every code with its explanation.
pub const CODES: &[(&str, &str)] = &[
    ("SEC-DV-001", "An entity asks for an atomic model that the model base does not have."),
    ("SEC-DV-002", "A coupling names a port that the component does not have."),
    ("SEC-DV-003", "An entity has a variable that its atomic model does not know."),
    ("SEC-DV-004", "An atomic model needs a parameter that its entity does not have."),
    (
        "SEC-DV-005",
        "A parameter of an atomic model has a value out of its range or of another type.",
    ),
    ("SEC-DV-006", "A coupling names a component that the coupled model does not have."),
    (
        "SEC-DV-007",
        "Two components of one coupled model, or two ports of one component, have the same name.",
    ),
    ("SEC-DV-008", "A component or a coupling was added to an atomic model."),
    ("SEC-DV-009", "A coupling joins a component to itself, which DEVS forbids."),
    (
        "SEC-DV-010",
        "A coupling joins an input of a coupled model to its output, which DEVS forbids.",
    ),
    (
        "SEC-DV-011",
        "The simulator numbers components, ports and couplings with 32 bits, and the values of a step with 25; there were more.",
    ),
    ("SEC-DV-012", "The time advance of an atomic model was negative or not a number."),
    ("SEC-DV-013", "An atomic model sent from a port that its component does not name."),
    ("SEC-DV-014", "Components made each other fire without end while time stood still."),
    ("SEC-DV-015", "The file of a trace could not be written."),
    ("SEC-DV-016", "An option of an experiment has a value that makes no sense."),
];
