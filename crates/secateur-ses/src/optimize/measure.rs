//! What members are measured by.

use std::fmt;
use std::str::FromStr;

use crate::devs::{Component, Summary};
use crate::pes::Pes;

/// What is measured of a member.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Quantity {
    /// Finished jobs in a unit of time.
    Throughput,
    /// Time from birth to finish.
    LeadTime,
    /// Jobs in all components.
    WorkInProgress,
    /// Share of their resources that worked, on average over the components of a name.
    Utilization(String),
    /// Time that jobs stayed, on average over the components of a name: in a queue, the waiting
    /// time.
    Waiting(String),
    /// Entities of the structure.
    Entities,
    /// A variable, summed over the entities that have it, e.g. what they cost.
    Sum(String),
}

/// The measures as they are written.
pub const MEASURES: [&str; 7] = [
    "throughput",
    "lead-time",
    "work-in-progress",
    "entities",
    "utilization=NAME",
    "waiting=NAME",
    "sum=VARIABLE",
];

impl fmt::Display for Quantity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Throughput => f.write_str("throughput"),
            Self::LeadTime => f.write_str("lead-time"),
            Self::WorkInProgress => f.write_str("work-in-progress"),
            Self::Entities => f.write_str("entities"),
            Self::Utilization(name) => write!(f, "utilization={name}"),
            Self::Waiting(name) => write!(f, "waiting={name}"),
            Self::Sum(name) => write!(f, "sum={name}"),
        }
    }
}

/// No measure of that name.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("there is no measure `{word}`; the measures are {}", MEASURES.join(", "))]
pub struct UnknownMeasure {
    /// What was asked for.
    pub word: String,
}

impl FromStr for Quantity {
    type Err = UnknownMeasure;

    fn from_str(word: &str) -> Result<Self, UnknownMeasure> {
        let named = word.split_once('=').map(|(kind, name)| (kind.trim(), name.trim()));
        match (word.trim(), named) {
            ("throughput", _) => Ok(Self::Throughput),
            ("lead-time", _) => Ok(Self::LeadTime),
            ("work-in-progress", _) => Ok(Self::WorkInProgress),
            ("entities", _) => Ok(Self::Entities),
            (_, Some(("utilization", name))) if !name.is_empty() => {
                Ok(Self::Utilization(name.to_owned()))
            }
            (_, Some(("waiting", name))) if !name.is_empty() => Ok(Self::Waiting(name.to_owned())),
            (_, Some(("sum", name))) if !name.is_empty() => Ok(Self::Sum(name.to_owned())),
            (word, _) => Err(UnknownMeasure { word: word.to_owned() }),
        }
    }
}

/// What a structure says of itself, without a simulation.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Still(Option<f64>);

impl Quantity {
    /// The part of the measure that is the same in every replication.
    ///
    /// # Errors
    /// What is missing, in words.
    pub(super) fn still(&self, pes: &Pes) -> Result<Still, String> {
        Ok(Still(match self {
            Self::Entities => Some(pes.entities() as f64),
            Self::Sum(name) => Some(sum(pes, name)?),
            Self::Throughput
            | Self::LeadTime
            | Self::WorkInProgress
            | Self::Utilization(_)
            | Self::Waiting(_) => None,
        }))
    }

    /// The measure of one replication.
    ///
    /// # Errors
    /// What is missing, in words.
    pub(super) fn of(&self, still: Still, summary: &Summary) -> Result<f64, String> {
        if let Still(Some(value)) = still {
            return Ok(value);
        }
        let nothing = || format!("nothing was finished, so there is no {self}");
        match self {
            Self::Throughput => Ok(summary.throughput),
            Self::LeadTime => summary.lead_time_mean.ok_or_else(nothing),
            Self::WorkInProgress => Ok(summary.work_in_progress_mean),
            Self::Utilization(name) => mean(summary, name, |component| Some(component.utilization)),
            Self::Waiting(name) => mean(summary, name, |component| component.stay_mean),
            Self::Entities | Self::Sum(_) => Err(nothing()),
        }
    }
}

/// A variable, summed; texts that are numbers count.
fn sum(pes: &Pes, name: &str) -> Result<f64, String> {
    let (mut sum, mut found) = (0.0, false);
    for node in 0..pes.nodes.len() as u32 {
        if pes.nodes[node as usize].is_aspect {
            continue;
        }
        let Some(text) = pes.attribute(node, name) else { continue };
        let bare = text.trim().trim_matches(['"', '\'']);
        if bare == "None" {
            continue;
        }
        let value = bare.parse().ok().filter(|value: &f64| value.is_finite());
        sum += value.ok_or_else(|| format!("{}: {name} is {text}, no number", pes.path(node)))?;
        found = true;
    }
    if found { Ok(sum) } else { Err(format!("no entity has a variable {name}")) }
}

/// The mean over the components of a name that have the value.
fn mean(
    summary: &Summary,
    name: &str,
    value: impl Fn(&Component) -> Option<f64>,
) -> Result<f64, String> {
    let is_named = |component: &&Component| fits(name, &component.path);
    let mut named = summary.components.iter().filter(is_named).peekable();
    if named.peek().is_none() {
        return Err(format!("there is no component {name}"));
    }
    let values: Vec<f64> = named.filter_map(value).collect();
    if values.is_empty() {
        return Err(format!("nothing passed through {name}"));
    }
    Ok(values.iter().sum::<f64>() / values.len() as f64)
}

/// Whether a name means a component: its path, or the end of it; without the number of a copy or
/// the level behind a dot it means all copies.
fn fits(name: &str, path: &str) -> bool {
    let name = name.trim_matches('/');
    let wanted: Vec<&str> = name.split('/').collect();
    let steps: Vec<&str> = path.trim_matches('/').split('/').collect();
    let Some(first) = steps.len().checked_sub(wanted.len()) else { return false };
    let number = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    let same = |(wanted, step): (&&str, &&str)| {
        let level = step.rsplit_once('.').filter(|(_, level)| number(level));
        let bare = level.map_or(*step, |(bare, _)| bare);
        let copy = bare.rsplit_once('_').filter(|(_, copy)| number(copy));
        [*step, bare, copy.map_or(bare, |(base, _)| base)].contains(wanted)
    };
    wanted.iter().zip(&steps[first..]).all(same)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn measures_read_back_and_unknown_ones_list_the_known() {
        for word in
            ["throughput", "lead-time", "entities", "utilization=mill", "waiting=a/b", "sum=cost"]
        {
            assert_eq!(word.parse::<Quantity>().unwrap().to_string(), word);
        }
        for word in ["speed", "utilization", "sum=", ""] {
            let error = word.parse::<Quantity>().unwrap_err().to_string();
            assert!(error.contains("waiting=NAME"), "{error}");
        }
    }

    #[test]
    fn names_mean_copies_and_levels() {
        let path = "unit_cell_1/station_cell_2/machine.1";
        for name in ["machine", "machine.1", "station_cell/machine", "station_cell_2/machine"] {
            assert!(fits(name, path), "{name}");
        }
        for name in ["mach", "station_cell_1/machine", "machine.2", "cell/machine", "a/b/c/d"] {
            assert!(!fits(name, path), "{name}");
        }
    }
}
