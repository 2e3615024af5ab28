//! Which indices of which axes stand or fall together.
//!
//! Every value of a graph, and every use of a constant, has axes; an index of an axis is an
//! element. Operators say which elements are the same channel (`link`), and which axes cannot
//! be shortened (`freeze`). What is linked, however indirectly, is one [`Class`]: it is kept or
//! cut as a whole, and nothing else needs to know which operators it runs through.
//!
//! A constant has elements of its own for each use, so that two layers that share one are not
//! tied; after a cut the constant is copied where its uses disagree.

use std::collections::HashMap;

use secateur_tensor::Tensor;

use crate::fact::Fact;
use crate::graph::{Graph, Node, NodeId, Origin, ValueId};

/// An input or output of a node.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Slot {
    /// Input of a number.
    In(usize),
    /// Output of a number.
    Out(usize),
}

/// Which part of a split axis is cut, where `[heads * width]` becomes `[heads, width]`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Granularity {
    /// The outermost: whole heads, whole groups.
    #[default]
    Outer,
    /// The innermost: the same dimensions of every head.
    Inner,
}

/// Something with axes: a value that is computed, or one use of a constant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// The value.
    pub value: ValueId,
    /// Of a constant: the node that uses it, and the number of the input.
    pub user: Option<(NodeId, usize)>,
    /// Dimensions.
    pub shape: Vec<usize>,
    /// Number of the first element of each axis.
    base: Vec<u32>,
}

/// One element.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Member {
    /// Number of the place.
    pub place: u32,
    /// Axis of the place.
    pub axis: u32,
    /// Index on the axis.
    pub index: u32,
}

/// Elements that are kept or cut together.
#[derive(Clone, Debug)]
pub struct Class {
    /// Its elements, by place, axis and index.
    pub members: Vec<Member>,
}

/// Classes that run through the same axes, e.g. the channels of one layer.
#[derive(Clone, Debug)]
pub struct Group {
    /// Numbers of its classes, in the order of the first index.
    pub classes: Vec<usize>,
    /// Numbers of the places, with the axis, that the classes run through.
    pub axes: Vec<(u32, u32)>,
}

/// Why an axis cannot be shortened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Frozen {
    /// The node that says so; `None` for an input or output of the graph.
    pub node: Option<NodeId>,
    /// Why, in words.
    pub why: &'static str,
}

/// What can be cut of a graph, and what cannot.
#[derive(Clone, Debug)]
pub struct Coupling {
    places: Vec<Place>,
    /// Classes that can be cut.
    pub classes: Vec<Class>,
    /// The same classes by the axes they run through.
    pub groups: Vec<Group>,
    by_slot: HashMap<(NodeId, Slot), u32>,
    /// For each element: 1 + its class, or 0.
    class_of: Vec<u32>,
    /// For each element that has no class: 1 + number of the reason.
    frozen: Vec<u32>,
    reasons: Vec<Frozen>,
}

/// What an operator says about its axes.
#[derive(Debug)]
pub struct Ties<'a> {
    builder: &'a mut Builder,
    node: NodeId,
    facts: &'a [Option<Fact>],
    values: &'a Node,
}

/// A tie that is decided when all others are known.
#[derive(Debug)]
struct Regroup {
    node: NodeId,
    left: Vec<(u32, u32)>,
    right: Vec<(u32, u32)>,
}

#[derive(Debug)]
struct Builder {
    places: Vec<Place>,
    by_slot: HashMap<(NodeId, Slot), u32>,
    parent: Vec<u32>,
    /// For each root: 1 + number of the reason.
    frozen: Vec<u32>,
    reasons: Vec<Frozen>,
    pending: Vec<Regroup>,
}

impl Builder {
    fn add_place(&mut self, value: ValueId, user: Option<(NodeId, usize)>, fact: &Fact) -> u32 {
        let shape = fact.known_shape().unwrap_or_default();
        let mut base = Vec::with_capacity(shape.len());
        for &size in &shape {
            base.push(self.parent.len() as u32);
            let first = self.parent.len() as u32;
            self.parent.extend(first..first + size as u32);
        }
        self.frozen.resize(self.parent.len(), 0);
        self.places.push(Place { value, user, shape, base });
        self.places.len() as u32 - 1
    }

    /// Whether the axes of another value can be looked at: sizes come from files.
    fn has_room(&self, fact: &Fact) -> bool {
        const MOST: usize = 1 << 27;
        let shape = fact.known_shape().unwrap_or_default();
        let sum = shape.iter().try_fold(self.parent.len(), |sum, n| sum.checked_add(*n));
        sum.is_some_and(|sum| sum <= MOST)
    }

    fn element(&self, place: u32, axis: u32, index: usize) -> u32 {
        self.places[place as usize].base[axis as usize] + index as u32
    }

    fn root(&mut self, mut element: u32) -> u32 {
        while self.parent[element as usize] != element {
            let above = self.parent[self.parent[element as usize] as usize];
            self.parent[element as usize] = above;
            element = above;
        }
        element
    }

    fn union(&mut self, a: u32, b: u32) {
        let (a, b) = (self.root(a), self.root(b));
        if a == b {
            return;
        }
        let (low, high) = if a < b { (a, b) } else { (b, a) };
        self.parent[high as usize] = low;
        let (mine, other) = (self.frozen[low as usize], self.frozen[high as usize]);
        self.frozen[low as usize] = if mine == 0 { other } else { mine };
    }

    fn reason(&mut self, node: Option<NodeId>, why: &'static str) -> u32 {
        let frozen = Frozen { node, why };
        if self.reasons.last() != Some(&frozen) {
            self.reasons.push(frozen);
        }
        self.reasons.len() as u32
    }

    fn freeze(&mut self, place: u32, axis: u32, node: Option<NodeId>, why: &'static str) {
        let reason = self.reason(node, why);
        for index in 0..self.places[place as usize].shape[axis as usize] {
            let element = self.element(place, axis, index);
            let root = self.root(element);
            if self.frozen[root as usize] == 0 {
                self.frozen[root as usize] = reason;
            }
        }
    }

    fn is_frozen(&mut self, place: u32, axis: u32) -> bool {
        let size = self.places[place as usize].shape[axis as usize];
        (0..size).all(|index| {
            let element = self.element(place, axis, index);
            let root = self.root(element);
            self.frozen[root as usize] != 0
        })
    }

    /// Decides which axis of each side of a regrouping is the one that can be cut: the outermost
    /// (or innermost) that nothing has frozen. The others are frozen.
    fn decide(&mut self, regroup: &Regroup, granularity: Granularity) {
        const MOST: usize = 1 << 24;
        let sizes = |builder: &Self, side: &[(u32, u32)]| -> Vec<usize> {
            let size = |&(p, a): &(u32, u32)| builder.places[p as usize].shape[a as usize];
            side.iter().map(size).collect()
        };
        let (left, right) = (sizes(self, &regroup.left), sizes(self, &regroup.right));
        let count: usize = left.iter().product();
        let order = |len: usize| -> Vec<usize> {
            match granularity {
                Granularity::Outer => (0..len).collect(),
                Granularity::Inner => (0..len).rev().collect(),
            }
        };
        let mut open = |side: &[(u32, u32)]| -> Option<usize> {
            let open = |at: &usize| !self.is_frozen(side[*at].0, side[*at].1);
            order(side.len()).into_iter().find(open)
        };
        let chosen = match (open(&regroup.left), open(&regroup.right)) {
            (Some(l), Some(r)) if count <= MOST => Some((l, r)),
            _ => None,
        };
        if let Some((l, r)) = chosen {
            let inner = |sizes: &[usize], at: usize| sizes[at + 1..].iter().product::<usize>();
            let (inner_l, inner_r) = (inner(&left, l), inner(&right, r));
            // Only where one of the two numbers changes is there something new to link.
            let step = gcd(inner_l, inner_r).max(1);
            for flat in (0..count).step_by(step) {
                let a = self.element_of(regroup.left[l], flat / inner_l % left[l]);
                let b = self.element_of(regroup.right[r], flat / inner_r % right[r]);
                self.union(a, b);
            }
        }
        let why = "its axes are regrouped here";
        for (side, kept) in
            [(&regroup.left, chosen.map(|c| c.0)), (&regroup.right, chosen.map(|c| c.1))]
        {
            for (at, &(place, axis)) in side.iter().enumerate() {
                if Some(at) != kept {
                    self.freeze(place, axis, Some(regroup.node), why);
                }
            }
        }
    }

    fn element_of(&self, (place, axis): (u32, u32), index: usize) -> u32 {
        self.element(place, axis, index)
    }
}

fn gcd(a: usize, b: usize) -> usize {
    if b == 0 { a } else { gcd(b, a % b) }
}

impl Ties<'_> {
    fn place(&self, slot: Slot) -> Option<u32> {
        self.builder.by_slot.get(&(self.node, slot)).copied()
    }

    /// Whether all shapes are known and the operator can say what comes out.
    fn are_known(&self) -> bool {
        let inputs = self.values.inputs.iter().enumerate();
        let mut inputs = inputs.filter(|(_, input)| input.is_some());
        let placed = inputs.all(|(at, _)| self.has(Slot::In(at)))
            && (self.values.outputs.is_empty() || self.has(Slot::Out(0)));
        let of = |id: &Option<ValueId>| match id {
            Some(id) => self.facts[id.0 as usize].as_ref().map(Some),
            None => Some(None),
        };
        let inputs: Option<Vec<Option<&Fact>>> = self.values.inputs.iter().map(of).collect();
        placed && inputs.is_some_and(|inputs| self.values.op.operator().facts(&inputs).is_ok())
    }

    /// Whether the input or output is there and its shape is known.
    pub fn has(&self, slot: Slot) -> bool {
        self.place(slot).is_some()
    }

    /// Dimensions of an input or output; none where it is absent.
    pub fn shape(&self, slot: Slot) -> Vec<usize> {
        self.place(slot).map_or(Vec::new(), |p| self.builder.places[p as usize].shape.clone())
    }

    /// The value of an input, where it is known before a run.
    pub fn value(&self, input: usize) -> Option<&Tensor> {
        let id = self.values.inputs.get(input).copied().flatten()?;
        self.facts[id.0 as usize].as_ref()?.value.as_deref()
    }

    /// Numbers of the inputs and outputs that are there.
    pub fn slots(&self) -> Vec<Slot> {
        let inputs = (0..self.values.inputs.len()).map(Slot::In);
        let outputs = (0..self.values.outputs.len()).map(Slot::Out);
        inputs.chain(outputs).filter(|slot| self.has(*slot)).collect()
    }

    /// One index of an axis is one index of another.
    pub fn link(&mut self, a: (Slot, usize, usize), b: (Slot, usize, usize)) {
        if let (Some(p), Some(q)) = (self.place(a.0), self.place(b.0)) {
            let a = self.builder.element(p, a.1 as u32, a.2);
            let b = self.builder.element(q, b.1 as u32, b.2);
            self.builder.union(a, b);
        }
    }

    /// Two axes of one size are the same, index by index.
    pub fn same(&mut self, a: (Slot, usize), b: (Slot, usize)) {
        self.same_from((a.0, a.1, 0), (b.0, b.1, 0), usize::MAX);
    }

    /// `count` indices of an axis, from one on, are those of another, at most to its end.
    pub fn same_from(&mut self, a: (Slot, usize, usize), b: (Slot, usize, usize), count: usize) {
        if let (Some(p), Some(q)) = (self.place(a.0), self.place(b.0)) {
            let left = self.builder.places[p as usize].shape[a.1] - a.2;
            let right = self.builder.places[q as usize].shape[b.1] - b.2;
            for at in 0..count.min(left).min(right) {
                let a = self.builder.element(p, a.1 as u32, a.2 + at);
                let b = self.builder.element(q, b.1 as u32, b.2 + at);
                self.builder.union(a, b);
            }
        }
    }

    /// An axis cannot be shortened.
    pub fn freeze(&mut self, slot: Slot, axis: usize, why: &'static str) {
        if let Some(place) = self.place(slot) {
            self.builder.freeze(place, axis as u32, Some(self.node), why);
        }
    }

    /// No axis of the node can be shortened.
    pub fn freeze_all(&mut self, why: &'static str) {
        for slot in self.slots() {
            for axis in 0..self.shape(slot).len() {
                self.freeze(slot, axis, why);
            }
        }
    }

    /// All axes of two values of one shape are the same.
    pub fn same_shape(&mut self, a: Slot, b: Slot) {
        for axis in 0..self.shape(a).len().min(self.shape(b).len()) {
            self.same((a, axis), (b, axis));
        }
    }

    /// An input is broadcast to an output: axes are matched from the last one on, and an axis of
    /// one index is repeated.
    pub fn broadcast(&mut self, input: Slot, output: Slot) {
        let (from, to) = (self.shape(input), self.shape(output));
        let lead = to.len().saturating_sub(from.len());
        for (axis, &size) in from.iter().enumerate() {
            if size == to[lead + axis] {
                self.same((input, axis), (output, lead + axis));
            }
        }
    }

    /// Axes of one side, row-major, are those of the other under other sizes. Which axis of each
    /// side can be cut is decided when all other ties are known.
    pub fn regroup(&mut self, left: &[(Slot, usize)], right: &[(Slot, usize)]) {
        let side = |ties: &Self, side: &[(Slot, usize)]| -> Option<Vec<(u32, u32)>> {
            side.iter().map(|&(slot, axis)| Some((ties.place(slot)?, axis as u32))).collect()
        };
        if let (Some(left), Some(right)) = (side(self, left), side(self, right)) {
            self.builder.pending.push(Regroup { node: self.node, left, right });
        }
    }
}

impl Coupling {
    /// The classes of a graph whose values have the given facts (`None` where nothing is known
    /// of a value).
    pub fn new(graph: &Graph, facts: &[Option<Fact>], granularity: Granularity) -> Self {
        Self::around(graph, facts, granularity, &[])
    }

    /// The same, with some nodes whose axes stay as they are.
    pub fn around(
        graph: &Graph,
        facts: &[Option<Fact>],
        granularity: Granularity,
        held: &[NodeId],
    ) -> Self {
        let mut builder = Builder {
            places: Vec::new(),
            by_slot: HashMap::new(),
            parent: Vec::new(),
            frozen: Vec::new(),
            reasons: Vec::new(),
            pending: Vec::new(),
        };
        let mut computed: HashMap<ValueId, u32> = HashMap::new();
        for (id, node) in graph.numbered_nodes() {
            let inputs = node.inputs.iter().copied().enumerate();
            let inputs = inputs.filter_map(|(at, value)| Some((Slot::In(at), at, value?)));
            let outputs = node.outputs.iter().copied().enumerate();
            let outputs = outputs.map(|(at, value)| (Slot::Out(at), at, value));
            for (slot, at, value) in inputs.chain(outputs) {
                let Some(fact) = &facts[value.0 as usize] else { continue };
                if !builder.has_room(fact) {
                    continue;
                }
                let place = match graph.value(value).origin {
                    Origin::Weight(_) | Origin::Constant(_) => {
                        builder.add_place(value, Some((id, at)), fact)
                    }
                    Origin::Input | Origin::Node(_) => *computed
                        .entry(value)
                        .or_insert_with(|| builder.add_place(value, None, fact)),
                };
                builder.by_slot.insert((id, slot), place);
            }
        }
        for (ids, why) in [
            (&graph.inputs, "it is an input of the network"),
            (&graph.outputs, "it is an output of the network"),
        ] {
            for place in ids.iter().filter_map(|id| computed.get(id).copied()) {
                for axis in 0..builder.places[place as usize].shape.len() {
                    builder.freeze(place, axis as u32, None, why);
                }
            }
        }
        for (id, node) in graph.numbered_nodes() {
            let mut ties = Ties { builder: &mut builder, node: id, facts, values: node };
            // What a file states of an output says nothing of how it comes from the inputs.
            if held.contains(&id) {
                ties.freeze_all("this node cannot follow a cut");
            } else if ties.are_known() {
                node.op.operator().ties(&mut ties);
            } else {
                ties.freeze_all("not all is known of its inputs");
            }
        }
        for place in 0..builder.places.len() {
            for axis in 0..builder.places[place].shape.len() {
                if builder.places[place].shape[axis] == 1 {
                    builder.freeze(place as u32, axis as u32, None, "it has one index only");
                }
            }
        }
        for regroup in std::mem::take(&mut builder.pending) {
            builder.decide(&regroup, granularity);
        }
        builder.finish()
    }

    /// Everything that has axes.
    pub fn places(&self) -> &[Place] {
        &self.places
    }

    /// The place of an input or output of a node.
    pub fn place(&self, node: NodeId, slot: Slot) -> Option<u32> {
        self.by_slot.get(&(node, slot)).copied()
    }

    /// The class of an element, when it can be cut.
    pub fn class(&self, place: u32, axis: u32, index: usize) -> Option<usize> {
        let element = self.places[place as usize].base[axis as usize] as usize + index;
        (self.class_of[element] as usize).checked_sub(1)
    }

    /// Why an axis cannot be cut; `None` where any part of it can.
    pub fn frozen(&self, place: u32, axis: u32) -> Option<&Frozen> {
        let held = &self.places[place as usize];
        let first = held.base[axis as usize] as usize;
        let elements = first..first + held.shape[axis as usize];
        if elements.clone().any(|element| self.class_of[element] != 0) {
            return None;
        }
        let reason = elements.into_iter().find_map(|e| (self.frozen[e] as usize).checked_sub(1))?;
        Some(&self.reasons[reason])
    }

    /// The indices of each axis that are left when classes are cut (`false` in `keep`); axes that
    /// stay whole are not named.
    pub fn kept(&self, keep: &[bool]) -> HashMap<(u32, u32), Vec<usize>> {
        let mut cut = vec![false; self.class_of.len()];
        let mut touched = vec![false; self.places.len()];
        for (class, _) in self.classes.iter().zip(keep).filter(|(_, keep)| !**keep) {
            for member in &class.members {
                let base = self.places[member.place as usize].base[member.axis as usize];
                cut[(base + member.index) as usize] = true;
                touched[member.place as usize] = true;
            }
        }
        let mut kept = HashMap::new();
        for (at, place) in self.places.iter().enumerate().filter(|(at, _)| touched[*at]) {
            for (axis, (&base, &size)) in place.base.iter().zip(&place.shape).enumerate() {
                let cut = &cut[base as usize..base as usize + size];
                if cut.contains(&true) {
                    let left = (0..size).filter(|at| !cut[*at]).collect();
                    kept.insert((at as u32, axis as u32), left);
                }
            }
        }
        kept
    }

    /// Dimensions of every place when classes are cut (`false` in `keep`).
    pub fn shapes(&self, keep: &[bool]) -> Vec<Vec<usize>> {
        let mut shapes: Vec<Vec<usize>> = self.places.iter().map(|p| p.shape.clone()).collect();
        for (class, _) in self.classes.iter().zip(keep).filter(|(_, keep)| !**keep) {
            for member in &class.members {
                shapes[member.place as usize][member.axis as usize] -= 1;
            }
        }
        shapes
    }
}

impl Builder {
    /// A class is worth cutting when weights get smaller by it and values that are computed, too.
    fn freeze_what_saves_nothing(&mut self, roots: &[u32]) {
        let mut weights = vec![false; roots.len()];
        let mut values = vec![false; roots.len()];
        for place in &self.places {
            let is_weight = place.user.is_some() && place.shape.len() > 1;
            for (&base, &size) in place.base.iter().zip(&place.shape) {
                for element in base..base + size as u32 {
                    let root = roots[element as usize] as usize;
                    weights[root] |= is_weight;
                    values[root] |= place.user.is_none();
                }
            }
        }
        let reason = self.reason(None, "no weight gets smaller by it");
        for root in 0..roots.len() {
            if !(weights[root] && values[root]) && self.frozen[root] == 0 {
                self.frozen[root] = reason;
            }
        }
    }

    fn finish(mut self) -> Coupling {
        let total = self.parent.len();
        let roots: Vec<u32> = (0..total as u32).map(|element| self.root(element)).collect();
        self.freeze_what_saves_nothing(&roots);
        // For each root: 1 + its class, or 0.
        let mut number = vec![0_u32; total];
        let mut classes: Vec<Class> = Vec::new();
        let mut class_of = vec![0; total];
        let mut frozen = vec![0; total];
        for (p, place) in self.places.iter().enumerate() {
            for (axis, (&base, &size)) in place.base.iter().zip(&place.shape).enumerate() {
                for index in 0..size as u32 {
                    let element = (base + index) as usize;
                    let root = roots[element];
                    frozen[element] = self.frozen[root as usize];
                    if frozen[element] != 0 {
                        continue;
                    }
                    let number = &mut number[root as usize];
                    if *number == 0 {
                        classes.push(Class { members: Vec::new() });
                        *number = classes.len() as u32;
                    }
                    class_of[element] = *number;
                    let (place, axis) = (p as u32, axis as u32);
                    classes[*number as usize - 1].members.push(Member { place, axis, index });
                }
            }
        }
        let mut by_axes: HashMap<Vec<(u32, u32)>, usize> = HashMap::new();
        let mut groups: Vec<Group> = Vec::new();
        for (at, class) in classes.iter().enumerate() {
            let mut axes: Vec<(u32, u32)> =
                class.members.iter().map(|m| (m.place, m.axis)).collect();
            axes.dedup();
            let group = *by_axes.entry(axes).or_insert_with_key(|axes| {
                groups.push(Group { classes: Vec::new(), axes: axes.clone() });
                groups.len() - 1
            });
            groups[group].classes.push(at);
        }
        Coupling {
            places: self.places,
            classes,
            groups,
            by_slot: self.by_slot,
            class_of,
            frozen,
            reasons: self.reasons,
        }
    }
}
