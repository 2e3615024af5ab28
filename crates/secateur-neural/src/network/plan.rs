//! Which channels go.

use secateur_core::{Budget, Limits, Mask, Scores, select};
use secateur_graph::Slot;

use super::error::NetworkError;
use super::model::Model;
use super::score::on_axis;
use crate::options::Choice;

/// What is asked of a cut.
#[derive(Clone, Debug)]
pub struct Wish {
    /// Share of channels to cut.
    pub sparsity: Option<f64>,
    /// Share of a cost to keep.
    pub target: Option<Target>,
    /// Whether channels compete over the whole network and not inside their layer.
    pub global: bool,
    /// Fewest channels kept in a group.
    pub min_keep: usize,
    /// Kept widths are raised to a multiple of this.
    pub align: usize,
    /// Which layers.
    pub choice: Choice,
}

/// A share of a cost to keep.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Target {
    /// Name of the cost.
    pub cost: &'static str,
    /// Share kept, between 0 and 1.
    pub kept: f64,
}

/// A group of channels and what is left of it.
#[derive(Clone, Debug)]
pub struct Part {
    /// Number of the group in the coupling.
    pub group: usize,
    /// Name: that of the first layer that makes the channels.
    pub name: String,
    /// Layers that make the channels, by number.
    pub made_by: Vec<usize>,
    /// Channels, or whole heads.
    pub channels: usize,
    /// Features of a layer that one of them is.
    pub width: usize,
    /// Channels kept.
    pub kept: usize,
    /// Share of the scores that is kept.
    pub score_kept: f64,
    /// Why it was left alone.
    pub skipped: Option<String>,
}

/// A cut.
#[derive(Clone, Debug)]
pub struct Plan {
    /// Whether each class is kept.
    pub keep: Vec<bool>,
    /// What is left of each group.
    pub parts: Vec<Part>,
}

/// The groups of a model with the layers that make their channels, and why they are left alone.
///
/// # Errors
/// [`NetworkError::NoMatch`] for a pattern that matches no layer.
pub fn parts(model: &Model, choice: &Choice) -> Result<Vec<Part>, NetworkError> {
    let chosen = model.chosen(choice)?;
    let mut makers: Vec<Vec<usize>> = vec![Vec::new(); model.coupling.classes.len()];
    let mut readers = makers.clone();
    let mut widths = vec![1; makers.len()];
    for (at, layer) in model.layers.iter().enumerate() {
        for (class, indices) in on_axis(model, layer, layer.out_axis) {
            if makers[class].is_empty() {
                widths[class] = indices.len();
            }
            makers[class].push(at);
        }
        if layer.groups == 1 {
            for (class, _) in on_axis(model, layer, layer.in_axis) {
                readers[class].push(at);
            }
        }
    }
    let part = |(at, group): (usize, &secateur_graph::ties::Group)| {
        let made_by = makers[group.classes[0]].clone();
        // What no layer makes belongs to those that read it.
        let owners = if made_by.is_empty() { &readers[group.classes[0]] } else { &made_by };
        let skipped = match owners.iter().find(|layer| !chosen[**layer]) {
            Some(layer) => {
                let name = &model.layers[*layer].name;
                choice.skipped(name).map(|why| format!("{why} ({name})"))
            }
            None if owners.is_empty() => Some("no layer makes or reads these channels".to_owned()),
            None => None,
        };
        let name = if let Some(layer) = made_by.first() {
            model.layers[*layer].name.clone()
        } else {
            let (place, _) = group.axes[0];
            model.graph().value(model.coupling.places()[place as usize].value).name.clone()
        };
        let channels = group.classes.len();
        let width = widths[group.classes[0]];
        Part { group: at, name, made_by, channels, width, kept: channels, score_kept: 1.0, skipped }
    };
    Ok(model.coupling.groups.iter().enumerate().map(part).collect())
}

/// Chooses the channels to keep.
///
/// # Errors
/// [`NetworkError::NothingToCut`], [`NetworkError::NoChange`], [`NetworkError::Unreachable`].
pub fn plan(
    model: &Model,
    scores: &[f32],
    wish: &Wish,
    cost: &mut dyn FnMut(&[bool]) -> f64,
) -> Result<Plan, NetworkError> {
    let mut parts = parts(model, &wish.choice)?;
    let open: Vec<usize> = (0..parts.len()).filter(|at| parts[*at].skipped.is_none()).collect();
    if open.is_empty() {
        let why = why_nothing(model, &parts);
        return Err(NetworkError::NothingToCut { path: model.path.clone(), why });
    }
    let groups: Vec<&[usize]> =
        open.iter().map(|at| model.coupling.groups[parts[*at].group].classes.as_slice()).collect();
    let units: Vec<usize> = groups.iter().flat_map(|classes| classes.iter().copied()).collect();
    let ends: Vec<usize> = groups
        .iter()
        .scan(0, |end, classes| {
            *end += classes.len();
            Some(*end)
        })
        .collect();
    let multiples = open.iter().map(|at| multiple(wish.align, parts[*at].width)).collect();
    let order = Order { units, ends, multiples, count: model.coupling.classes.len() };
    let keep = match (wish.target, wish.sparsity) {
        (Some(target), _) => order.reach(scores, wish, target, cost)?,
        (None, Some(sparsity)) => order.share(scores, wish, sparsity)?,
        (None, None) => vec![true; order.count],
    };
    if keep.iter().all(|keep| *keep) {
        let what = match (wish.target, wish.sparsity) {
            (Some(target), _) => format!("--target {}={}", target.cost, target.kept),
            (None, share) => format!("--sparsity {}", share.unwrap_or(0.0)),
        };
        let largest = groups.iter().map(|classes| classes.len()).max().unwrap_or(0);
        let why = format!(
            "the largest layer has {largest} channels, at least {} stay, in multiples of {}",
            wish.min_keep.max(1),
            wish.align.max(1)
        );
        return Err(NetworkError::NoChange { what, why });
    }
    for at in open {
        let part = &mut parts[at];
        let classes = &model.coupling.groups[part.group].classes;
        part.kept = classes.iter().filter(|class| keep[**class]).count();
        let sum = |all: bool| -> f64 {
            let counted = classes.iter().filter(|class| all || keep[**class]);
            counted.map(|class| f64::from(scores[*class])).filter(|s| s.is_finite()).sum()
        };
        part.score_kept = if sum(true) > 0.0 { sum(false) / sum(true) } else { 1.0 };
    }
    Ok(Plan { keep, parts })
}

/// The classes that can be cut, group by group.
struct Order {
    units: Vec<usize>,
    ends: Vec<usize>,
    /// What the kept classes of each group are a multiple of.
    multiples: Vec<usize>,
    /// Number of all classes.
    count: usize,
}

impl Order {
    fn flags(&self, mask: &Mask) -> Vec<bool> {
        let mut keep = vec![true; self.count];
        for (at, unit) in self.units.iter().enumerate() {
            keep[*unit] = mask.keeps(at);
        }
        keep
    }

    fn values(&self, scores: &[f32]) -> Vec<f32> {
        self.units.iter().map(|unit| scores[*unit]).collect()
    }

    fn ranges(&self) -> impl Iterator<Item = std::ops::Range<usize>> {
        let starts = std::iter::once(0).chain(self.ends.iter().copied());
        starts.zip(self.ends.iter().copied()).map(|(start, end)| start..end)
    }

    /// Cuts a share of every group, or of all classes together.
    fn share(&self, scores: &[f32], wish: &Wish, sparsity: f64) -> Result<Vec<bool>, NetworkError> {
        if wish.global {
            let ranked = self.values(scores);
            let cut = (sparsity * self.units.len() as f64).floor() as usize;
            return self.cut(&ranked, wish, cut);
        }
        let ranked = &self.values(scores);
        let scores = Scores::groups_ending_at(ranked.clone(), self.ends.clone());
        let fail = |error: secateur_core::PruneError| NetworkError::Prune {
            name: "channels".to_owned(),
            error,
        };
        let scores = scores.map_err(|error| fail(error.into()))?;
        let limits = Limits { pinned: None, min_keep: wish.min_keep.max(1), multiple_of: 0 };
        let mask = select(&scores, Budget::Sparsity(sparsity), &limits);
        let mut mask = mask.map_err(|error| fail(error.into()))?;
        self.raise(ranked, &mut mask);
        Ok(self.flags(&mask))
    }

    /// Cuts the `cut` lowest of all classes, but leaves every group its best ones.
    fn cut(&self, ranked: &[f32], wish: &Wish, cut: usize) -> Result<Vec<bool>, NetworkError> {
        let fail = |error: secateur_core::PruneError| NetworkError::Prune {
            name: "channels".to_owned(),
            error,
        };
        let by_group = Scores::groups_ending_at(ranked.to_vec(), self.ends.clone());
        let by_group = by_group.map_err(|error| fail(error.into()))?;
        let best = select(&by_group, Budget::Keep(wish.min_keep.max(1)), &Limits::NONE);
        let pinned = best.map_err(|error| fail(error.into()))?;
        let all = Scores::one_group(ranked.to_vec()).map_err(|error| fail(error.into()))?;
        let limits = Limits { pinned: Some(pinned), min_keep: 0, multiple_of: 0 };
        let keep = Budget::Keep(ranked.len() - cut.min(ranked.len()));
        let mut mask = select(&all, keep, &limits).map_err(|error| fail(error.into()))?;
        self.raise(ranked, &mut mask);
        Ok(self.flags(&mask))
    }

    /// Raises what is left of each group to its multiple, best first.
    fn raise(&self, ranked: &[f32], mask: &mut Mask) {
        for (range, multiple) in self.ranges().zip(&self.multiples) {
            let kept = range.clone().filter(|at| mask.keeps(*at)).count();
            let wanted = kept.next_multiple_of(*multiple).min(range.len());
            let mut gone: Vec<usize> = range.filter(|at| !mask.keeps(*at)).collect();
            sort_best_first(ranked, &mut gone);
            gone.into_iter().take(wanted - kept).for_each(|at| mask.put(at, true));
        }
    }

    /// Cuts as few classes as bring a cost down to its target.
    fn reach(
        &self,
        scores: &[f32],
        wish: &Wish,
        target: Target,
        cost: &mut dyn FnMut(&[bool]) -> f64,
    ) -> Result<Vec<bool>, NetworkError> {
        let ranked = if wish.global { self.values(scores) } else { self.ranks(scores) };
        let whole = cost(&vec![true; self.count]);
        let goal = whole * target.kept;
        let least = self.cut(&ranked, wish, self.units.len())?;
        let least_cost = cost(&least);
        if least_cost > goal {
            let least = least_cost / whole;
            let (cost, wanted) = (target.cost, target.kept);
            return Err(NetworkError::Unreachable { cost, wanted, least });
        }
        let (mut few, mut many) = (0, self.units.len());
        while many - few > 1 {
            let middle = few + (many - few) / 2;
            if cost(&self.cut(&ranked, wish, middle)?) <= goal {
                many = middle;
            } else {
                few = middle;
            }
        }
        let mut keep = self.cut(&ranked, wish, many)?;
        self.give_back(&ranked, goal, cost, &mut keep);
        Ok(keep)
    }

    /// Keeps some of the best cut classes after all, as far as the goal allows: the last class
    /// that was cut may have been a large step.
    fn give_back(
        &self,
        ranked: &[f32],
        goal: f64,
        cost: &mut dyn FnMut(&[bool]) -> f64,
        keep: &mut [bool],
    ) {
        const TRIES: usize = 32;
        let groups: Vec<std::ops::Range<usize>> = self.ranges().collect();
        let is_gone = |keep: &[bool], at: &usize| !keep[self.units[*at]];
        let mut gone: Vec<usize> = (0..self.units.len()).filter(|at| is_gone(keep, at)).collect();
        sort_best_first(ranked, &mut gone);
        let mut tries = 0;
        for at in gone {
            if tries == TRIES {
                break;
            }
            if !is_gone(keep, &at) {
                continue;
            }
            // As many of its group as make up a multiple.
            let group = self.ends.partition_point(|end| *end <= at);
            let mut more: Vec<usize> =
                groups[group].clone().filter(|at| is_gone(keep, at)).collect();
            sort_best_first(ranked, &mut more);
            more.truncate(self.multiples[group]);
            for at in &more {
                keep[self.units[*at]] = true;
            }
            if cost(keep) > goal {
                for at in &more {
                    keep[self.units[*at]] = false;
                }
            }
            tries += 1;
        }
    }

    /// For each class its place inside its group as a share of the group, so that all groups
    /// lose alike; places of equal share differ a little, group by group.
    fn ranks(&self, scores: &[f32]) -> Vec<f32> {
        let groups = self.ends.len() as f64;
        let mut ranks = vec![0.0; self.units.len()];
        for (number, range) in self.ranges().enumerate() {
            let mut order: Vec<usize> = range.clone().collect();
            let value = |at: usize| scores[self.units[at]];
            order.sort_by(|a, b| value(*a).total_cmp(&value(*b)).then(a.cmp(b)));
            for (place, at) in order.into_iter().enumerate() {
                let share = (place as f64 + (number as f64 + 0.5) / groups) / range.len() as f64;
                ranks[at] = share as f32;
            }
        }
        ranks
    }
}

/// How many channels of some features each are a multiple of `align` features.
fn multiple(align: usize, width: usize) -> usize {
    let (align, width) = (align.max(1), width.max(1));
    (1..=align).find(|n| (n * width).is_multiple_of(align)).unwrap_or(align)
}

fn sort_best_first(ranked: &[f32], classes: &mut [usize]) {
    classes.sort_by(|a, b| ranked[*b].total_cmp(&ranked[*a]).then(a.cmp(b)));
}

/// Why no group can be cut.
fn why_nothing(model: &Model, parts: &[Part]) -> String {
    if let Some(part) = parts.iter().find(|part| part.skipped.is_some()) {
        let why = part.skipped.clone().unwrap_or_default();
        return format!(
            "{} of {} groups are left alone, the first, {}, for {why}",
            parts.len(),
            parts.len(),
            part.name
        );
    }
    let frozen = model.layers.iter().find_map(|layer| {
        let place = model.coupling.place(layer.node, Slot::Out(0))?;
        let axis = if layer.op.starts_with("Conv") {
            1
        } else {
            model.coupling.places()[place as usize].shape.len() as u32 - 1
        };
        Some((layer, describe_frozen(model, place, axis)?))
    });
    match frozen {
        Some((layer, why)) => format!("the channels of {} are tied: {why}", layer.name),
        None => "no layer with weights makes any".to_owned(),
    }
}

/// Why an axis is frozen, in words, with the node that says so.
pub fn describe_frozen(model: &Model, place: u32, axis: u32) -> Option<String> {
    let frozen = model.coupling.frozen(place, axis)?;
    Some(match frozen.node {
        Some(node) => {
            let node = model.graph().node(node);
            let op = match &node.op {
                secateur_graph::Op::Opaque(opaque) => opaque.name.as_str(),
                op => op.operator().name(),
            };
            format!("{} at {} ({op})", frozen.why, node.name)
        }
        None => frozen.why.to_owned(),
    })
}
